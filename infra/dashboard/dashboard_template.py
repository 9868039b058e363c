"""Makes `templates/dashboard.yaml` out of the dashboards."""

from __future__ import annotations

from .alarms_template import used_conditions
from .all_regions_dashboard import across_regions
from .cfn_yaml import dump
from .names import PREFIX, parameters, ref, sub
from .region_dashboard import by_region

HEADER = """\
AWSTemplateFormatVersion: "2010-09-09"
Description: The dashboard of one Region, and in the primary Region the one across Regions.

# Made by infra/dashboard/generate.py out of region_dashboard.py and all_regions_dashboard.py there. Change those.
#
# Interface (the whole of it is in INTERFACE.md)
#   Parameters: ProjectName, Environment, TableLabel, TableName, Regions, IndexNames, ConsistencyMode, BillingMode,
#               MetricsNamespace, PrimaryRegion, EventSourceMappingId
#   Outputs:    DashboardName, DashboardUrl; in the primary Region AllRegionsDashboardName, AllRegionsDashboardUrl

"""

# Dashboards are not Regional: without the Region in its name the second Region's would overwrite the first one's.
NAME = f"{PREFIX}-${{AWS::Region}}"
ALL_NAME = f"{PREFIX}-all-regions-from-${{AWS::Region}}"
URL = "https://${AWS::Region}.${Console}/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/"
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""Where the console of each partition is."""


def url(name: str) -> dict:
    return {"Fn::Sub": [URL + name, {"Console": {"Fn::FindInMap": ["Partitions", ref("AWS::Partition"), "Console"]}}]}


def render() -> str:
    declared = parameters(
        "ProjectName",
        "Environment",
        "TableLabel",
        "TableName",
        "Regions",
        "IndexNames",
        "ConsistencyMode",
        "BillingMode",
        "MetricsNamespace",
        "PrimaryRegion",
        "EventSourceMappingId",
    )
    resources = {
        "RegionDashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": sub(NAME), "DashboardBody": by_region().body()},
        },
        "AllRegionsDashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Condition": "IsPrimary",
            "Properties": {"DashboardName": sub(ALL_NAME), "DashboardBody": across_regions().body()},
        },
    }
    is_primary = {"IsPrimary": {"Fn::Equals": [ref("PrimaryRegion"), ref("AWS::Region")]}}
    outputs = {
        "DashboardName": {"Description": "This Region's dashboard.", "Value": ref("RegionDashboard")},
        "DashboardUrl": {"Description": "Its address.", "Value": url(NAME)},
        "AllRegionsDashboardName": {
            "Condition": "IsPrimary",
            "Description": "The dashboard across Regions.",
            "Value": ref("AllRegionsDashboard"),
        },
        "AllRegionsDashboardUrl": {"Condition": "IsPrimary", "Description": "Its address.", "Value": url(ALL_NAME)},
    }
    used = used_conditions([r["Properties"] for r in resources.values()]) | is_primary
    mappings = {"Partitions": {partition: {"Console": console} for partition, console in CONSOLES.items()}}
    parts = [{"Parameters": declared}, {"Mappings": mappings}, {"Conditions": used}, {"Resources": resources}, {"Outputs": outputs}]
    return HEADER + "\n".join(dump(part) for part in parts)
