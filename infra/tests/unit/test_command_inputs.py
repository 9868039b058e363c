"""Regions, names, parameters and answers: what a person types, and the messages about it."""

from __future__ import annotations

import re

import pytest
from doubles import REGIONS, StubbedAws, console, stack
from doubles import context as make_context

from infra.deploy import key_parameters, parameters, preflight, regions, templates
from infra.deploy.errors import DeployError
from infra.deploy.names import STACKS, Names, label_of


def message(call, *arguments) -> str:
    with pytest.raises(DeployError) as raised:
        call(*arguments)
    return str(raised.value)


@pytest.mark.parametrize(("typed", "meant"), [
    ("us_east_1", "us-east-1"), ("us-esat-1", "us-east-1"), ("EU-West-1", "eu-west-1"), ("us-east-1a", "us-east-1"),
    ("eu-wset-3", "eu-west-3"), ("USEast1", "us-east-1"),
])
def test_a_misspelt_region_is_answered_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    text = message(regions.check_region, typed)
    assert f"{typed!r} is not an AWS Region" in text and f"did you mean {meant}?" in text


def test_a_word_that_is_no_region_at_all_gets_examples() -> None:
    assert "for example us-east-1" in message(regions.check_region, "frankfurt")


def test_regions_are_read_with_commas_or_spaces_in_their_order() -> None:
    assert regions.parse_regions(" eu-west-1, us-east-1 ap-south-1") == ["eu-west-1", "us-east-1", "ap-south-1"]


@pytest.mark.parametrize(("typed", "expected"), [
    ("", "REGIONS is empty"),
    ("us-east-1,us-east-1", "names us-east-1 more than once"),
    ("us-east-1", "names 1 Region(s); it must be 2 to 5"),
    ("us-east-1,us-east-2,us-west-1,us-west-2,eu-west-1,eu-west-2", "names 6 Region(s)"),
    ("us-east-1,cn-north-1", "mixes partitions (aws, aws-cn)"),
])
def test_wrong_regions_are_refused(typed: str, expected: str) -> None:
    assert expected in message(regions.parse_regions, typed)


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_the_other_partitions_are_served(region: str) -> None:
    assert regions.parse_regions(region, minimum=1) == [region]


def test_an_isolated_partition_is_refused_by_name() -> None:
    assert "The partition aws-iso is not served" in message(regions.parse_regions, "us-iso-east-1,us-iso-west-1")


@pytest.mark.parametrize(("project", "env", "table", "expected"), [
    ("Last-Writer", "dev", "orders", "PROJECT='Last-Writer' cannot be used"),
    ("lastwriters2", "dev", "orders", "1 to 10 lower-case letters"),
    ("lastwriter", "production", "orders", "one of dev, staging, prod"),
    ("lastwriter", "dev", "", "TABLE is empty"),
    ("lastwriter", "dev", "arn:aws:dynamodb:x:1:table/a", "not an ARN"),
])
def test_wrong_names_are_refused(project: str, env: str, table: str, expected: str) -> None:
    assert expected in message(Names, project, env, table)


def test_a_table_whose_name_fits_is_its_own_label() -> None:
    assert label_of("orders-2") == "orders-2"
    assert Names("lastwriter", "dev", "orders-2").stack("key") == "lastwriter-dev-orders-2-key"


@pytest.mark.parametrize("table", ["Customer_Orders", "customer.orders", "a-name-of-more-than-15", "___", "-a-"])
def test_any_other_table_gets_a_label_of_its_own_that_fits_in_names(table: str) -> None:
    label = label_of(table)
    assert len(label) <= 15 and not label.startswith("-") and not label.endswith("-")
    assert label != label_of(table + "x")


def test_the_label_is_made_as_the_templates_say() -> None:
    assert label_of("Customer_Orders").startswith("customer-") and len(label_of("Customer_Orders")) == 15


def test_parameters_are_read_one_by_one_and_may_hold_commas() -> None:
    assert parameters.parse("SubnetIds=subnet-1,subnet-2 BillingMode=PROVISIONED").everywhere == {
        "SubnetIds": "subnet-1,subnet-2", "BillingMode": "PROVISIONED"}


def test_a_value_for_one_region_counts_there_before_the_one_for_all() -> None:
    given = parameters.parse("MemorySize=512 eu-west-1:MemorySize=1024 eu-west-1:SubnetIds=subnet-0a,subnet-0b")
    assert given.of_region("us-east-1") == {"MemorySize": "512"}
    assert given.of_region("eu-west-1") == {"MemorySize": "1024", "SubnetIds": "subnet-0a,subnet-0b"}
    assert given.names == {"MemorySize", "SubnetIds"}


def test_a_value_may_hold_colons() -> None:
    assert parameters.parse("AlarmEmail=a:b@c").everywhere == {"AlarmEmail": "a:b@c"}


