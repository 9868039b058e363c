"""ministack with the gaps filled that our templates fall into, run as a program: `python emulator_gaps.py`.

Each gap is a function named for what the emulator does not do, and teaches it to. The product and the templates
know nothing of them. Two that no test needs are left open: partial batch failures are ignored, and metric math is not
evaluated. The program binds a port of the system's choice on the loopback, prints it, and ends with its parent.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

VERSION = "1.5.33"
"""The emulator whose gaps these are. They reach into its modules, so another version needs another look."""

GAPS: list[Callable[[], None]] = []


def gap(fill: Callable[[], None]) -> Callable[[], None]:
    """Register a gap's filler."""
    GAPS.append(fill)
    return fill


def _handlers() -> dict[str, dict[str, Any]]:
    from ministack.services.cloudformation import provisioners

    return provisioners._RESOURCE_HANDLERS


def _checked(response: tuple[int, Any, Any], what: str) -> Any:
    """The body of a service's answer; an error becomes the failure of the resource."""
    status, _, body = response
    if status >= 400:
        raise ValueError(f"{what}: {body!r}")
    try:
        return json.loads(body) if body else {}
    except ValueError:
        return body


@gap
def conditions_know_only_ref_equals_and_select_of_a_ref() -> None:
    """Conditions with Split, Join and Select, which tell how many Regions there are, evaluate to what they mean."""
    from ministack.services.cloudformation import changesets, engine, handlers, stacks

    def evaluate(template: dict[str, Any], params: dict[str, Any]) -> dict[str, bool]:
        declared = template.get("Conditions", {})
        known: dict[str, bool] = {}

        def value(node: Any) -> Any:
            return engine._resolve_refs(node, {}, params, known, template.get("Mappings", {}), "", "")

        def holds(node: Any) -> bool:
            (function, arguments), = node.items()
            if function == "Condition":
                return condition(arguments)
            if function == "Fn::Equals":
                return str(value(arguments[0])) == str(value(arguments[1]))
            if function == "Fn::Not":
                return not holds(arguments[0])
            if function in ("Fn::And", "Fn::Or"):
                return (all if function == "Fn::And" else any)([holds(argument) for argument in arguments])
            raise ValueError(f"Template format error: {function} is not a condition function")

        def condition(name: str) -> bool:
            if name not in known:
                known[name] = holds(declared[name])
            return known[name]

        return {name: condition(name) for name in declared}

    for module in (changesets, engine, handlers, stacks):
        module._evaluate_conditions = evaluate


@gap
def change_sets_leave_out_the_conditions_of_resources() -> None:
    """A resource whose condition does not hold is in no change set, and one whose condition ends is removed."""
    from ministack.services.cloudformation import changesets

    original = changesets._resolve_props_for_diff

    def resolved(template: dict[str, Any], params: dict[str, Any], *more: Any) -> dict[str, Any]:
        answer = original(template, params, *more)
        holds = changesets._evaluate_conditions(template, params)
        kept = {logical_id: resource for logical_id, resource in answer.get("Resources", {}).items()
                if holds.get(template["Resources"][logical_id].get("Condition", ""), True)}
        return {**answer, "Resources": kept}

    changesets._resolve_props_for_diff = resolved


@gap
def rule_functions_have_no_short_form() -> None:
    """`!Contains` and the other functions of Rules are read in their short form too."""
    from ministack.services.cloudformation import engine

    for name in ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll"):
        engine.CfnLoader.add_constructor(f"!{name}", engine._construct_cfn_tag(f"Fn::{name}"))


