"""What alarms and dashboards share: names, parameters, conditions, and the operations that metrics are split by."""

from __future__ import annotations

PREFIX = "${ProjectName}-${Environment}-${TableLabel}"
ALARM_PREFIX = f"{PREFIX}."
"""A label may hold no dot, so no other table's alarms begin like this: `orders-eu` is not of `orders`."""
PROCESSOR = f"{PREFIX}-stream-processor"
REPORTER = f"{PREFIX}-table-reporter"

MAX_REGIONS = 5
MAX_INDEXES = 5

# The operations of a table. Ten: a metric-math alarm takes ten metrics at most.
OPERATIONS = [
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
]

# The operations of one item, whose latency is DynamoDB's own. What the others take depends on how much they ask for.
SINGLE_ITEM_OPERATIONS = ["GetItem", "PutItem", "UpdateItem", "DeleteItem"]

# The kinds of a conflict (the specification, section 3).
KINDS = [
    "update_update",
    "insert_insert",
    "update_delete",
    "delete_update",
    "delete_delete",
    "overwrite",
]

_REGION = (
    "(?:af|ap|ca|cn|eu|eusc-de|il|me|mx|sa|us)(?:-gov|-iso[a-f]?)?"
    "-(?:central|east|north|northeast|northwest|south|southeast|southwest|west)-[1-9]"
)
# The look-ahead refuses an entry that stands twice.
REGIONS_PATTERN = r"^(?!(?:.*,)?([a-z0-9-]+),(?:.*,)?\1(?:,|$))" + f"{_REGION}(?:,{_REGION}){{1,4}}$"
INDEXES_PATTERN = (
    r"^$|^(?!(?:.*,)?([a-zA-Z0-9_.-]+),(?:.*,)?\1(?:,|$))"
    r"[a-zA-Z0-9_.-]{3,200}(?:,[a-zA-Z0-9_.-]{3,200}){0,4}$"
)
# 200 of an index's 255 characters: an alarm's name ends in it, and may have 255 in all.


def ref(name: str) -> dict:
    return {"Ref": name}


def sub(text: str) -> dict:
    return {"Fn::Sub": text}


def region(position: int) -> dict:
    """The Region at this position of `Regions`, counted from 1, or "-" where there is none."""
    padded = {"Fn::Join": [",", [ref("Regions"), ",".join("-" * (MAX_REGIONS - 2))]]}
    source = ref("Regions") if position <= 2 else padded
    return {"Fn::Select": [position - 1, {"Fn::Split": [",", source]}]}


def index(position: int) -> dict:
    """The index at this position of `IndexNames`, counted from 1, or "-" where there is none."""
    padded = {"Fn::Join": [",", [ref("IndexNames"), ",".join("-" * MAX_INDEXES)]]}
    return {"Fn::Select": [position - 1, {"Fn::Split": [",", padded]}]}


