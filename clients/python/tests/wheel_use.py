"""Uses the installed package with what it brings along, and nothing else: botocore. Run by test-wheel.sh."""

import json
import pathlib
import sys

import botocore.session
import lastwriter
from botocore.awsrequest import AWSResponse

assert "site-packages" in lastwriter.__file__, f"the installed package is not used, but {lastwriter.__file__}"
assert (pathlib.Path(lastwriter.__file__).parent / "py.typed").exists(), "the wheel has no py.typed"
assert "boto3" not in sys.modules

sent: list[dict] = []


def answer(request, **_):
    sent.append(json.loads(request.body))
    response = AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, None)
    response._content = b"{}"
    return response


session = lastwriter.instrument(botocore.session.get_session(), clock=lambda: 1795349587051000)
client = session.create_client("dynamodb", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")
client.meta.events.register("before-send.dynamodb", answer)
client.put_item(TableName="orders", Item={"id": {"S": "o-1"}}, ConditionExpression="attribute_not_exists(id)")
assert sent[0]["Item"] == {"id": {"S": "o-1"}, "lw:n:eu-west-1": {"N": "1"}, "lw:t:eu-west-1": {"N": "1795349587051000"}}, sent
print("The wheel installs, and stamps a write.")