@gap
def replicas_of_a_global_table_are_ignored() -> None:
    """The replicas of AWS::DynamoDB::GlobalTable come into being, by UpdateTable, with their protection and TableId."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import dynamodb
    from ministack.services.cloudformation import provisioners

    def replicate(name: str, props: dict[str, Any]) -> dict[str, str]:
        table, home = dynamodb._tables[name], get_region()
        wanted = {replica["Region"]: replica for replica in props["Replicas"]}
        present = set(dynamodb._replica_group(table)) or {home}
        for region in wanted:
            if region not in present:
                _checked(dynamodb._update_table(
                    {"TableName": name, "ReplicaUpdates": [{"Create": {"RegionName": region}}]}), "replica")
        for region in present - set(wanted) - {home}:
            if dynamodb._tables.get_scoped(get_account_id(), region, name).get("DeletionProtectionEnabled"):
                raise ValueError(f"the replica in {region} is protected against deletion")
            _checked(dynamodb._update_table(
                {"TableName": name, "ReplicaUpdates": [{"Delete": {"RegionName": region}}]}), "replica")
        for region, replica in wanted.items():
            member = dynamodb._tables.get_scoped(get_account_id(), region, name)
            member["DeletionProtectionEnabled"] = str(replica.get("DeletionProtectionEnabled")).lower() == "true"
            key = replica.get("SSESpecification", {}).get("KMSMasterKeyId")
            if key:
                member["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
        return {"Arn": table["TableArn"], "TableId": table["TableId"], "StreamArn": table["LatestStreamArn"]}

    def create(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        if props["TableName"] in dynamodb._tables:
            raise ValueError(f"{props['TableName']} already exists")
        name, _ = provisioners._ddb_global_table_create(logical_id, props, stack)
        return name, replicate(name, props)

    def update(name: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        return name, replicate(name, new)

    def take(identifier: dict[str, str]) -> tuple[str, dict[str, str]]:
        table = dynamodb._tables[identifier["TableName"]]
        return identifier["TableName"], {
            "Arn": table["TableArn"], "TableId": table["TableId"], "StreamArn": table["LatestStreamArn"]}

    _handlers()["AWS::DynamoDB::GlobalTable"].update({"create": create, "update": update, "import": take})


@gap
def a_table_of_a_taken_name_is_replaced_in_silence() -> None:
    """AWS::DynamoDB::Table fails where a table has its name, as on AWS."""
    from ministack.services import dynamodb

    original = _handlers()["AWS::DynamoDB::Table"]["create"]

    def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        if props.get("TableName") in dynamodb._tables:
            raise ValueError(f"{props['TableName']} already exists")
        return original(logical_id, props, stack)

    _handlers()["AWS::DynamoDB::Table"]["create"] = create


@gap
def encryption_of_a_tables_template_is_ignored() -> None:
    """DescribeTable says which key the template of a table named."""
    from ministack.services import dynamodb

    original = _handlers()["AWS::DynamoDB::Table"]["create"]

    def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        answer = original(logical_id, props, stack)
        key = props.get("SSESpecification", {}).get("KMSMasterKeyId")
        if key:
            dynamodb._tables[answer[0]]["SSEDescription"] = {
                "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
        return answer

    _handlers()["AWS::DynamoDB::Table"]["create"] = create


@gap
def time_to_live_of_a_tables_template_is_ignored() -> None:
    """The TimeToLiveSpecification of a table in a template takes effect, on every replica."""
    from ministack.services import dynamodb

    def follow(handler: dict[str, Any], verb: str, at: int) -> None:
        original = handler[verb]

        def followed(*arguments: Any) -> Any:
            answer = original(*arguments)
            wanted = arguments[at].get("TimeToLiveSpecification")
            if wanted:
                _checked(dynamodb._update_ttl({"TableName": answer[0], "TimeToLiveSpecification": {
                    "Enabled": str(wanted.get("Enabled")).lower() == "true",
                    "AttributeName": wanted.get("AttributeName")}}), "time to live")
            return answer

        handler[verb] = followed

    for kind in ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"):
        follow(_handlers()[kind], "create", 1)
        follow(_handlers()[kind], "update", 2)


@gap
def change_sets_do_not_know_what_a_changed_property_asks_for() -> None:
    """A change set says of these types which property asks for a new resource.

    The properties are createOnlyProperties and conditionalCreateOnlyProperties of the types' CloudFormation schemas; of a
    type that it does not know, the emulator says of each property that it may.
    """
    from ministack.services.cloudformation import provisioners

    always = {
        "AWS::DynamoDB::GlobalTable": {"TableName"},
        "AWS::KMS::Key": set(),
        "AWS::KMS::ReplicaKey": {"PrimaryKeyArn"},
        "AWS::Lambda::EventSourceMapping": {"EventSourceArn", "StartingPosition"},
        "AWS::S3::Bucket": {"BucketName"},
    }
    for kind, names in always.items():
        provisioners._REPLACING_PROPERTIES[kind] = frozenset(names)
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES["AWS::DynamoDB::GlobalTable"] = frozenset(
        {"KeySchema", "LocalSecondaryIndexes"})


@gap
def there_is_no_replica_key() -> None:
    """AWS::KMS::ReplicaKey replicates the primary key into the stack's Region."""
    from ministack.core.responses import get_account_id, get_region, request_scope
    from ministack.services import kms

    def create(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        primary, home = props["PrimaryKeyArn"], get_region()
        with request_scope(get_account_id(), primary.split(":")[3]):
            metadata = _checked(kms._replicate_key({
                "KeyId": primary, "ReplicaRegion": home, "Description": props.get("Description", ""),
                "Policy": json.dumps(props["KeyPolicy"]),
                "Tags": [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in props.get("Tags", [])],
            }), "replica key")["ReplicaKeyMetadata"]
        return metadata["KeyId"], {"Arn": metadata["Arn"], "KeyId": metadata["KeyId"]}

    def update(key: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        record = kms._resolve_key(key)
        record["Policy"] = json.dumps(new["KeyPolicy"])
        return key, {"Arn": record["Arn"], "KeyId": key}

    def delete(key: str, props: dict[str, Any]) -> None:
        kms._schedule_key_deletion({"KeyId": key, "PendingWindowInDays": props.get("PendingWindowInDays", 30)})

    def take(identifier: dict[str, str]) -> tuple[str, dict[str, str]]:
        record = kms._resolve_key(identifier["KeyId"])
        return identifier["KeyId"], {"Arn": record["Arn"], "KeyId": identifier["KeyId"]}

    _handlers()["AWS::KMS::ReplicaKey"] = {"create": create, "update": update, "delete": delete, "import": take}


@gap
def there_is_no_composite_alarm() -> None:
    """AWS::CloudWatch::CompositeAlarm is put with PutCompositeAlarm, which the emulator has."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import cloudwatch

    def put(name: str, props: dict[str, Any]) -> tuple[str, dict[str, str]]:
        request = {key: value for key, value in props.items() if key != "Tags"}
        status, _, body = cloudwatch._put_composite_alarm({}, request, False, True)
        if status >= 400:
            raise ValueError(f"composite alarm {name}: {body!r}")
        return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}

    _handlers()["AWS::CloudWatch::CompositeAlarm"] = {
        "create": lambda logical_id, props, stack: put(props["AlarmName"], props),
        "update": lambda name, old, new, stack: put(name, new),
        "delete": lambda name, props: cloudwatch._composite_alarms.pop(name, None),
    }


@gap
def metric_math_alarms_are_refused() -> None:
    """An alarm on metric math is kept, never evaluated: its name exists, for a composite alarm to refer to."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import cloudwatch
    from ministack.services.cloudformation import provisioners

    handler = _handlers()["AWS::CloudWatch::Alarm"]
    create, update = handler["create"], handler["update"]

    def put(props: dict[str, Any]) -> tuple[str, dict[str, str]]:
        plain = {key: value for key, value in props.items() if key != "Metrics"}
        record = provisioners._cw_metric_alarm_record(
            props["AlarmName"], {**plain, "MetricName": "math", "Namespace": "lastwriter/not-evaluated"})
        cloudwatch.cloudformation_put_metric_alarm(record)
        return props["AlarmName"], {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:"
                                           f"{props['AlarmName']}"}

    def created(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        return put(props) if props.get("Metrics") else create(logical_id, props, stack)

    def updated(name: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None) -> Any:
        return put(new) if new.get("Metrics") else update(name, old, new, stack, logical_id)

    handler.update(create=created, update=updated)


@gap
def a_mapping_ignores_that_it_is_disabled() -> None:
    """An event source mapping made or updated by a template follows Enabled, and DescribeTable-like reads show it."""
    from ministack.services import lambda_svc

    handler = _handlers()["AWS::Lambda::EventSourceMapping"]
    create, update = handler["create"], handler["update"]

    def follow(answer: Any, props: dict[str, Any]) -> Any:
        mapping = lambda_svc._esms[answer[0]]
        mapping["Enabled"] = str(props.get("Enabled", True)).lower() == "true"
        mapping["State"] = "Enabled" if mapping["Enabled"] else "Disabled"
        return answer

    handler.update(
        create=lambda logical_id, props, stack: follow(create(logical_id, props, stack), props),
        update=lambda mapping, old, new, stack: follow(update(mapping, old, new, stack), new),
    )


@gap
def numbers_of_an_updated_mapping_stay_text() -> None:
    """A template's numbers are texts. An update keeps them so, and one such batch size stops every mapping's poller."""
    from ministack.services import dynamodb

    original = dynamodb.stream_records_since

    def since(table_name: str, position: int, limit: Any, **account: Any) -> Any:
        return original(table_name, position, int(limit), **account)

    dynamodb.stream_records_since = since


@gap
def log_events_have_no_id() -> None:
    """FilterLogEvents gives each event an eventId, which tells it from others with the same text."""
    from ministack.core.responses import json_response
    from ministack.services import cloudwatch_logs

    original = cloudwatch_logs._filter_log_events

    def filtered(data: dict[str, Any]) -> Any:
        answer = original(data)
        if answer[0] >= 400:
            return answer
        body = json.loads(answer[2])
        for number, event in enumerate(body["events"]):
            text = f"{event['logStreamName']} {event['timestamp']} {event['message']} {number}"
            event["eventId"] = hashlib.sha256(text.encode()).hexdigest()
        return json_response(body)

    cloudwatch_logs._filter_log_events = filtered


def _end_with_parent() -> None:
    """Standard input closes when the parent ends, however it ends; then this process group goes too."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Serve on the loopback until told to stop."""
    if version("ministack") != VERSION:
        sys.exit(f"ministack {version('ministack')} is installed; emulator_gaps.py is made for {VERSION}")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    port = listener.getsockname()[1]
    # Read at import: where the emulator believes itself to be, and where it tells functions that AWS is.
    os.environ.update(GATEWAY_PORT=str(port), BIND_HOST="127.0.0.1", AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.services import cloudformation  # noqa: F401 - the gaps are in its modules

    for fill in GAPS:
        fill()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = "WARNING"
    print(port, flush=True)
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
