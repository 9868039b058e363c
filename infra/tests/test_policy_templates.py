"""The policy checks pass, and each of them bites on a broken copy of a template."""

from __future__ import annotations

import policy_checks as checks
import pytest
from cfn import Refused, load, names
from stacks import KEY_ARN, stack


@pytest.fixture
def templates():
    return {name: load(name) for name in names()}


@pytest.mark.parametrize("check", checks.ALL, ids=lambda c: c.__name__)
def test_nothing_is_wrong(check, templates):
    assert check(templates) == []


def role(templates):
    return templates["stream-processor.yaml"]["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]


def replica(templates, number):
    entry = templates["global-table.yaml"]["Resources"]["GlobalTable"]["Properties"]["Replicas"][number - 1]
    return entry["Fn::If"][1] if "Fn::If" in entry else entry


def alarm(templates, logical_id="ConflictsAlarm"):
    return templates["alarms.yaml"]["Resources"][logical_id]["Properties"]


def resource(templates, name, logical_id):
    return templates[name]["Resources"][logical_id]


def key_statement(templates, number):
    return resource(templates, "encryption-key.yaml", "ReplicaKey")["Properties"]["KeyPolicy"]["Statement"][number]


def set_(target, key, value):
    target[key] = value


BREAKS = {
    "an action by wildcard": (checks.wildcards, lambda t: set_(role(t)[0], "Action", ["dynamodb:Get*"])),
    "every action of the key": (checks.wildcards, lambda t: set_(key_statement(t, 0), "Action", "kms:*")),
    "every principal may use the key": (checks.wildcards, lambda t: set_(key_statement(t, 1), "Principal", "*")),
    "every AWS principal may use the key": (checks.wildcards, lambda t: set_(key_statement(t, 1), "Principal", {"AWS": "*"})),
    "all but one action": (checks.wildcards, lambda t: set_(role(t)[0], "NotAction", "dynamodb:DeleteTable")),
    "any stream": (checks.broad_resources, lambda t: set_(role(t)[0], "Resource", "*")),
    "any namespace": (checks.broad_resources, lambda t: [s.pop("Condition") for s in role(t) if "PutMetric" in s.get("Sid", "")]),
    "a replica without its key": (checks.replicas, lambda t: replica(t, 4).pop("SSESpecification")),
    "a replica without recovery": (checks.replicas, lambda t: replica(t, 2).pop("PointInTimeRecoverySpecification")),
    "a replica without deletion protection": (checks.replicas, lambda t: set_(replica(t, 5), "DeletionProtectionEnabled", False)),
    "a replica without a policy": (checks.replicas, lambda t: replica(t, 3).pop("ResourcePolicy")),
    "a policy that covers no index": (
        checks.replicas,
        lambda t: replica(t, 1)["ResourcePolicy"]["Fn::If"][1]["PolicyDocument"]["Statement"][0]["Resource"].pop(),
    ),
    "a policy by BoolIfExists": (
        checks.replicas,
        lambda t: set_(
            replica(t, 1)["ResourcePolicy"]["Fn::If"][1]["PolicyDocument"]["Statement"][0],
            "Condition",
            {"BoolIfExists": {"aws:SecureTransport": "false"}},
        ),
    ),
    "recovery off by default": (
        checks.replicas,
        lambda t: set_(t["global-table.yaml"]["Parameters"]["PointInTimeRecoveryEnabled"], "Default", "false"),
    ),
    "a table without KMS": (
        checks.replicas,
        lambda t: resource(t, "global-table.yaml", "GlobalTable")["Properties"].pop("SSESpecification"),
    ),
    "a table that goes with its stack": (
        checks.kept,
        lambda t: resource(t, "global-table.yaml", "GlobalTable").pop("DeletionPolicy"),
    ),
    "a key that goes with its stack": (
        checks.kept,
        lambda t: set_(resource(t, "encryption-key.yaml", "ReplicaKey"), "DeletionPolicy", "Delete"),
    ),
    "a ledger that goes when replaced": (
        checks.kept,
        lambda t: resource(t, "stream-processor.yaml", "Ledger").pop("UpdateReplacePolicy"),
    ),
    "a vault that goes with its stack": (checks.kept, lambda t: resource(t, "backup-plan.yaml", "Vault").pop("DeletionPolicy")),
    "a ledger that can be deleted": (
        checks.ledger,
        lambda t: resource(t, "stream-processor.yaml", "Ledger")["Properties"].pop("DeletionProtectionEnabled"),
    ),
    "a ledger that answers without TLS": (
        checks.ledger,
        lambda t: resource(t, "stream-processor.yaml", "Ledger")["Properties"].pop("ResourcePolicy"),
    ),
    "a ledger that cannot be restored": (
        checks.ledger,
        lambda t: resource(t, "stream-processor.yaml", "Ledger")["Properties"].pop("PointInTimeRecoverySpecification"),
    ),
    "an alarm without an action": (checks.alarms, lambda t: alarm(t).pop("AlarmActions")),
    "a composite with an action": (
        checks.alarms,
        lambda t: set_(alarm(t, "TableUnhealthyAlarm"), "AlarmActions", [{"Ref": "TopicArn"}]),
    ),
    "an alarm that tells somebody else when it is over": (checks.alarms, lambda t: set_(alarm(t), "OKActions", ["arn"])),
    "an alarm that does not say what to do": (checks.alarms, lambda t: set_(alarm(t), "AlarmDescription", "Too bad.")),
    "an alarm without a rule for missing data": (checks.alarms, lambda t: alarm(t).pop("TreatMissingData")),
    "an alarm that flaps": (checks.alarms, lambda t: set_(alarm(t), "EvaluationPeriods", 1)),
    "a ledger without the key": (
        checks.encryption,
        lambda t: resource(t, "stream-processor.yaml", "Ledger")["Properties"].pop("SSESpecification"),
    ),
    "a topic without the key": (
        checks.encryption,
        lambda t: resource(t, "stream-processor.yaml", "Topic")["Properties"].pop("KmsMasterKeyId"),
    ),
    "logs for ever": (
        checks.encryption,
        lambda t: resource(t, "table-reporter.yaml", "LogGroup")["Properties"].pop("RetentionInDays"),
    ),
    "a mapping without a destination": (
        checks.mapping,
        lambda t: resource(t, "stream-processor.yaml", "EventSourceMapping")["Properties"].pop("DestinationConfig"),
    ),
    "a mapping without partial failures": (
        checks.mapping,
        lambda t: resource(t, "stream-processor.yaml", "EventSourceMapping")["Properties"].pop("FunctionResponseTypes"),
    ),
    "a record age as long as the stream's": (
        checks.mapping,
        lambda t: set_(t["stream-processor.yaml"]["Parameters"]["MaximumRecordAgeInSeconds"], "MaxValue", 86400),
    ),
    "retries that end before the record age": (
        checks.mapping,
        lambda t: set_(t["stream-processor.yaml"]["Parameters"]["MaximumRetryAttempts"], "Default", 100),
    ),
    "a batching window of 0": (
        checks.mapping,
        lambda t: set_(t["stream-processor.yaml"]["Parameters"]["MaximumBatchingWindowInSeconds"], "MinValue", 0),
    ),
}


@pytest.mark.parametrize("check, break_it", BREAKS.values(), ids=BREAKS)
def test_a_broken_copy_is_caught(check, break_it, templates):
    break_it(templates)
    assert check(templates) != []


def test_every_check_is_shown_to_bite():
    assert {check for check, _ in BREAKS.values()} == set(checks.ALL)


def statements_of(made, logical_id):
    return {s["Sid"]: s for s in made.resources()[logical_id]["Properties"]["KeyPolicy"]["Statement"]}


def test_primary_and_replica_key_have_the_same_policy():
    primary = stack("encryption-key.yaml")
    replica_stack = stack("encryption-key.yaml", PrimaryKeyArn=KEY_ARN)
    assert set(primary.resources()) == {"PrimaryKey", "KeyAlias"}
    assert set(replica_stack.resources()) == {"ReplicaKey", "KeyAlias"}
    assert statements_of(primary, "PrimaryKey") == statements_of(replica_stack, "ReplicaKey")


def test_the_key_serves_dynamodb_of_every_region_and_only_this_accounts_services():
    policy = statements_of(stack("encryption-key.yaml", region="eu-west-1"), "PrimaryKey")
    dynamodb = policy["UseByDynamoDB"]
    assert "kms:CreateGrant" in dynamodb["Action"]
    assert dynamodb["Condition"] == {
        "StringEquals": {"kms:CallerAccount": "123456789012"},
        "StringLike": {"kms:ViaService": ["dynamodb.*.amazonaws.com", "dynamodb.*.amazonaws.com"]},
    }
    assert policy["UseByCloudWatchLogs"]["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/lastwriter-dev-orders-a1b2c3"
    assert policy["UseByCloudWatchLogs"]["Condition"] == {
        "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": [f"{group}-stream-processor", f"{group}-table-reporter"]}
    }
    alarms_ = policy["UseByAlarmsToTheEncryptedTopic"]
    assert alarms_["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms_["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_account_can_administer_the_key_but_not_read_with_it():
    actions = statements_of(stack("encryption-key.yaml"), "PrimaryKey")["AdministrationByTheAccount"]["Action"]
    assert {"kms:PutKeyPolicy", "kms:EnableKey", "kms:CancelKeyDeletion"} <= set(actions)
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant"} & set(actions)


def test_the_tables_own_key_is_in_the_role_only_where_there_is_one():
    def resources(**parameters):
        made = stack("stream-processor.yaml", **parameters).resources()
        return [s["Sid"] for s in made["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]]

    assert "ReadTheTablesKeyThroughDynamoDB" not in resources()
    assert "ReadTheTablesKeyThroughDynamoDB" in resources(TableKeyArn=KEY_ARN)


def test_a_topic_that_exists_takes_the_place_of_our_own():
    arn = "arn:aws:sns:us-east-1:123456789012:pages"
    made = stack("stream-processor.yaml", AlarmTopicArn=arn)
    assert not any(r["Type"].startswith("AWS::SNS") for r in made.resources().values())
    assert made.outputs()["TopicArn"] == arn
    assert stack("stream-processor.yaml").outputs()["TopicArn"] == "<Topic>"
    with pytest.raises(Refused, match="AlarmEmail subscribes to the topic that this stack makes"):
        stack("stream-processor.yaml", AlarmTopicArn=arn, AlarmEmail="a@b")


def test_a_key_that_exists_takes_the_place_of_our_own():
    made = stack("encryption-key.yaml", ExistingKeyArn=KEY_ARN)
    assert {r["Type"] for r in made.resources().values()} == {"AWS::CloudFormation::WaitConditionHandle"}
    assert made.outputs() == {"KeyArn": KEY_ARN, "KeyId": KEY_ARN.split("/")[1]}


@pytest.mark.parametrize("template", ["stream-processor.yaml", "table-reporter.yaml"])
def test_every_role_takes_the_permissions_boundary(template):
    arn = "arn:aws:iam::123456789012:policy/boundary"
    for given, expected in (({}, None), ({"PermissionsBoundaryArn": arn}, arn)):
        roles = stack(template, **given).resources("AWS::IAM::Role").values()
        assert [r["Properties"].get("PermissionsBoundary") for r in roles] == [expected]


def test_vpc_parts_are_there_only_with_subnets():
    def kinds(**parameters):
        return {r["Type"] for r in stack("stream-processor.yaml", **parameters).resources().values()}

    inside = {"VpcId": "vpc-01234567", "SubnetIds": "subnet-0a,subnet-0b", "RouteTableIds": "rtb-0a"}
    assert not any("EC2" in k for k in kinds())
    assert {"AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint"} <= kinds(**inside)
    assert "AWS::EC2::VPCEndpoint" not in kinds(**inside, CreateVpcEndpoints="false")
    function = stack("stream-processor.yaml", **inside).resources()["Function"]["Properties"]
    assert function["VpcConfig"]["SubnetIds"] == ["subnet-0a", "subnet-0b"]