@pytest.mark.parametrize(("typed", "expected"), [
    ("BillingMode", "'BillingMode', which is neither Name=value"),
    ("Nonsense=1", "No template has a parameter Nonsense"),
    ("StreamArn=x", "may not set StreamArn"),
    ("BillingMode=CHEAP", "one of PAY_PER_REQUEST, PROVISIONED"),
    ("DeletionProtectionEnabled=no", "one of true, false"),
    ("RecoveryPeriodInDays=36", "from 1 to 35"),
    ("MemorySize=much", "not a number"),
    ("AlarmEmail=me", "Empty, or an e-mail address."),
    ("eu-west-1:", "neither Name=value nor region:Name=value"),
    ("eu-wset-1:MemorySize=512", "names the Region 'eu-wset-1', which is not one of us-east-1,eu-west-1"),
    ("eu-west-1:MemorySize=much", "not a number"),
    ("eu-west-1:BillingMode=PROVISIONED", "BillingMode belongs to the table, which is one in all Regions"),
    ("MemorySize=512 MemorySize=256", "gives MemorySize twice, as 512 and as 256"),
])
def test_a_wrong_parameter_is_refused_before_anything_is_made(typed: str, expected: str) -> None:
    assert expected in message(lambda: parameters.check(parameters.parse(typed), REGIONS, STACKS))


def test_a_right_parameter_is_taken() -> None:
    given = "BillingMode=PROVISIONED DeletionProtectionEnabled=false eu-west-1:LogLevel=debug"
    parameters.check(parameters.parse(given), REGIONS, STACKS)


TWO, THREE = "us-east-1,eu-west-1", "us-east-1,us-east-2,us-west-2"


@pytest.mark.parametrize(("regions_given", "given", "expected"), [
    (TWO, {"StreamViewType": "KEYS_ONLY"}, "needs StreamViewType NEW_AND_OLD_IMAGES"),
    (TWO, {"WitnessRegion": "us-west-2"}, "WitnessRegion belongs to ConsistencyMode STRONG"),
    (TWO, {"ConsistencyMode": "STRONG"}, "needs three Regions of one set"),
    (THREE, {"ConsistencyMode": "STRONG", "TtlAttribute": "expires"}, "does not go with TtlAttribute"),
])
def test_parameters_that_do_not_go_together_are_refused_before_anything_is_made(
        regions_given: str, given: dict[str, str], expected: str) -> None:
    wanted = {**given, "GlobalTableRegions": regions_given}
    assert expected in message(templates.check_rules, "global-table", wanted, "us-east-1")


@pytest.mark.parametrize(("regions_given", "given"), [
    (TWO, {"TtlAttribute": "expires"}), (THREE, {"ConsistencyMode": "STRONG"}),
    ("us-east-1,us-east-2", {"ConsistencyMode": "STRONG", "WitnessRegion": "us-west-2"}),
])
def test_parameters_that_go_together_are_taken(regions_given: str, given: dict[str, str]) -> None:
    templates.check_rules("global-table", {**given, "GlobalTableRegions": regions_given}, "us-east-1")


PROVISIONED = {"BillingMode": "PROVISIONED", "ReadCapacityUnits": "5", "WriteCapacityUnits": "5",
               "MaxReadCapacityUnits": "100", "MaxWriteCapacityUnits": "100"}


@pytest.mark.parametrize(("changes", "expected"), [
    ({"ReadCapacityUnits": "101"}, "ReadCapacityUnits=101 is over MaxReadCapacityUnits=100"),
    ({"MaxWriteCapacityUnits": "4"}, "WriteCapacityUnits=5 is over MaxWriteCapacityUnits=4"),
])
def test_a_minimum_over_its_maximum_is_refused_before_anything_is_made(changes: dict[str, str], expected: str) -> None:
    assert f"{expected}. Nothing was changed" in message(parameters.check_capacity, {**PROVISIONED, **changes})


def test_capacities_that_nobody_uses_or_that_fit_are_taken() -> None:
    parameters.check_capacity({**PROVISIONED, "ReadCapacityUnits": "100"})
    parameters.check_capacity({**PROVISIONED, "BillingMode": "PAY_PER_REQUEST", "ReadCapacityUnits": "101"})


def keys(**changes: str) -> dict[str, str]:
    return templates.with_defaults("global-table", {"GlobalTableRegions": TWO, **changes})


@pytest.mark.parametrize(("changes", "expected"), [
    ({"Gsi1SortKey": "SK", "Gsi1SortKeyType": "N"}, "The attribute SK is S as SortKey and N as Gsi1SortKey"),
    ({"Lsi2Name": "late", "Lsi2SortKey": "GSI2SK", "Lsi2SortKeyType": "B"}, "GSI2SK is S as Gsi2SortKey and B as Lsi2SortKey"),
    ({"Gsi3Name": "GSI1"}, "Gsi1Name and Gsi3Name are both GSI1"),
    ({"Lsi1Name": "GSI2"}, "Gsi2Name and Lsi1Name are both GSI2"),
])
def test_keys_that_do_not_go_together_are_refused_before_anything_is_made(changes: dict[str, str], expected: str) -> None:
    assert f"{expected}. Nothing was changed" in message(key_parameters.check, keys(**changes))


