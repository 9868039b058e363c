"""What an alarm is, apart from CloudFormation: which figure, which limit, what it means, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .names import ALARM_PREFIX, ref, sub


@dataclass(frozen=True)
class Metric:
    """One metric of an alarm: where it is published, and which statistic of it is meant."""

    namespace: Any
    name: str
    dimensions: tuple[tuple[str, Any], ...]
    stat: str

    def query(self, query_id: str, period: int) -> dict:
        return {
            "Id": query_id,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": self.namespace,
                    "MetricName": self.name,
                    "Dimensions": [{"Name": n, "Value": v} for n, v in self.dimensions],
                },
                "Period": period,
                "Stat": self.stat,
            },
        }


NOTHING_FOLLOWS = "IF(m1 > 0 AND SUM([m1, m2]) <= m1, 1, 0)"
"""1 where m1 counts something and m2 counts nothing.

The second figure may never have been published. What FILL, or arithmetic on two series, makes of such a one is not said
beyond doubt, so every operator here meets points of m1 alone, and the missing ones go into SUM of a list, which leaves them out.
"""


@dataclass(frozen=True)
class Instance:
    """Which of several alikes an alarm is about: the Region or the index, by which its name ends."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Alarm:
    """An alarm, and the page that tells a person what to do about it.

    `missing` is TreatMissingData and `missing_why` its reason. `within` of the last `out_of` periods must breach: the gap
    between the two is what keeps a value near the limit from flapping. `section` is the alarm's heading in the README,
    shared by alarms that differ only in their instance. `recovers`: its end is news. A count ends by itself when nothing more
    is counted, which says nothing; a state that is over is worth a message.
    """

    logical_id: str
    slug: str
    section: str
    means: str
    do: str
    metrics: tuple[Metric, ...]
    threshold: Any
    missing: str
    missing_why: str
    period: int = 300
    within: int = 1
    out_of: int = 3
    comparison: str = "GreaterThanThreshold"
    expression: Any = None
    condition: str | None = None
    instance: Instance | None = None
    unhealthy: bool = False
    recovers: bool = False

    @property
    def name(self) -> dict:
        """The alarm's name in CloudWatch: by its Region or index, so that a person who reads it knows which."""
        return self.substituted(f"{ALARM_PREFIX}{self.slug}")

    def substituted(self, text: str) -> dict:
        """The text, with the instance at its end where there is one."""
        if self.instance is None:
            return sub(text)
        return {"Fn::Sub": [f"{text}-${{Instance}}", {"Instance": self.instance.value}]}


def own(name: str, stat: str, **dimensions: Any) -> Metric:
    """A metric of our functions, for this table."""
    return Metric(ref("MetricsNamespace"), name, (("TableName", ref("TableName")), *dimensions.items()), stat)


def dynamodb(name: str, stat: str, **dimensions: Any) -> Metric:
    """A metric of DynamoDB, for this table."""
    return Metric("AWS/DynamoDB", name, (("TableName", ref("TableName")), *dimensions.items()), stat)


def function(name: str, stat: str, function_name: Any) -> Metric:
    """A metric of a Lambda function."""
    return Metric("AWS/Lambda", name, (("FunctionName", function_name),), stat)


def mapping(name: str, stat: str = "Sum") -> Metric:
    """A count of the event source mapping. The function's own metrics do not show partial batch failures."""
    return Metric("AWS/Lambda", name, (("EventSourceMappingUUID", ref("EventSourceMappingId")),), stat)
