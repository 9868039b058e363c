"""`rejudge`: a mapping is made anew in two updates, and a changed StartingPosition is refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY
from doubles import ACCOUNT, StubbedAws, stack
from doubles import context as make_context

from infra.deploy import preflight
from infra.deploy.commands import rejudge
from infra.deploy.errors import DeployError

REGION = "us-east-1"
CFN = ("cloudformation", REGION)
STREAM = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/stream/2026-11-22T12:00:00.000"
FUNCTION = "lastwriter-dev-orders-stream-processor"
OLD, NEW = "0" * 36, "1" * 36


def processor(present: str = "true", mapping_id: str = OLD, **changes: str) -> dict[str, Any]:
    parameters = {"StreamArn": STREAM, "StartingPosition": "LATEST", "HasEventSourceMapping": present, **changes}
    outputs = {"FunctionName": FUNCTION, **({"EventSourceMappingId": mapping_id} if mapping_id else {})}
    return stack("lastwriter-dev-orders-processor", "UPDATE_COMPLETE", parameters, outputs)


def watching(part: str, mapping_id: str = OLD) -> dict[str, Any]:
    return stack(f"lastwriter-dev-orders-{part}", "CREATE_COMPLETE", {"EventSourceMappingId": mapping_id})


def lay_out_checks(aws: StubbedAws, described: dict[str, Any]) -> None:
    for answer in (described, watching("alarms"), watching("dashboard")):
        aws.answer(*CFN, "describe_stacks", answer)
        aws.answer(*CFN, "describe_stacks", answer)
    aws.answer(*CFN, "describe_stacks", described)


def lay_out_update(aws: StubbedAws, before: dict[str, Any], parameters: list[dict[str, Any]],
                   after: dict[str, Any]) -> None:
    name = before["Stacks"][0]["StackName"]
    aws.answer(*CFN, "describe_stacks", before)
    aws.answer(*CFN, "create_change_set", {}, {
        "StackName": name, "ChangeSetName": ANY, "ChangeSetType": "UPDATE", "Capabilities": ANY,
        "UsePreviousTemplate": True, "Parameters": parameters})
    aws.answer(*CFN, "describe_change_set", {"Status": "CREATE_COMPLETE"})
    aws.answer(*CFN, "describe_change_set", {"Changes": []})
    aws.answer(*CFN, "execute_change_set", {})
    aws.answer(*CFN, "describe_stacks", after)


def keep(name: str) -> dict[str, Any]:
    return {"ParameterKey": name, "UsePreviousValue": True}


def give(name: str, value: str) -> dict[str, Any]:
    return {"ParameterKey": name, "ParameterValue": value}


def lay_out_renewal(aws: StubbedAws, first: dict[str, Any]) -> None:
    gone, renewed = processor("false", ""), processor("true", NEW, StartingPosition="TRIM_HORIZON")
    lay_out_update(aws, first, [keep("StreamArn"), keep("StartingPosition"), give("HasEventSourceMapping", "false")],
                   gone)
    mapping = {"UUID": OLD, "State": "Deleting"}
    request = {"EventSourceArn": STREAM, "FunctionName": FUNCTION}
    aws.answer("lambda", REGION, "list_event_source_mappings", {"EventSourceMappings": [mapping]}, request)
    aws.answer("lambda", REGION, "list_event_source_mappings", {"EventSourceMappings": []}, request)
    lay_out_update(aws, gone, [keep("StreamArn"), give("StartingPosition", "TRIM_HORIZON"),
                               give("HasEventSourceMapping", "true")], renewed)
    for part in ("alarms", "dashboard"):
        lay_out_update(aws, watching(part), [give("EventSourceMappingId", NEW)], watching(part, NEW))


@pytest.fixture(name="context")
def _context(aws: StubbedAws):  # type: ignore[no-untyped-def]
    return make_context(aws, regions=[REGION])


def test_the_old_mapping_is_gone_before_the_new_one_is_made(aws: StubbedAws, context, said) -> None:
    lay_out_checks(aws, processor())
    lay_out_renewal(aws, processor())
    rejudge.rejudge(context)
    assert "Metrics count again" in said() and "Done." in said()


def test_a_paused_mapping_stays_paused(aws: StubbedAws, said) -> None:
    context = make_context(aws, env="prod", regions=[REGION])
    lay_out_checks(aws, processor(MappingEnabled="false"))
    with pytest.raises(DeployError, match="there is no terminal to ask at"):
        rejudge.rejudge(context)
    assert "the mapping is paused and stays so" in context.console.out.getvalue()


def test_a_stack_of_an_older_template_is_updated_first(aws: StubbedAws, context) -> None:
    described = processor()
    described["Stacks"][0]["Parameters"] = [{"ParameterKey": "StreamArn", "ParameterValue": STREAM}]
    lay_out_checks(aws, described)
    with pytest.raises(DeployError, match="made by an older template.*\n.*run `make deploy`"):
        rejudge.rejudge(context)


@pytest.mark.parametrize(("wanted", "refused"), [("TRIM_HORIZON", True), ("LATEST", False)])
def test_a_changed_starting_position_is_refused_with_the_way_to_judge_again(
        aws: StubbedAws, wanted: str, refused: bool) -> None:
    context = make_context(aws, regions=[REGION], params=f"StartingPosition={wanted}")
    aws.answer(*CFN, "describe_stacks", processor())
    if not refused:
        preflight.check_mappings(context, [REGION])
        return
    expected = "in us-east-1 began at LATEST, and StartingPosition cannot be changed"
    with pytest.raises(DeployError, match=expected) as raised:
        preflight.check_mappings(context, [REGION])
    assert "make rejudge PROJECT=lastwriter ENV=dev TABLE=orders REGIONS=us-east-1" in str(raised.value)


def test_a_deploy_after_an_interrupted_rejudge_is_refused(aws: StubbedAws, context) -> None:
    aws.answer(*CFN, "describe_stacks", processor("false", ""))
    with pytest.raises(DeployError, match="`make rejudge` was interrupted") as raised:
        preflight.check_mappings(context, [REGION])
    assert "finish it: make rejudge" in str(raised.value)
