"""Links into the console, which each partition has somewhere else."""

from __future__ import annotations

from .names import PREFIX, ref

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
CONSOLE = {"Fn::FindInMap": ["Partitions", ref("AWS::Partition"), "Console"]}
"""The console of the stack's partition, for the variable of URL."""


def partitions() -> dict:
    """The mapping that CONSOLE looks into."""
    return {"Partitions": {partition: {"Console": console} for partition, console in CONSOLES.items()}}


def url(name: str) -> dict:
    """The address of a dashboard."""
    return {"Fn::Sub": [URL + name, {"Console": CONSOLE}]}
