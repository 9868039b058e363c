"""Pause and resume, logs, load, restore, add-region, and that make and the command line offer the same commands."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from doubles import ACCOUNT, StubbedAws, stack, table
from doubles import context as make_context

from infra.deploy import artifacts, cli, probe_items, table_settings, tables, time_spans
from infra.deploy.commands import add_region, load_test, logs, pause_resume, restore
from infra.deploy.errors import DeployError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MAPPING = "0" * 36


def test_a_pause_of_an_hour_loses_nothing() -> None:
    said = pause_resume.describe_loss(NOW - timedelta(hours=1), NOW)
    assert "nothing is lost" in said and "until 2026-11-23 11:00 UTC" in said


def test_a_pause_of_30_hours_has_lost_its_first_six() -> None:
    said = pause_resume.describe_loss(NOW - timedelta(hours=30), NOW)
    assert "LOST" in said and "(6.0 hours)" in said and "to 2026-11-21 12:00 UTC" in said


def lay_out_mapping(aws: StubbedAws, region: str, state: str, modified: datetime) -> None:
    aws.answer("cloudformation", region, "describe_stacks",
               stack("lastwriter-dev-orders-processor", "CREATE_COMPLETE", outputs={"EventSourceMappingId": MAPPING}))
    aws.answer("lambda", region, "get_event_source_mapping",
               {"UUID": MAPPING, "State": state, "LastModified": modified}, {"UUID": MAPPING})


def test_resume_tells_the_loss_before_it_asks(aws: StubbedAws) -> None:
    context = make_context(aws, env="prod", regions=["us-east-1"])
    lay_out_mapping(aws, "us-east-1", "Disabled", NOW - timedelta(hours=30))
    with pytest.raises(DeployError, match="no terminal"):
        pause_resume.resume(context, lambda: NOW)
    assert "us-east-1: paused since 2026-11-21 06:00 UTC; LOST" in context.console.out.getvalue()


def test_pause_tells_when_the_loss_begins_before_it_asks(aws: StubbedAws) -> None:
    context = make_context(aws, env="prod")
    with pytest.raises(DeployError, match="no terminal"):
        pause_resume.pause(context, lambda: NOW)
    assert "From 2026-11-23 12:00 UTC on" in context.console.out.getvalue()


def test_a_stuck_stack_does_not_stop_a_pause(aws: StubbedAws) -> None:
    context = make_context(aws, regions=["us-east-1"])
    lay_out_mapping(aws, "us-east-1", "Enabled", NOW)
    answer = {"UUID": MAPPING, "State": "Disabled", "LastModified": NOW}
    aws.answer("lambda", "us-east-1", "update_event_source_mapping", answer, {"UUID": MAPPING, "Enabled": False})
    aws.answer("lambda", "us-east-1", "get_event_source_mapping", answer)
    aws.answer("cloudformation", "us-east-1", "describe_stacks",
               stack("lastwriter-dev-orders-processor", "UPDATE_ROLLBACK_FAILED"))
    aws.answer("cloudformation", "us-east-1", "describe_stack_events", {"StackEvents": []})
    pause_resume.pause(context, lambda: NOW)
    said = context.console.out.getvalue()
    assert "us-east-1: Disabled" in said and "WARNING: the mapping is switched, but its stack could not be told" in said


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400)])
def test_a_time_span_is_read(text: str, seconds: int) -> None:
    assert time_spans.seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "2 hours", "-1h", "1w"])
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(DeployError, match="is not a time span"):
        time_spans.seconds_of(text)


def test_a_json_line_is_shown_by_time_level_and_message() -> None:
    line = logs.one_line(0, '{"timestamp":"t","level":"INFO","message":"batch","records":3,"target":"x","span":{}}')
    assert line == "1970-01-01T00:00:00Z  INFO  batch records=3"


@pytest.mark.parametrize("text", ["START RequestId: 1", "[1, 2]", "null"])
def test_any_other_line_is_shown_as_it_is(text: str) -> None:
    assert logs.one_line(0, f"{text}\n") == f"1970-01-01T00:00:00Z  {text}"


def test_the_lines_of_all_regions_come_by_time_and_once(aws: StubbedAws, context, said) -> None:
    for region in context.regions:
        aws.answer("cloudformation", region, "describe_stacks",
                   stack("lastwriter-dev-orders-processor", "CREATE_COMPLETE", outputs={"LogGroupName": "/group"}))
    for look in (1, 2):
        aws.answer("logs", "us-east-1", "filter_log_events", {"events": [
            {"eventId": "late", "timestamp": 2000, "message": "second"}]})
        aws.answer("logs", "eu-west-1", "filter_log_events", {"events": [
            {"eventId": "early", "timestamp": 1000, "message": "first"}]})
        assert look
    logs.logs(context, "1h", True, "", "stream-processor", now=lambda: 3600.0, rounds=2)
    assert re.findall(r"first|second", said()) == ["first", "second"]


@pytest.mark.parametrize(("changes", "expected"), [
    ({"rate": 0}, "RATE=0 is outside its limits"), ({"rate": 1001}, "RATE=1001"), ({"seconds": 601}, "SECONDS=601"),
    ({"keys": 0}, "KEYS=0"),
])
def test_a_load_without_bounds_is_refused(changes: dict[str, int], expected: str) -> None:
    with pytest.raises(DeployError, match=expected):
        load_test.Load(**{"rate": 1, "seconds": 1, "keys": 1, "shared": False, **changes})


def test_latencies_are_read_at_their_quantiles() -> None:
    outcome = load_test.WriteResults(latencies=[float(n) for n in range(100, 0, -1)])
    assert (outcome.quantile(0.5), outcome.quantile(0.99)) == (51.0, 100.0)
    assert load_test.WriteResults().quantile(0.99) == 0.0


def test_a_load_test_stamps_for_its_region_and_takes_its_items_away(aws: StubbedAws) -> None:
    context = make_context(aws, regions=["us-east-1"])
    aws.answer("dynamodb", "us-east-1", "describe_table", table("us-east-1"))
    aws.answer("dynamodb", "us-east-1", "update_item", {})
    aws.refuse("dynamodb", "us-east-1", "update_item", "ThrottlingException")
    request = {"orders": [{"DeleteRequest": {"Key": {"PK": {"S": "x"}}}}]}
    aws.answer("dynamodb", "us-east-1", "batch_write_item", {"UnprocessedItems": request})
    aws.answer("dynamodb", "us-east-1", "batch_write_item", {}, {"RequestItems": request})
    load = load_test.Load(rate=1, seconds=2, keys=1, shared=False)
    load_test.load_test(context, load, context.waiter.now, lambda: 1.0)
    written = next(line for line in context.console.out.getvalue().splitlines() if line.startswith("  us-east-1"))
    assert written.split()[:4] == ["us-east-1", "1", "1", "0"]


def test_test_items_have_keys_of_the_tables_own_types() -> None:
    description = table("us-east-1", KeySchema=[{"AttributeName": "When", "KeyType": "RANGE"},
                                                {"AttributeName": "Id", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "B"},
                                              {"AttributeName": "When", "AttributeType": "N"}])["Table"]
    key = probe_items.key_of(tables.Replica("us-east-1", "orders", description), "run", 7)
    assert list(key) == ["Id", "When"]
    assert key["Id"] == {"B": b"lastwriter-test#run#7"} and int(key["When"]["N"]) < -(10**29)


@pytest.mark.parametrize(("wish", "expected"), [
    (restore.RestoreRequest(""), "TO is empty"),
    (restore.RestoreRequest("orders"), "TO is the table itself"),
    (restore.RestoreRequest("x y"), "is not a DynamoDB table's name"),
    (restore.RestoreRequest("again", "arn:backup", "2026-11-22T10:00:00Z"), "BACKUP and AT exclude each other"),
    (restore.RestoreRequest("again", at="yesterday"), "AT='yesterday' is not a time"),
])
def test_a_wish_that_cannot_be_met_is_refused_before_anything_is_asked(
        aws: StubbedAws, context, wish: restore.RestoreRequest, expected: str) -> None:
    with pytest.raises(DeployError, match=re.escape(expected)):
        restore.restore(context, wish)


def test_a_table_that_is_gone_needs_a_backup(aws: StubbedAws, context) -> None:
    aws.refuse("dynamodb", "us-east-1", "describe_table", "ResourceNotFoundException")
    with pytest.raises(DeployError, match="give BACKUP=<ARN>"):
        restore.restore(context, restore.RestoreRequest("again"))


def lay_out_source(aws: StubbedAws) -> None:
    region = ("dynamodb", "us-east-1")
    aws.answer(*region, "describe_table", table("us-east-1", DeletionProtectionEnabled=True))
    aws.answer(*region, "describe_time_to_live", {"TimeToLiveDescription": {
        "TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}})
    recovery: dict[str, Any] = {"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7}}}
    aws.answer(*region, "describe_continuous_backups", recovery)
    aws.answer(*region, "list_tags_of_resource", {"Tags": [
        {"Key": "Team", "Value": "shop"}, {"Key": "aws:cloudformation:stack-name", "Value": "x"}]})
    aws.answer(*region, "get_resource_policy", {"Policy": '{"Resource": "arn"}'})


def test_a_table_that_is_no_restore_is_not_touched(aws: StubbedAws, context) -> None:
    lay_out_source(aws)
    aws.answer("dynamodb", "us-east-1", "describe_table", table("us-east-1"), {"TableName": "again"})
    with pytest.raises(DeployError, match="A table again exists in us-east-1 and is no restore of orders"):
        restore.restore(context, restore.RestoreRequest("again"))


def test_the_settings_that_a_restore_leaves_out_are_read_from_the_table(aws: StubbedAws) -> None:
    lay_out_source(aws)
    kept = table_settings.from_table(aws, tables.describe(aws, "us-east-1", "orders"))
    assert (kept.ttl_attribute, kept.recovery_days, kept.deletion_protection) == ("expires", 7, True)
    assert kept.tags == [{"Key": "Team", "Value": "shop"}]
    assert kept.policy == '{"Resource": "arn"}'
    assert len(kept.lines()) == 6


def test_a_table_that_is_gone_gets_safe_settings_from_its_backup() -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"
    kept = table_settings.from_backup({"SourceTableDetails": {"TableArn": arn}, "SourceTableFeatureDetails": {
        "TimeToLiveDescription": {"AttributeName": "expires"}}})
    assert kept.deletion_protection and kept.recovery_days == 35 and kept.ttl_attribute == "expires"
    assert '"aws:SecureTransport": "false"' in kept.policy and arn in kept.policy


def lay_out_table_stack(aws: StubbedAws, regions: str, mode: str = "EVENTUAL") -> None:
    aws.answer("cloudformation", "us-east-1", "describe_stacks", stack(
        "lastwriter-dev-orders-table", "UPDATE_COMPLETE",
        {"GlobalTableRegions": regions, "ConsistencyMode": mode, "ReplicasWithPolicy": "2"}))


@pytest.mark.parametrize(("regions", "mode", "region", "expected"), [
    ("us-east-1,us-east-2,us-west-2", "STRONG", "eu-west-1", "it has three Regions for good"),
    ("us-east-1,us-east-2,us-west-1,us-west-2,eu-west-1", "EVENTUAL", "eu-west-2", "has 5 replicas"),
    ("us-east-1,eu-west-1", "EVENTUAL", "cn-north-1", "in another partition"),
])
def test_a_region_that_cannot_be_added_is_refused(
        aws: StubbedAws, context, regions: str, mode: str, region: str, expected: str) -> None:
    lay_out_table_stack(aws, regions, mode)
    with pytest.raises(DeployError, match=expected):
        add_region.add_region(context, region)


def test_a_table_in_the_way_of_a_new_replica_is_not_touched(aws: StubbedAws, context) -> None:
    lay_out_table_stack(aws, "us-east-1,eu-west-1")
    aws.answer("dynamodb", "eu-west-2", "describe_table", table("eu-west-2"))
    with pytest.raises(DeployError, match="eu-west-2 has a table orders already"):
        add_region.add_region(context, "eu-west-2")


def test_adding_a_replica_is_an_update_that_holds_nothing_else(aws: StubbedAws) -> None:
    context = make_context(aws, params="BillingMode=PROVISIONED")
    lay_out_table_stack(aws, "us-east-1,eu-west-1")
    aws.refuse("dynamodb", "eu-west-2", "describe_table", "ResourceNotFoundException")
    with pytest.raises(DeployError, match="add-region takes PARAMS for the new Region alone"):
        add_region.add_region(context, "eu-west-2")


def test_a_system_that_is_not_there_is_named_with_how_to_make_it(aws: StubbedAws, context) -> None:
    aws.refuse("cloudformation", "us-east-1", "describe_stacks", "ValidationError", "Stack with id x does not exist")
    with pytest.raises(DeployError, match="no stack lastwriter-dev-orders-processor in us-east-1"):
        context.require("us-east-1", "processor")


def commands() -> set[str]:
    choices = cli._parser()._subparsers._group_actions[0].choices
    return set(choices)


def test_make_offers_each_command_with_a_line_of_help() -> None:
    makefile = (artifacts.ROOT / "infra" / "deploy.mk").read_text()
    targets = dict(re.findall(r"^([a-z-]+): ## (.+)$", makefile, re.MULTILINE))
    assert set(targets) == {*commands(), "package"}
    for name in commands():
        assert f"$(DEPLOY) {name} $(SYSTEM)" in makefile


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in sorted(commands()):
        with pytest.raises(SystemExit) as ended:
            cli._parser().parse_args([name, "--help"])
        assert ended.value.code == 0
        said = capsys.readouterr().out
        assert "--regions" in said and "make deploy TABLE=orders" in said


def test_every_command_is_in_the_docs() -> None:
    docs = (artifacts.ROOT / "infra" / "COMMANDS.md").read_text()
    assert not [name for name in commands() if f"make {name}" not in docs]


def test_the_commands_and_the_checks_share_one_environment_and_so_their_versions() -> None:
    def pins(path: str) -> set[str]:
        lines = (artifacts.ROOT / path).read_text().splitlines()
        return {line.split(" ")[0].lower() for line in lines if "==" in line}

    assert pins("infra/deploy/requirements.txt") <= pins("infra/requirements.txt")
