"""Instrumented boto3 clients and resources against a DynamoDB over HTTP.

Each test ends with a look at every item of its table, in every Region: none may be without a stamp. That is this suite's
form of "`UnstampedWrites` is zero for instrumented clients".
"""

from __future__ import annotations

import subprocess
import sys
import uuid

import endpoints as servers
import lastwriter
import pytest
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

TIME, COUNT, RESET = "lw:t:us-east-1", "lw:n:us-east-1", "lw:reset"
KEY = {"id": {"S": "o-1"}}

#: Every shape of update, with values that it needs. The item before has a, b, l, m, clicks and tags.
BEFORE = {
    **KEY,
    "a": {"S": "old"},
    "b": {"S": "old"},
    "l": {"L": [{"N": "1"}, {"N": "2"}]},
    "m": {"M": {"add": {"N": "1"}, "set": {"N": "2"}}},
    "clicks": {"N": "3"},
    "tags": {"SS": ["x", "y"]},
    "set_x": {"N": "4"},
}
SHAPES = {
    "set": ("SET a = :s", {}),
    "set with functions": ("SET l = list_append(l, :l), c = if_not_exists(c, :s)", {}),
    "set with arithmetic": ("SET clicks = clicks + :one, set_x = set_x - :one", {}),
    "set of paths": ("SET m.#add = :one, l[0] = :one", {"#add": "add"}),
    "remove": ("REMOVE a, l[1]", {}),
    "add": ("ADD clicks :one, tags :tags", {}),
    "delete": ("DELETE tags :tags", {}),
    "all sections": ("SET a = :s REMOVE b ADD clicks :one DELETE tags :tags", {}),
    "all sections backwards, in any case": ("delete tags :tags add clicks :one rEmove b set a = :s", {}),
    "names like keywords": ("SET #set = :s, #lwt = :one REMOVE set_x", {"#set": "set", "#lwt": "add"}),
    "values like ours": ("SET a = :lwt ADD clicks :lwn", {}),
    "no expression": (None, {}),
}
VALUES = {
    ":s": {"S": "new"},
    ":l": {"L": [{"N": "9"}]},
    ":one": {"N": "1"},
    ":tags": {"SS": ["y", "z"]},
    ":lwt": {"S": "mine"},
    ":lwn": {"N": "7"},
}


def update(table, expression, names):
    request = {"TableName": table, "Key": KEY}
    if expression is not None:
        request["UpdateExpression"] = expression
        if names:
            request["ExpressionAttributeNames"] = names
        values = {name: value for name, value in VALUES.items() if name in expression.replace(",", " ").split()}
        values.update({name: VALUES[name] for name in VALUES if f"{name})" in expression})
        if values:
            request["ExpressionAttributeValues"] = values
    return request


def code(raised):
    return raised.value.response["Error"]["Code"]


def read(client, table, key=None):
    return client.get_item(TableName=table, Key=key or KEY, ConsistentRead=True).get("Item")


@pytest.fixture
def stamping(connect, orders):
    """An instrumented client that shows the stamps, and a check at the end that no item in any Region lacks one."""
    yield lastwriter.instrument(connect(), strict=True, hide=False)
    for region in servers.REGIONS:
        for item in connect("client", region).scan(TableName=orders)["Items"]:
            assert any(name.startswith("lw:n:") for name in item), "a write went out without its stamp"


@pytest.fixture
def plain(connect, orders):
    """A client that stamps nothing, on a table of its own, to compare with."""
    name = f"plain-{uuid.uuid4().hex}"
    client = connect()
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client, name


@pytest.mark.parametrize("shape", SHAPES)
def test_an_update_does_what_it_does_without_the_stamp(stamping, orders, plain, shape):
    client, unstamped = plain
    stamping.put_item(TableName=orders, Item=BEFORE)
    client.put_item(TableName=unstamped, Item=BEFORE)
    stamping.update_item(**update(orders, *SHAPES[shape]))
    client.update_item(**update(unstamped, *SHAPES[shape]))
    item = read(stamping, orders)
    assert lastwriter.without_stamps(item) == read(client, unstamped)
    assert item[COUNT] == {"N": "2"}
    assert int(item[TIME]["N"]) >= int(item[RESET]["N"])


