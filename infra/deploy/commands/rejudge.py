"""`make rejudge`: a new event source mapping at TRIM_HORIZON, which judges again what the stream still holds.

A second mapping of the same stream to the same function is refused (Lambda API reference, CreateEventSourceMapping:
ResourceConflictException), and CloudFormation makes a replacement before it deletes what it replaces, so a changed
StartingPosition runs into that refusal. Hence two updates: one without the mapping, one with it.
"""

from __future__ import annotations

from infra.deploy import regional, stacks
from infra.deploy.context import Context
from infra.deploy.deployer import no_template
from infra.deploy.errors import DeployError
from infra.deploy.stacks import Stack

PRESENT = "HasEventSourceMapping"


def rejudge(context: Context, region: str = "") -> None:
    """Delete each Region's mapping and make it anew. Interrupted, it can be run again and goes on."""
    console, names = context.console, context.names
    regions = context.one_or_all(region)
    processors = {one: _check(context, one) for one in regions}

    console.plan(f"make rejudge {names.arguments()}", [
        f"delete the event source mapping of {names.stack('processor')} in {', '.join(regions)}",
        "make it anew at TRIM_HORIZON: the processor judges again what each stream still holds, 24 hours at most",
        "tell alarms and dashboards the new mapping's id",
    ])
    console.step("Nothing is lost meanwhile: a stream keeps its records whether they are read or not.")
    console.step("The ledger holds each entry once, with the status that you gave it. Metrics count again: expect the "
                 "alarms about conflicts and iterator age until the processor has caught up.")
    for one, processor in processors.items():
        if processor.parameters.get("MappingEnabled") == "false":
            console.step(f"{one}: the mapping is paused and stays so: it begins to read with `make resume`.")
    console.confirm(names.env, f"judge again what the streams of {names.table} hold.")

    regional.each(regions, lambda one: _renew(context, one, processors[one]))
    console.title("Done. The backlog shows as IteratorAge on the dashboard until it is worked off.")


def _check(context: Context, region: str) -> Stack:
    """The processor's stack, from a template that can leave the mapping out, and the stacks that name the mapping."""
    for part in ("processor", "alarms", "dashboard"):
        context.require(region, part)
        stacks.check_usable(context.aws, region, context.names.stack(part))
    processor = context.require(region, "processor")
    if PRESENT not in processor.parameters:
        raise DeployError(
            f"Stack {processor.name} in {region} was made by an older template, which cannot leave the mapping out.",
            "run `make deploy` (or `make attach`) first, then this again.",
        )
    return processor


def _renew(context: Context, region: str, processor: Stack) -> None:
    names = context.names
    deployer = context.deployer(no_template, "processor/EventSourceMapping")
    deployer.set_parameters(region, processor.name, {PRESENT: "false"})
    _await_deletion(context, region, processor)
    update = deployer.set_parameters(region, processor.name, {PRESENT: "true", "StartingPosition": "TRIM_HORIZON"})
    mapping_id = update.stack.output("EventSourceMappingId")
    for part in ("alarms", "dashboard"):
        deployer.set_parameters(region, names.stack(part), {"EventSourceMappingId": mapping_id})


def _await_deletion(context: Context, region: str, processor: Stack) -> None:
    """Lambda deletes a mapping in the background; until it is gone, a new one would be refused."""
    client = context.aws.client("lambda", region)

    def gone() -> bool | None:
        found = client.list_event_source_mappings(
            EventSourceArn=processor.parameters["StreamArn"], FunctionName=processor.output("FunctionName"))
        return None if found["EventSourceMappings"] else True

    context.waiter.until(gone, f"the deletion of the mapping in {region}", 600)