def test_keys_of_an_index_that_is_not_there_count_for_nothing() -> None:
    key_parameters.check(keys(Gsi2Name="", Gsi2PartitionKey="PK", Gsi2PartitionKeyType="N"))
    key_parameters.check(keys(SortKey="", Lsi1SortKey="PK", Lsi1SortKeyType="N"))


def test_the_planned_table_has_the_indexes_that_params_name() -> None:
    assert key_parameters.index_names(keys(Gsi1Name="", Gsi4Name="by-status")) == ["GSI2", "by-status"]


def test_every_index_of_the_template_is_known() -> None:
    declared = {name.removesuffix("Name") for name in templates.parameters("global-table") if re.fullmatch("[GL]si[0-9]Name", name)}
    assert declared == {*key_parameters.GLOBAL_INDEXES, *key_parameters.LOCAL_INDEXES}


@pytest.mark.parametrize(("status", "expected"), [("DELETING", "is DELETING"), ("", "is not there")])
def test_a_kinesis_stream_that_is_not_there_is_refused_before_the_table_is_made(
        aws: StubbedAws, status: str, expected: str) -> None:
    summary = {"StreamName": "changes", "StreamARN": "arn:aws:kinesis:x:1:stream/changes", "RetentionPeriodHours": 24,
               "StreamCreationTimestamp": "2026-11-22T12:00:00Z", "EnhancedMonitoring": [], "OpenShardCount": 1}
    aws.answer("kinesis", "us-east-1", "describe_stream_summary", {"StreamDescriptionSummary": {**summary, "StreamStatus": "ACTIVE"}})
    if status:
        aws.answer("kinesis", "eu-west-1", "describe_stream_summary", {"StreamDescriptionSummary": {**summary, "StreamStatus": status}})
    else:
        aws.refuse("kinesis", "eu-west-1", "describe_stream_summary", "ResourceNotFoundException")
    aws.refuse("cloudformation", "us-east-1", "describe_stacks", "ValidationError", "Stack with id x does not exist")
    context = make_context(aws, params="KinesisStreamName=changes")
    said = message(preflight.check_kinesis, context, REGIONS)
    assert "The Kinesis data stream changes in eu-west-1" in said and expected in said and "Nothing was changed" in said


def test_a_region_that_is_added_needs_the_kinesis_stream_that_the_table_has(aws: StubbedAws) -> None:
    aws.answer("cloudformation", "us-east-1", "describe_stacks", stack(
        "lastwriter-dev-orders-table", "CREATE_COMPLETE", {"KinesisStreamName": "changes"}))
    aws.refuse("kinesis", "eu-west-1", "describe_stream_summary", "ResourceNotFoundException")
    said = message(preflight.check_kinesis, make_context(aws), ["eu-west-1"])
    assert "The Kinesis data stream changes in eu-west-1 is not there" in said


def test_a_kinesis_stream_that_is_gone_can_be_taken_out(aws: StubbedAws) -> None:
    aws.answer("cloudformation", "us-east-1", "describe_stacks", stack(
        "lastwriter-dev-orders-table", "CREATE_COMPLETE", {"KinesisStreamName": "changes"}))
    preflight.check_kinesis(make_context(aws, params="KinesisStreamName="), REGIONS)


def test_without_a_kinesis_stream_nothing_is_asked(aws: StubbedAws) -> None:
    aws.refuse("cloudformation", "us-east-1", "describe_stacks", "ValidationError", "Stack with id x does not exist")
    preflight.check_kinesis(make_context(aws), REGIONS)


def functions_in(node: object) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(functions_in, node))
    if isinstance(node, dict):
        return set(node).union(*map(functions_in, node.values()))
    return set()


def test_the_rules_of_every_template_use_functions_that_are_known_here() -> None:
    known = {"Equals", "Not", "And", "Or", "Contains", "Ref"}
    for path in templates.TEMPLATES.glob("*.yaml"):
        for rule in templates.read(path.stem).get("Rules", {}).values():
            expressions = [rule.get("RuleCondition"), *(a["Assert"] for a in rule["Assertions"])]
            assert functions_in(expressions) <= known, path.name


def test_only_production_is_asked_about() -> None:
    console().confirm("dev", "deploy.")
    assert "there is no terminal to ask at" in message(console().confirm, "prod", "deploy.")


def test_yes_answers_for_production() -> None:
    console(assume_yes=True).confirm("prod", "deploy.")


@pytest.mark.parametrize("answer", ["", "n", "no", "yes please"])
def test_anything_but_yes_stops(answer: str) -> None:
    asked = console(is_terminal=lambda: True, ask=lambda question: answer)
    assert "Stopped at your word. Nothing was changed." in message(asked.confirm, "prod", "deploy.")


@pytest.mark.parametrize("answer", ["y", "Yes", " yes "])
def test_yes_goes_on(answer: str) -> None:
    console(is_terminal=lambda: True, ask=lambda question: answer).confirm("prod", "deploy.")


def test_what_cannot_be_taken_back_is_asked_about_everywhere() -> None:
    assert "no terminal" in message(console().confirm_always, "destroy.")