def test_a_legacy_update_does_what_it_does_without_the_stamp(stamping, orders, plain):
    client, unstamped = plain
    for target, table in ((stamping, orders), (client, unstamped)):
        target.put_item(TableName=table, Item=BEFORE)
        target.update_item(
            TableName=table,
            Key=KEY,
            AttributeUpdates={"a": {"Action": "PUT", "Value": {"S": "new"}}, "b": {"Action": "DELETE"}},
            Expected={"clicks": {"Value": {"N": "3"}}},
        )
    item = read(stamping, orders)
    assert lastwriter.without_stamps(item) == read(client, unstamped)
    assert item[COUNT] == {"N": "2"}


def test_each_update_counts(stamping, orders):
    times = []
    for _ in range(3):
        stamping.update_item(TableName=orders, Key=KEY, UpdateExpression="REMOVE a")
        times.append(int(read(stamping, orders)[TIME]["N"]))
    assert read(stamping, orders)[COUNT] == {"N": "3"}
    assert times == sorted(times)


@pytest.mark.parametrize(
    "broken", ["", "SET", "SET a = :s,", "SET a = :s SET b = :s", "nonsense", "SET set = :s", "REMOVE a, a"]
)
def test_what_dynamodb_rejects_it_still_rejects(stamping, orders, plain, broken):
    outcomes = []
    for target, table in (plain, (stamping, orders)):
        request = {"TableName": table, "Key": KEY, "UpdateExpression": broken}
        if ":s" in broken:
            request["ExpressionAttributeValues"] = {":s": {"S": "v"}}
        try:
            target.update_item(**request)
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
            assert read(target, table) is None
        else:
            target.delete_item(TableName=table, Key=KEY)
            outcomes.append(None)
    if outcomes == [None, None]:
        pytest.skip("the server under test takes what DynamoDB rejects")
    assert outcomes == ["ValidationException", "ValidationException"]


def test_a_condition_that_fails_fails_and_writes_nothing(stamping, orders):
    stamping.put_item(TableName=orders, Item=BEFORE)
    before = read(stamping, orders)
    condition = {"ConditionExpression": "a = :no", "ExpressionAttributeValues": {":no": {"S": "no"}}}
    with pytest.raises(ClientError) as raised:
        stamping.update_item(TableName=orders, Key=KEY, **condition)
    assert code(raised) == "ConditionalCheckFailedException"
    with pytest.raises(ClientError) as raised:
        stamping.put_item(TableName=orders, Item=KEY, **condition)
    assert code(raised) == "ConditionalCheckFailedException"
    assert read(stamping, orders) == before


def test_a_create_has_no_reset_and_a_second_one_fails(stamping, orders):
    for attempt in range(2):
        try:
            stamping.put_item(TableName=orders, Item=KEY, ConditionExpression="attribute_not_exists(id)")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
            assert attempt == 1
        else:
            assert attempt == 0
    item = read(stamping, orders)
    assert item[COUNT] == {"N": "1"}
    assert RESET not in item


def test_a_put_of_what_was_read_keeps_the_history_of_all_regions(connect, stamping, orders):
    table = lastwriter.instrument(connect("resource"), hide=False).Table(orders)
    table.put_item(Item={"id": "o-1", "lw:n:eu-west-1": 4, "lw:t:eu-west-1": 9, "lw:n:us-east-1": 2, TIME: 8})
    item = table.get_item(Key={"id": "o-1"}, ConsistentRead=True)["Item"]
    table.put_item(Item={**item, "a": "new"}, ConditionExpression=Attr(TIME).eq(item[TIME]))
    with pytest.raises(ClientError) as raised:
        table.put_item(Item={**item, "a": "raced"}, ConditionExpression=Attr(TIME).eq(item[TIME]))
    assert code(raised) == "ConditionalCheckFailedException"
    table.put_item(Item={"id": "o-1", "a": "other", **lastwriter.stamps(table.get_item(Key={"id": "o-1"})["Item"])})
    last = table.get_item(Key={"id": "o-1"}, ConsistentRead=True)["Item"]
    assert (last["a"], last[COUNT], last["lw:n:eu-west-1"]) == ("other", 5, 4)
    assert RESET not in last


def test_a_put_that_drops_the_history_says_so(stamping, orders):
    stamping.update_item(TableName=orders, Key=KEY)
    stamping.put_item(TableName=orders, Item=KEY)
    item = read(stamping, orders)
    assert item[COUNT] == {"N": "1"}
    assert item[RESET] == item[TIME]


