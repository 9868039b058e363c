"""What the templates refuse before anything is made, each with a sentence that says why."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
from cfn import Refused, load, names
from stacks import stack

SETS = {
    "US": ["us-east-1", "us-east-2", "us-west-2"],
    "EU": ["eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"],
    "AP": ["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
}
RULE_FUNCTIONS = {"Ref", "Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or"}


def strong(regions, **more):
    return stack("global-table.yaml", ConsistencyMode="STRONG", GlobalTableRegions=",".join(regions), **more)


@pytest.mark.parametrize("regions", [p for s in SETS.values() for p in permutations(s, 3)], ids=",".join)
def test_strong_takes_three_regions_of_one_set_in_any_order(regions):
    assert strong(regions).resources()["GlobalTable"]["Properties"]["MultiRegionConsistency"] == "STRONG"


@pytest.mark.parametrize("regions, witness", [((a, b), w) for s in SETS.values() for a, b, w in permutations(s, 3)])
def test_strong_takes_two_regions_and_a_witness_of_one_set(regions, witness):
    made = strong(regions, WitnessRegion=witness).resources()["GlobalTable"]["Properties"]
    assert made["GlobalTableWitnesses"] == [{"Region": witness}]


@pytest.mark.parametrize(
    "regions, more, why",
    [
        (["us-east-1", "us-east-2"], {}, "three Regions of one set"),
        (SETS["EU"], {}, "three Regions of one set"),
        (["us-east-1", "us-east-2", "eu-west-1"], {}, "three Regions of one set"),
        (["us-east-1", "us-west-1", "us-west-2"], {}, "three Regions of one set"),
        (["us-east-1", "us-east-2"], {"WitnessRegion": "us-east-2"}, "two other Regions of its set"),
        (["us-east-1", "us-east-2"], {"WitnessRegion": "eu-west-1"}, "two other Regions of its set"),
        (["us-east-1", "eu-west-1"], {"WitnessRegion": "us-west-2"}, "two other Regions of its set"),
        (SETS["US"], {"WitnessRegion": "us-west-2"}, "two other Regions of its set"),
        (SETS["US"], {"TtlAttribute": "expires"}, "does not support Time To Live"),
    ],
)
def test_strong_is_refused_otherwise_and_says_why(regions, more, why):
    with pytest.raises(Refused, match=why):
        strong(regions, **more)


def test_a_witness_is_refused_with_eventual_consistency():
    with pytest.raises(Refused, match="has no witness"):
        stack("global-table.yaml", WitnessRegion="us-west-2")


@pytest.mark.parametrize("view", ["NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"])
def test_a_stream_without_both_images_is_refused_by_table_and_processor(view):
    with pytest.raises(Refused, match="DynamoDB requires it"):
        stack("global-table.yaml", StreamViewType=view)
    with pytest.raises(Refused, match="every record would be unusable"):
        stack("stream-processor.yaml", StreamViewType=view)


SLOTS = ("Gsi1", "Gsi2", "Gsi3", "Gsi4", "Lsi1", "Lsi2")


@pytest.mark.parametrize("parameters, why", [
    *(({f"{slot}Projection": "INCLUDE"}, f"INCLUDE needs {slot}NonKeyAttributes") for slot in SLOTS),
    *(({f"{slot}NonKeyAttributes": "a,b"}, f"{slot}Projection INCLUDE needs") for slot in SLOTS),
    ({"SortKey": "", "Lsi2Name": "late"}, "only a table with a sort key can have local indexes"),
    ({"SortKey": "", "Lsi1Name": "late"}, "only a table with a sort key can have local indexes"),
])
def test_an_index_that_dynamodb_would_not_make_is_refused(parameters, why):
    with pytest.raises(Refused, match=why):
        stack("global-table.yaml", **parameters)


def test_a_strongly_consistent_table_has_no_local_indexes():
    for slot in ("Lsi1", "Lsi2"):
        with pytest.raises(Refused, match="does not support local secondary indexes"):
            strong(SETS["US"], **{f"{slot}Name": "late"})


def test_a_strongly_consistent_table_may_have_another_view_type():
    strong(SETS["US"], StreamViewType="KEYS_ONLY")


@pytest.mark.parametrize(
    "parameters, why",
    [
        ({"SubnetIds": "subnet-0a"}, "needs VpcId"),
        ({"VpcId": "vpc-01234567"}, "needs SubnetIds"),
        ({"VpcId": "vpc-01234567", "SubnetIds": "subnet-0a"}, "needs RouteTableIds"),
    ],
)
def test_half_a_vpc_placement_is_refused(parameters, why):
    with pytest.raises(Refused, match=why):
        stack("stream-processor.yaml", **parameters)


def test_without_its_rule_the_wrong_stack_passes():
    """So it is the rule that refuses."""
    template = load("global-table.yaml")
    del template["Rules"]["StrongWithoutWitnessNeedsThreeRegionsOfOneSet"]
    stack("global-table.yaml", template=template, ConsistencyMode="STRONG", GlobalTableRegions="us-east-1,us-east-2")


def functions_of(value):
    """The functions in a rule, and whatever else stands where a function would."""
    if isinstance(value, list):
        return {f for v in value for f in functions_of(v)}
    if isinstance(value, dict):
        return set(value) | {f for v in value.values() for f in functions_of(v)}
    return set()


def rule_findings(template):
    return [
        (name, f)
        for name, rule in template.get("Rules", {}).items()
        for f in functions_of([rule.get("RuleCondition", []), [a["Assert"] for a in rule["Assertions"]]])
        if f not in RULE_FUNCTIONS
    ]


@pytest.mark.parametrize("name", names())
def test_rules_use_nothing_but_rule_functions(name):
    """CloudFormation refuses other functions in a rule when the stack is made; cfn-lint does not notice."""
    assert rule_findings(load(name)) == []


def test_a_rule_with_another_function_is_caught():
    template = load("global-table.yaml")
    rule = template["Rules"]["StrongHasNoTimeToLive"]
    rule["Assertions"][0]["Assert"] = {"Fn::Equals": [{"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "TtlAttribute"}]}]}, ""]}
    assert rule_findings(template) != []


@pytest.mark.parametrize("name", names())
def test_every_assertion_says_why_in_a_sentence(name):
    for rule in load(name).get("Rules", {}).values():
        for assertion in rule["Assertions"]:
            assert assertion["AssertDescription"].endswith("."), json.dumps(assertion)
            assert len(assertion["AssertDescription"].split()) > 6
