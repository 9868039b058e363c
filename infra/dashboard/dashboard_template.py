"""Makes `templates/dashboard.yaml` out of the dashboards."""

from __future__ import annotations

from .alarms_template import used_conditions
from .all_regions_dashboard import across_regions
from .cfn_yaml import dump
from .links import ALL_NAME, NAME, partitions, url
from .names import parameters, ref, sub
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
    parts = [{"Parameters": declared}, {"Mappings": partitions()}, {"Conditions": used}, {"Resources": resources}, {"Outputs": outputs}]
    return HEADER + "\n".join(dump(part) for part in parts)