def test_transactions_are_stamped_and_stay_whole(stamping, orders):
    stamping.put_item(TableName=orders, Item={"id": {"S": "o-2"}})
    writes = [
        {"Update": update(orders, "SET a = :s", {})},
        {"Put": {"TableName": orders, "Item": {"id": {"S": "o-3"}}}},
        {"Delete": {"TableName": orders, "Key": {"id": {"S": "o-2"}}}},
    ]
    stamping.transact_write_items(TransactItems=writes)
    first, third = read(stamping, orders), read(stamping, orders, {"id": {"S": "o-3"}})
    assert first[COUNT] == third[COUNT] == {"N": "1"}
    assert first[TIME] == third[TIME]
    check = {"TableName": orders, "Key": {"id": {"S": "o-9"}}, "ConditionExpression": "attribute_exists(id)"}
    with pytest.raises(stamping.exceptions.TransactionCanceledException) as raised:
        stamping.transact_write_items(TransactItems=[*writes[:2], {"ConditionCheck": check}])
    reasons = [reason["Code"] for reason in raised.value.response["CancellationReasons"]]
    assert reasons == ["None", "None", "ConditionalCheckFailed"]
    assert read(stamping, orders) == first


def test_a_transaction_sent_again_with_its_token_is_applied_once(stamping, orders):
    request = {"TransactItems": [{"Update": update(orders, "ADD clicks :one", {})}], "ClientRequestToken": "t" + orders[-30:]}
    stamping.transact_write_items(**request)
    stamping.transact_write_items(**request)
    assert (read(stamping, orders)["clicks"], read(stamping, orders)[COUNT]) == ({"N": "1"}, {"N": "1"})


#: A process of its own, which sends one transaction: endpoint, table, token and setting are its arguments.
SENDER = """
import sys, boto3, lastwriter
endpoint, table, token, tokens = sys.argv[1:]
client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test")
client = lastwriter.instrument(client, tokens=tokens)
client.get_item(TableName=table, Key={"id": {"S": "o-1"}})  # What one process has seen, another may have not.
writes = [
    {"Update": {"TableName": table, "Key": {"id": {"S": "o-1"}}, "UpdateExpression": "ADD clicks :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}}}},
    {"Put": {"TableName": table, "Item": {"id": {"S": token[:8]}}, "ConditionExpression": "attribute_not_exists(id)"}},
    {"Put": {"TableName": table, "Item": {"id": {"S": "o-2"}}}},
]
try:
    client.transact_write_items(TransactItems=writes, ClientRequestToken=token)
    print("made")
except client.exceptions.IdempotentParameterMismatchException as error:
    print("mismatch")
"""


def send_from_a_process_of_its_own(endpoint, table, token, tokens):
    command = [sys.executable, "-c", SENDER, endpoint, table, token, tokens]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("tokens", ["count", "leave"])
def test_a_transaction_sent_again_by_another_process_is_the_same(connect, endpoints, orders, tokens):
    token = uuid.uuid4().hex
    for _ in range(2):
        assert send_from_a_process_of_its_own(endpoints["us-east-1"], orders, token, tokens) == "made"
    item = read(connect(), orders)
    assert item["clicks"] == {"N": "1"}
    assert item.get(COUNT) == ({"N": "1"} if tokens == "count" else None)


def test_with_a_time_in_the_stamp_another_process_would_not_match(endpoints, orders):
    # This is what the default guards against.
    token = uuid.uuid4().hex
    outcomes = [send_from_a_process_of_its_own(endpoints["us-east-1"], orders, token, "remember") for _ in range(2)]
    assert outcomes == ["made", "mismatch"]


@pytest.mark.parametrize("kind", ["client", "resource"])
def test_batches_are_stamped(stamping, orders, connect, kind):
    if kind == "client":
        puts = [{"PutRequest": {"Item": {"id": {"S": f"o-{number}"}}}} for number in range(25)]
        stamping.batch_write_item(RequestItems={orders: puts})
    else:
        with lastwriter.instrument(connect("resource")).Table(orders).batch_writer(["id"]) as batch:
            for number in range(30):
                batch.put_item(Item={"id": f"o-{number}"})
            batch.delete_item(Key={"id": "o-29"})
    items = stamping.scan(TableName=orders)["Items"]
    assert len(items) == (25 if kind == "client" else 29)
    assert all(item[COUNT] == {"N": "1"} and RESET in item for item in items)


def test_each_regions_writer_stamps_its_own_region(stamping, orders, connect):
    for region in servers.REGIONS:
        client = lastwriter.instrument(connect("client", region))
        client.update_item(TableName=orders, Key=KEY, UpdateExpression="REMOVE a")
        assert {f"lw:n:{region}", f"lw:t:{region}"} <= set(read(connect("client", region), orders))


