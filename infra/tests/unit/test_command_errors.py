"""AWS's errors in our words, waiting, and the same work in several Regions."""

from __future__ import annotations

import pytest
from botocore import exceptions as boto
from doubles import Clock, StubbedAws

from infra.deploy import regional
from infra.deploy.aws import check_regions_enabled
from infra.deploy.cli import main
from infra.deploy.errors import DeployError, explain
from infra.deploy.waiting import Waiter


def client_error(code: str, message: str = "because", operation: str = "CreateChangeSet") -> boto.ClientError:
    return boto.ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(("error", "expected"), [
    (boto.NoCredentialsError(), "There are no usable AWS credentials"),
    (boto.ProfileNotFound(profile="work"), "The AWS profile does not exist"),
    (boto.PartialCredentialsError(provider="env", cred_var="secret"), "There are no usable AWS credentials"),
    (boto.TokenRetrievalError(provider="sso", error_msg="expired"), "run `aws sso login`"),
    (boto.EndpointConnectionError(endpoint_url="https://x"), "AWS cannot be reached"),
    (client_error("ExpiredToken"), "have expired"),
    (client_error("InvalidClientTokenId"), "a Region that is not enabled"),
    (client_error("AccessDenied", "not authorized"), "may not call CreateChangeSet: not authorized"),
    (client_error("LimitExceededException"), "AWS refused CreateChangeSet (LimitExceededException): because"),
])
def test_every_error_of_aws_becomes_a_sentence_with_a_way_on(error: Exception, expected: str) -> None:
    explained = explain(error)
    assert explained is not None and expected in str(explained)
    assert "What to do:" in str(explained)


def test_a_fault_of_our_own_is_not_explained_away() -> None:
    assert explain(KeyError("x")) is None


def test_no_credentials_end_a_command_with_a_message_and_status_1(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                 "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert main(["deploy", "--table", "orders", "--regions", "us-east-1,eu-west-1"]) == 1
    error = capsys.readouterr().err
    assert "There are no usable AWS credentials" in error and "set AWS_PROFILE" in error


def test_a_profile_that_does_not_exist_ends_a_command_with_a_message(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert main(["status", "--table", "orders", "--regions", "us-east-1"]) == 1
    assert "The AWS profile does not exist" in capsys.readouterr().err


def test_a_region_that_is_not_enabled_is_named_with_how_to_enable_it(aws: StubbedAws) -> None:
    aws.answer("dynamodb", "us-east-1", "list_tables", {"TableNames": []})
    aws.refuse("dynamodb", "ap-east-1", "list_tables", "UnrecognizedClientException")
    with pytest.raises(DeployError, match="aws account enable-region --region-name ap-east-1"):
        check_regions_enabled(aws, ["us-east-1", "ap-east-1"])


def test_waiting_ends_with_the_answer() -> None:
    clock, answers = Clock(), iter([None, None, "done"])
    assert Waiter(sleep=clock.sleep, now=clock.now).until(lambda: next(answers), "it", 60) == "done"
    assert 0 < clock.time < 2


def test_waiting_does_not_last_for_ever() -> None:
    clock = Clock()
    with pytest.raises(DeployError, match="Waited 60 s for the table"):
        Waiter(sleep=clock.sleep, now=clock.now).until(lambda: None, "the table", 60)
    assert 60 <= clock.time < 75


def test_one_failing_region_lets_the_others_end() -> None:
    ended = []

    def work(region: str) -> None:
        if region == "us-east-1":
            raise DeployError("no", "mend it")
        ended.append(region)

    with pytest.raises(DeployError, match="^no"):
        regional.each(["us-east-1", "eu-west-1", "eu-west-2"], work)
    assert sorted(ended) == ["eu-west-1", "eu-west-2"]


def test_several_failing_regions_are_all_told() -> None:
    def work(region: str) -> None:
        raise DeployError(f"no {region}", "mend it")

    with pytest.raises(DeployError) as raised:
        regional.each(["us-east-1", "eu-west-1"], work)
    assert "us-east-1: no us-east-1" in str(raised.value) and "eu-west-1: no eu-west-1" in str(raised.value)
    assert str(raised.value).count("mend it") == 1


def test_a_fault_of_our_own_keeps_its_traceback() -> None:
    def work(region: str) -> None:
        raise KeyError(region)

    with pytest.raises(KeyError):
        regional.each(["us-east-1"], work)