def parameters(*names: str) -> dict:
    """The parameters with these names, as a template declares them."""
    known = {
        "ProjectName": {
            "Type": "String",
            "Default": "lastwriter",
            "AllowedPattern": "^[a-z][a-z0-9]{0,9}$",
            "ConstraintDescription": "1 to 10 lower-case letters and digits, a letter first.",
            "Description": "First part of every name.",
        },
        "Environment": {
            "Type": "String",
            "Default": "dev",
            "AllowedValues": ["dev", "staging", "prod"],
            "Description": "Second part of every name.",
        },
        "TableLabel": {
            "Type": "String",
            "AllowedPattern": "^[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$",
            "ConstraintDescription": "1 to 15 of a-z, 0-9 and -, neither beginning nor ending with -.",
            "Description": "Stands for the table in names (INTERFACE.md says how it is made).",
        },
        "TableName": {
            "Type": "String",
            "AllowedPattern": "^[a-zA-Z0-9_.-]{3,255}$",
            "ConstraintDescription": "3 to 255 of a-z, A-Z, 0-9, _, . and -.",
            "Description": "The table.",
        },
        "Regions": {
            "Type": "String",
            "AllowedPattern": REGIONS_PATTERN,
            "ConstraintDescription": "Two to five Regions, comma-separated without spaces, none twice.",
            "Description": "The replicas' Regions, the primary first.",
        },
        "IndexNames": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": INDEXES_PATTERN,
            "ConstraintDescription": "Empty, or up to five index names of 3 to 200 characters, comma-separated without spaces, none twice.",
            "Description": "The table's global secondary indexes.",
        },
        "ConsistencyMode": {
            "Type": "String",
            "Default": "EVENTUAL",
            "AllowedValues": ["EVENTUAL", "STRONG"],
            "Description": "The table's multi-Region consistency. STRONG publishes no ReplicationLatency.",
        },
        "BillingMode": {
            "Type": "String",
            "Default": "PAY_PER_REQUEST",
            "AllowedValues": ["PAY_PER_REQUEST", "PROVISIONED"],
            "Description": "The table's. PROVISIONED is compared with its capacity, PAY_PER_REQUEST with its maxima.",
        },
        "MetricsNamespace": {
            "Type": "String",
            "Default": "LastWriter",
            "AllowedPattern": "^[A-Za-z0-9._/#-]{1,255}$",
            "ConstraintDescription": "1 to 255 of A-Z, a-z, 0-9, ., _, /, # and -.",
            "Description": "CloudWatch namespace of the functions' metrics.",
        },
        "EventSourceMappingId": {
            "Type": "String",
            "AllowedPattern": "^[0-9a-f-]{36}$",
            "ConstraintDescription": "The UUID of the processor's event source mapping.",
            "Description": "A dimension of the mapping's metrics.",
        },
        "TopicArn": {
            "Type": "String",
            "AllowedPattern": "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:.+$",
            "ConstraintDescription": "The ARN of a topic of this Region.",
            "Description": "Where alarms go.",
        },
        "RunbookUrl": {
            "Type": "String",
            "Default": "infra/README.md",
            "AllowedPattern": "^[^ #$]{1,120}$",
            "ConstraintDescription": "1 to 120 characters, without spaces, # and $.",
            "Description": "Where infra/README.md can be read: an alarm's message links to its section there.",
        },
        "PrimaryRegion": {
            "Type": "String",
            "AllowedPattern": f"^{_REGION}$",
            "ConstraintDescription": "One Region.",
            "Description": "The Region that gets the dashboard across Regions too.",
        },
    }
    return {name: known[name] for name in names}


def conditions() -> dict:
    """The conditions that say which Regions, indexes and modes there are."""
    found: dict = {
        "IsEventual": {"Fn::Equals": [ref("ConsistencyMode"), "EVENTUAL"]},
        "IsProvisioned": {"Fn::Equals": [ref("BillingMode"), "PROVISIONED"]},
        "IsOnDemand": {"Fn::Equals": [ref("BillingMode"), "PAY_PER_REQUEST"]},
        "HasIndex1": {"Fn::Not": [{"Fn::Equals": [ref("IndexNames"), ""]}]},
    }
    for i in range(2, MAX_INDEXES + 1):
        found[f"HasIndex{i}"] = {"Fn::Not": [{"Fn::Equals": [index(i), "-"]}]}
    for i in range(1, MAX_INDEXES + 1):
        found[f"HasProvisionedIndex{i}"] = {"Fn::And": [{"Condition": f"HasIndex{i}"}, {"Condition": "IsProvisioned"}]}
    for i in range(3, MAX_REGIONS + 1):
        found[f"HasRegion{i}"] = {"Fn::Not": [{"Fn::Equals": [region(i), "-"]}]}
    for i in range(1, MAX_REGIONS + 1):
        parts = [{"Condition": "IsEventual"}, {"Fn::Not": [{"Fn::Equals": [region(i), ref("AWS::Region")]}]}]
        if i > 2:
            parts.append({"Condition": f"HasRegion{i}"})
        found[f"SendsToRegion{i}"] = {"Fn::And": parts}
    return found
