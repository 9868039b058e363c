"""Names fit their service's limits at the longest parameters, and differ where they must."""

from __future__ import annotations

import re

import pytest
from cfn import ACCOUNT, load, names
from stacks import stack

LONGEST = {"ProjectName": "a" * 10, "Environment": "staging", "TableLabel": "b" * 15}
REGION = "ap-southeast-1"
KINDS = {
    "AWS::S3::Bucket": ("BucketName", r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
    "AWS::IAM::Role": ("RoleName", r"[\w+=,.@-]{1,64}"),
    "AWS::Lambda::Function": ("FunctionName", r"[A-Za-z0-9_-]{1,64}"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", r"[A-Za-z0-9_-]{1,255}"),
    "AWS::SNS::Topic": ("TopicName", r"[A-Za-z0-9_-]{1,256}"),
    "AWS::Events::Rule": ("Name", r"[.A-Za-z0-9_-]{1,64}"),
    "AWS::DynamoDB::Table": ("TableName", r"[A-Za-z0-9_.-]{3,255}"),
    "AWS::KMS::Alias": ("AliasName", r"alias/[A-Za-z0-9/_-]{1,250}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", r".{1,255}"),
    "AWS::Backup::BackupVault": ("BackupVaultName", r"[a-zA-Z0-9_-]{2,50}"),
}
GLOBAL = {"AWS::S3::Bucket", "AWS::IAM::Role", "AWS::CloudWatch::Dashboard"}


def named(template, region=REGION, **parameters):
    """(type, name) of every resource that has a name of its own."""
    made = stack(template, region, **parameters).resources().values()
    return [(r["Type"], r["Properties"][KINDS[r["Type"]][0]]) for r in made if r["Type"] in KINDS]


@pytest.mark.parametrize("template", names())
def test_names_fit_at_the_longest_parameters(template):
    for kind, name in named(template, **LONGEST):
        assert re.fullmatch(KINDS[kind][1], name), f"{kind} {name} ({len(name)})"


@pytest.mark.parametrize("template", names())
def test_what_is_not_regional_carries_the_region(template):
    for kind, name in named(template):
        if kind in GLOBAL:
            assert REGION in name


@pytest.mark.parametrize("change", [{"ProjectName": "mine"}, {"Environment": "prod"}, {"TableLabel": "other"}], ids=str)
@pytest.mark.parametrize("template", names())
def test_no_name_is_shared_by_two_projects_environments_or_tables(template, change):
    assert not set(named(template)) & set(named(template, **change))


def matches(pattern, arn):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), arn) is not None


def alarm_arns(label):
    made = stack("alarms.yaml", "us-east-1", TableLabel=label).resources("AWS::CloudWatch::Alarm").values()
    return [f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{r['Properties']['AlarmName']}" for r in made]


def publishers(label, template=None):
    """The alarms that may publish to the topic of a table, by the topic's policy."""
    policy = stack("stream-processor.yaml", template=template, TableLabel=label).resources()["TopicPolicy"]
    return policy["Properties"]["PolicyDocument"]["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"]


def test_the_topic_takes_its_own_alarms_and_no_neighbours():
    pattern = publishers("orders")
    assert all(matches(pattern, arn) for arn in alarm_arns("orders"))
    assert not any(matches(pattern, arn) for label in ("orders-eu", "orders2", "order") for arn in alarm_arns(label))


def test_a_pattern_that_takes_a_neighbours_alarms_would_be_caught():
    broken = load("stream-processor.yaml")
    condition = broken["Resources"]["TopicPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Condition"]["ArnLike"]
    condition["aws:SourceArn"] = {"Fn::Sub": condition["aws:SourceArn"]["Fn::Sub"].replace(".*", "*")}
    assert any(matches(publishers("orders", broken), arn) for arn in alarm_arns("orders-eu"))


def test_a_role_without_its_region_would_be_caught():
    broken = load("stream-processor.yaml")
    broken["Resources"]["Role"]["Properties"]["RoleName"] = {"Fn::Sub": "${ProjectName}-${Environment}-${TableLabel}-processor"}
    made = stack("stream-processor.yaml", REGION, template=broken).resources()
    assert REGION not in made["Role"]["Properties"]["RoleName"]


@pytest.mark.parametrize(
    "label, right",
    [("orders", True), ("a", True), ("customer-9f3c1a", True), ("Orders", False), ("a" * 16, False), ("-a", False), ("a-", False)],
)
def test_the_label_is_short_and_lower_case(label, right):
    for template in names():
        pattern = load(template)["Parameters"]["TableLabel"]["AllowedPattern"]
        assert bool(re.fullmatch(pattern, label)) == right


def test_the_processor_names_no_table_of_ours():
    """Any table and any stream are parameters: nothing of the template says Orders, PK or GSI1."""
    text = str(load("stream-processor.yaml")) + str(load("alarms.yaml")) + str(load("dashboard.yaml"))
    assert not re.search(r"GSI\d|'PK'|Orders", text)
