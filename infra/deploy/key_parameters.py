"""Keys and indexes of the table: how global-table.yaml's parameters name them, and what they may not be together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.deploy.errors import DeployError

GLOBAL_INDEXES = ("Gsi1", "Gsi2", "Gsi3", "Gsi4")
LOCAL_INDEXES = ("Lsi1", "Lsi2")
"""What the parameters of each index that the template can make begin with."""

NO_ATTRIBUTES = "none"
"""The value of NonKeyAttributes where the projection takes none."""


def index_names(values: dict[str, str]) -> list[str]:
    """The global secondary indexes that the table gets."""
    return [values[f"{index}Name"] for index in GLOBAL_INDEXES if values[f"{index}Name"]]


def _used(values: dict[str, str]) -> Iterator[str]:
    """The parameters that name a key attribute of the table or of an index that there is."""
    yield "PartitionKey"
    yield from ["SortKey"] if values["SortKey"] else []
    for index in GLOBAL_INDEXES:
        if values[f"{index}Name"]:
            yield f"{index}PartitionKey"
            yield from [f"{index}SortKey"] if values[f"{index}SortKey"] else []
    for index in LOCAL_INDEXES:
        if values[f"{index}Name"]:
            yield f"{index}SortKey"


def check(values: dict[str, str]) -> None:
    """An attribute of several keys has one type, and each index its own name. The template's rules cannot compare these."""
    first: dict[str, str] = {}
    for parameter in _used(values):
        attribute, kind = values[parameter], values[f"{parameter}Type"]
        before = first.setdefault(attribute, parameter)
        if values[f"{before}Type"] != kind:
            raise DeployError(
                f"The attribute {attribute} is {values[f'{before}Type']} as {before} and {kind} as {parameter}. "
                "Nothing was changed.", f"give {before}Type and {parameter}Type the same value in PARAMS.")
    named: dict[str, str] = {}
    for index in (*GLOBAL_INDEXES, *LOCAL_INDEXES):
        name = values[f"{index}Name"]
        if not name:
            continue
        if name in named:
            raise DeployError(f"{named[name]}Name and {index}Name are both {name}. Nothing was changed.",
                              "give each index a name of its own in PARAMS.")
        named[name] = index


def problems(description: dict[str, Any]) -> list[str]:
    """What a table has, as DescribeTable tells it, that the parameters cannot say."""
    found = []
    for kind, member, slots in (("global", "GlobalSecondaryIndexes", GLOBAL_INDEXES),
                                ("local", "LocalSecondaryIndexes", LOCAL_INDEXES)):
        indexes = description.get(member, [])
        if len(indexes) > len(slots):
            found.append(f"it has {len(indexes)} {kind} secondary indexes, and the template at most {len(slots)}")
        for index in indexes:
            schema = [key["KeyType"] for key in index["KeySchema"]]
            if schema.count("HASH") > 1 or schema.count("RANGE") > 1:
                found.append(f"the key of its index {index['IndexName']} has several attributes of one kind")
            projected = index["Projection"].get("NonKeyAttributes", [])
            if any("," in name for name in projected) or projected == [NO_ATTRIBUTES]:
                found.append(f"its index {index['IndexName']} projects {projected}, which the parameter cannot say")
    return found


def of_table(description: dict[str, Any]) -> dict[str, str]:
    """The parameters that describe the keys and indexes of a table as DescribeTable tells them."""
    types = {one["AttributeName"]: one["AttributeType"] for one in description["AttributeDefinitions"]}

    def key(start: str, schema: list[dict[str, str]], with_partition: bool = True) -> dict[str, str]:
        names = {one["KeyType"]: one["AttributeName"] for one in schema}
        answer: dict[str, str] = {}
        if with_partition:
            answer |= {f"{start}PartitionKey": names["HASH"], f"{start}PartitionKeyType": types[names["HASH"]]}
        answer[f"{start}SortKey"] = names.get("RANGE", "")
        if "RANGE" in names:
            answer[f"{start}SortKeyType"] = types[names["RANGE"]]
        return answer

    answer = key("", description["KeySchema"])
    for member, slots in (("GlobalSecondaryIndexes", GLOBAL_INDEXES), ("LocalSecondaryIndexes", LOCAL_INDEXES)):
        indexes = sorted(description.get(member, []), key=lambda index: index["IndexName"])
        answer |= {f"{slot}Name": "" for slot in slots[len(indexes):]}
        for slot, index in zip(slots, indexes, strict=False):
            answer[f"{slot}Name"] = index["IndexName"]
            answer |= key(slot, index["KeySchema"], with_partition=slots is GLOBAL_INDEXES)
            answer[f"{slot}Projection"] = index["Projection"]["ProjectionType"]
            answer[f"{slot}NonKeyAttributes"] = ",".join(
                index["Projection"].get("NonKeyAttributes", [NO_ATTRIBUTES]))
    return answer
