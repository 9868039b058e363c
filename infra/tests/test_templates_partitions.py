"""China, the European sovereign partition and GovCloud: what a policy names there matches, whichever domain a service gives."""

from __future__ import annotations

import re

import pytest
from cfn import load
from stacks import KEY_ARN, STREAM_ARN, stack

DOMAINS = {
    "us-east-1": ("amazonaws.com", "console.aws.amazon.com"),
    "us-gov-west-1": ("amazonaws.com", "console.amazonaws-us-gov.com"),
    "cn-north-1": ("amazonaws.com.cn", "console.amazonaws.cn"),
    "eusc-de-east-1": ("amazonaws.eu", "console.amazonaws-eusc.eu"),
}


def conditions(node):
    """Every kms:ViaService of a template's policies, with what it is compared with."""
    if isinstance(node, list):
        return [found for part in node for found in conditions(part)]
    if not isinstance(node, dict):
        return []
    own = [node["kms:ViaService"]] if "kms:ViaService" in node else []
    return own + [found for value in node.values() for found in conditions(value)]


def via_services(name, region, template=None, **parameters):
    made = stack(name, region, template=template, **parameters)
    return [[value] if isinstance(value, str) else value for value in conditions(list(made.resources().values()))]


def unmatched(name, region, template=None, **parameters):
    """The statements that a service of this Region does not match, by the domain of the world or of the partition."""
    found = []
    for patterns in via_services(name, region, template, **parameters):
        service = patterns[0].split(".")[0]
        for domain in ("amazonaws.com", DOMAINS[region][0]):
            value = f"{service}.{region}.{domain}"
            if not any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), value) for pattern in patterns):
                found.append(value)
    return found


@pytest.mark.parametrize("region", DOMAINS)
@pytest.mark.parametrize("name, more", [("encryption-key.yaml", {}), ("stream-processor.yaml", {"TableKeyArn": KEY_ARN})])
def test_key_and_role_match_what_a_service_gives_in_the_partition(region, name, more):
    assert len(via_services(name, region, **more)) >= 2
    assert unmatched(name, region, **more) == []


@pytest.mark.parametrize("region", ["cn-north-1", "eusc-de-east-1"])
def test_a_statement_with_one_of_the_two_domains_would_be_caught(region):
    broken = load("encryption-key.yaml")
    statement = broken["Resources"]["PrimaryKey"]["Properties"]["KeyPolicy"]["Statement"][1]
    statement["Condition"]["StringLike"]["kms:ViaService"] = "dynamodb.*.amazonaws.com"
    assert unmatched("encryption-key.yaml", region, broken) != []


@pytest.mark.parametrize("region", DOMAINS)
def test_links_lead_to_the_console_of_the_partition(region):
    made = stack("dashboard.yaml", region, PrimaryRegion=region, Regions=f"{region},us-west-1").outputs()
    for name in ("DashboardUrl", "AllRegionsDashboardUrl"):
        assert made[name].startswith(f"https://{region}.{DOMAINS[region][1]}/cloudwatch/home?region={region}#"), made[name]


@pytest.mark.parametrize("region", DOMAINS)
@pytest.mark.parametrize("name", ["encryption-key.yaml", "stream-processor.yaml", "table-reporter.yaml", "artifact-bucket.yaml"])
def test_every_arn_is_of_the_partition(name, region):
    partition = {"cn": "aws-cn", "eu": "aws-eusc"}.get(region[:2], "aws-us-gov" if "gov" in region else "aws")
    text = str(stack(name, region).resources()).replace(KEY_ARN, "").replace(STREAM_ARN, "")
    assert set(re.findall(r"arn:(aws[a-z-]*):", text)) <= {partition}
