"""Our own policy checks. Each takes templates by name and returns what is wrong, in words; nothing is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Templates = dict[str, dict]


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a template, with where it stands."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from walk(inner, f"{path}/{number}")


def statements(templates: Templates) -> Iterator[tuple[str, dict]]:
    for name, template in templates.items():
        for path, value in walk(template["Resources"], name):
            if isinstance(value, dict) and value.get("Effect") in ("Allow", "Deny"):
                yield path, value


def as_list(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def wildcards(templates: Templates) -> list[str]:
    """No Allow may name every principal, or any action by a wildcard."""
    found = []
    for path, statement in statements(templates):
        if statement["Effect"] != "Allow":
            continue
        if "NotAction" in statement or "NotPrincipal" in statement or "NotResource" in statement:
            found.append(f"{path}: an Allow says what it leaves out, not what it allows")
        found += [f"{path}: the action {a}" for a in as_list(statement.get("Action", [])) if "*" in str(a)]
        principal = statement.get("Principal", [])
        for who in as_list(principal) if not isinstance(principal, dict) else [w for v in principal.values() for w in as_list(v)]:
            if "*" in str(who):
                found.append(f"{path}: the principal {who}")
    return found


# Actions that know no resources, and what limits them instead; and key policies, whose resource is the key itself.
UNLIMITED = {
    "cloudwatch:PutMetricData",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


def broad_resources(templates: Templates) -> list[str]:
    """An Allow of a role names its resources, unless its actions know none; PutMetricData is limited by namespace."""
    found = []
    for path, statement in statements(templates):
        if statement["Effect"] != "Allow" or "/KeyPolicy/" in path or statement.get("Resource") != "*":
            continue
        actions = set(as_list(statement["Action"]))
        if not actions <= UNLIMITED:
            found.append(f"{path}: {sorted(actions - UNLIMITED)} on every resource")
        if "cloudwatch:PutMetricData" in actions:
            limit = statement.get("Condition", {}).get("StringEquals", {}).get("cloudwatch:namespace")
            if limit != {"Ref": "MetricsNamespace"}:
                found.append(f"{path}: PutMetricData into every namespace")
    return found


REPLICA = {
    "SSESpecification": lambda v: v and v.get("KMSMasterKeyId"),
    "PointInTimeRecoverySpecification": lambda v: v
    and v["PointInTimeRecoveryEnabled"] == {"Ref": "PointInTimeRecoveryEnabled"},
    "DeletionProtectionEnabled": lambda v: v == {"Ref": "DeletionProtectionEnabled"},
    "ResourcePolicy": lambda v: v and refuses_plain_http(v["Fn::If"][1]["PolicyDocument"]),
    "ContributorInsightsSpecification": lambda v: v and v["Fn::If"][1]["Mode"] == {"Ref": "ContributorInsightsMode"},
    "Tags": lambda v: bool(v),
}


def refuses_plain_http(document: dict) -> bool:
    """A Deny of everything to everyone where TLS is missing, by Bool, on the table and on its indexes."""
    return any(
        s["Effect"] == "Deny"
        and s["Principal"] == "*"
        and str(s["Action"]).endswith(":*")
        and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and len(as_list(s["Resource"])) == 2
        for s in document["Statement"]
    )


def replicas(templates: Templates) -> list[str]:
    """Every replica has its key, recovery, deletion protection, policy, insights and tags; both guards are on by default."""
    template = templates["global-table.yaml"]
    found = []
    entries = template["Resources"]["GlobalTable"]["Properties"]["Replicas"]
    for number, entry in enumerate(entries, 1):
        replica = entry["Fn::If"][1] if "Fn::If" in entry else entry
        found += [f"replica {number}: {k}" for k, right in REPLICA.items() if not right(replica.get(k))]
    if len(entries) != 5:
        found.append(f"{len(entries)} replicas")
    for name in ("PointInTimeRecoveryEnabled", "DeletionProtectionEnabled"):
        if template["Parameters"][name]["Default"] != "true":
            found.append(f"{name} is off by default")
    table = template["Resources"]["GlobalTable"]["Properties"]
    if table.get("SSESpecification") != {"SSEEnabled": True, "SSEType": "KMS"}:
        found.append("the table is not encrypted with KMS")
    return found


RETAINED = {
    ("global-table.yaml", "GlobalTable"): {"Retain"},
    ("encryption-key.yaml", "PrimaryKey"): {"Retain"},
    ("encryption-key.yaml", "ReplicaKey"): {"Retain"},
    ("stream-processor.yaml", "Ledger"): {"Retain"},
    ("stream-processor.yaml", "FailureBucket"): {"Retain", "RetainExceptOnCreate"},
    ("backup-plan.yaml", "Vault"): {"Retain", "RetainExceptOnCreate"},
}


def ledger(templates: Templates) -> list[str]:
    """The ledger holds what was lost elsewhere: protected against deletion, recoverable, by TLS alone."""
    properties = templates["stream-processor.yaml"]["Resources"]["Ledger"]["Properties"]
    found = []
    if properties.get("DeletionProtectionEnabled") is not True:
        found.append("the ledger can be deleted")
    if not refuses_plain_http(properties.get("ResourcePolicy", {}).get("PolicyDocument", {"Statement": []})):
        found.append("the ledger answers without TLS")
    if properties.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
        found.append("the ledger cannot be restored")
    return found


def kept(templates: Templates) -> list[str]:
    """What holds data, or the key to it, outlives its stack and its replacement."""
    found = []
    for (name, logical_id), allowed in RETAINED.items():
        resource = templates[name]["Resources"][logical_id]
        if resource.get("DeletionPolicy") not in allowed:
            found.append(f"{name}: {logical_id} goes with its stack")
        if resource.get("UpdateReplacePolicy") != "Retain":
            found.append(f"{name}: {logical_id} goes when it is replaced")
    return found


def alarms(templates: Templates) -> list[str]:
    """Every alarm acts, says what to do, has a rule for missing data, and needs more periods than one to be looked at.

    A composite acts not: its alarms do, and two messages of one trouble are one too many.
    """
    found = []
    for name, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            if not resource["Type"].startswith("AWS::CloudWatch::") or not resource["Type"].endswith("Alarm"):
                continue
            properties, where = resource["Properties"], f"{name}: {logical_id}"
            if "Do: " not in str(properties.get("AlarmDescription")):
                found.append(f"{where} does not say what to do")
            if resource["Type"] == "AWS::CloudWatch::CompositeAlarm":
                found += [f"{where} tells beside its alarms" for a in ("AlarmActions", "OKActions") if properties.get(a)]
                continue
            if properties.get("AlarmActions") != [{"Ref": "TopicArn"}]:
                found.append(f"{where} has no AlarmActions")
            if properties.get("OKActions", [{"Ref": "TopicArn"}]) != [{"Ref": "TopicArn"}]:
                found.append(f"{where} tells somebody else that it is over")
            if properties.get("TreatMissingData") not in ("breaching", "notBreaching", "ignore"):
                found.append(f"{where} has no rule for missing data")
            if not 1 <= properties.get("DatapointsToAlarm", 0) <= properties["EvaluationPeriods"] or properties["EvaluationPeriods"] < 3:
                found.append(f"{where} goes on and off with single periods")
    return found


def encryption(templates: Templates) -> list[str]:
    """Ledger, failure bucket, topic and logs are encrypted with the Region's key."""
    found, key = [], {"Ref": "KeyArn"}
    for name in ("stream-processor.yaml", "table-reporter.yaml"):
        for logical_id, resource in templates[name]["Resources"].items():
            text = str(resource["Properties"])
            if resource["Type"] in (
                "AWS::DynamoDB::Table",
                "AWS::S3::Bucket",
                "AWS::SNS::Topic",
                "AWS::Logs::LogGroup",
            ) and str(key) not in text:
                found.append(f"{name}: {logical_id} is not encrypted with KeyArn")
            if resource["Type"] == "AWS::Logs::LogGroup" and "RetentionInDays" not in resource["Properties"]:
                found.append(f"{name}: {logical_id} keeps its logs for ever")
    return found


def mapping(templates: Templates) -> list[str]:
    """The mapping loses nothing in silence."""
    properties = templates["stream-processor.yaml"]["Resources"]["EventSourceMapping"]["Properties"]
    right = {
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MetricsConfig": {"Metrics": ["EventCount"]},
        "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["FailureBucket", "Arn"]}}},
        "StartingPosition": {"Ref": "StartingPosition"},
    }
    found = [f"the mapping's {k}" for k, v in right.items() if properties.get(k) != v]
    parameters = templates["stream-processor.yaml"]["Parameters"]
    if parameters["MaximumBatchingWindowInSeconds"]["MinValue"] < 1:
        found.append("the batching window may be 0")
    # What the stream has forgotten (24 hours) reaches no destination, and DroppedEventCount leaves it out.
    if parameters["MaximumRecordAgeInSeconds"]["MaxValue"] >= 86400:
        found.append("a record may outlive its stream before it goes to the failure bucket")
    if parameters["MaximumRetryAttempts"]["Default"] != -1:
        found.append("a batch is given up before it is too old")
    return found


ALL = [wildcards, broad_resources, replicas, kept, ledger, alarms, encryption, mapping]