def test_a_deleted_item_is_gone_without_a_trace(stamping, orders):
    stamping.put_item(TableName=orders, Item=KEY)
    stamping.delete_item(TableName=orders, Key=KEY)
    assert read(stamping, orders) is None


@pytest.mark.parametrize("kind", ["client", "resource"])
def test_a_soft_delete_leaves_a_mark_until_it_is_revived(stamping, orders, connect, kind):
    if kind == "client":
        target, arguments = stamping, {"TableName": orders, "Key": KEY}
    else:
        target = lastwriter.instrument(connect("resource")).Table(orders)
        arguments = {"Key": {"id": "o-1"}}
    stamping.put_item(TableName=orders, Item={**KEY, "a": {"S": "v"}})
    lastwriter.soft_delete(target, **arguments, ttl_attribute="expires", ConditionExpression="attribute_exists(id)")
    marked = read(stamping, orders)
    assert marked["lw:deleted"] == {"BOOL": True}
    # A week from a moment between the put and the mark's own stamp.
    start = (int(marked["expires"]["N"]) - 604_800) * 1_000_000
    assert int(marked[RESET]["N"]) - 1_000_000 < start <= int(marked[TIME]["N"])
    assert marked["a"] == {"S": "v"}
    with pytest.raises(ClientError) as raised:
        stamping.put_item(TableName=orders, Item=KEY, ConditionExpression="attribute_not_exists(id)")
    assert code(raised) == "ConditionalCheckFailedException"
    lastwriter.revive(target, **arguments, ttl_attribute="expires")
    item = read(stamping, orders)
    assert set(item) == {"id", "a", TIME, COUNT, RESET}
    assert item[COUNT] == {"N": "3"}
    with pytest.raises(ClientError) as raised:
        lastwriter.revive(target, **arguments, ttl_attribute="expires")
    assert code(raised) == "ConditionalCheckFailedException"


def test_a_soft_delete_whose_condition_fails_leaves_no_mark(stamping, orders):
    with pytest.raises(ClientError) as raised:
        lastwriter.soft_delete(
            stamping,
            TableName=orders,
            Key=KEY,
            ttl_attribute="expires",
            ConditionExpression="attribute_exists(id)",
        )
    assert code(raised) == "ConditionalCheckFailedException"
    assert read(stamping, orders) is None


def test_a_put_of_what_was_read_keeps_the_history_without_showing_it(connect, orders, plain):
    reader, _ = plain
    reader.put_item(
        TableName=orders,
        Item={**KEY, "a": {"S": "v"}, "lw:n:eu-west-1": {"N": "4"}, "lw:t:eu-west-1": {"N": "9"}, COUNT: {"N": "2"}, TIME: {"N": "8"}},
    )
    table = lastwriter.instrument(connect("resource")).Table(orders)
    item = table.get_item(Key={"id": "o-1"}, ConsistentRead=True)["Item"]
    assert item == {"id": "o-1", "a": "v"}
    table.put_item(Item={**item, "a": "w"}, ConditionExpression=Attr(TIME).eq(8))
    stored = read(reader, orders)
    assert (stored["a"], stored[COUNT], stored["lw:n:eu-west-1"]) == ({"S": "w"}, {"N": "3"}, {"N": "4"})
    assert RESET not in stored
    asked = table.get_item(Key={"id": "o-1"}, ProjectionExpression="#n", ExpressionAttributeNames={"#n": COUNT})
    assert asked["Item"] == {COUNT: 3}
    found = table.scan(FilterExpression=Attr(COUNT).eq(3))
    assert found["Items"] == [{"id": "o-1", "a": "w"}]


def test_an_update_that_writes_back_what_was_read_is_stamped_all_the_same(stamping, orders):
    stamping.update_item(TableName=orders, Key=KEY, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "v"}})
    item = read(stamping, orders)
    rest = {name: value for name, value in item.items() if name not in KEY}
    names = {f"#n{number}": name for number, name in enumerate(rest)}
    values = {f":v{number}": value for number, value in enumerate(rest.values())}
    actions = ", ".join(f"#n{number} = :v{number}" for number in range(len(rest)))
    stamping.update_item(
        TableName=orders, Key=KEY, UpdateExpression=f"SET {actions}", ExpressionAttributeNames=names, ExpressionAttributeValues=values
    )
    after = read(stamping, orders)
    assert after[COUNT] == {"N": "2"}
    assert int(after[TIME]["N"]) > int(item[TIME]["N"])
