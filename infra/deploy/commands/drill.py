"""`make drill`: pause replication on the real table, lose writes on purpose, and see whether the ledgers have each of them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from infra.deploy import pausing, probe_items, tables
from infra.deploy.artifacts import Store
from infra.deploy.aws import arn
from infra.deploy.context import Context
from infra.deploy.drill import Drill, Findings, Patience
from infra.deploy.errors import DeployError

TEMPLATE = "drill"
MAX_ITEMS = 1000

Pause = Callable[[Context, str], AbstractContextManager[None]]
"""Pauses replication to and from a Region for as long as the block lasts."""


@dataclass(frozen=True)
class DrillRequest:
    """What to do: the Region that is cut off (empty: the last of REGIONS), how many items, and the alarm that ends it."""

    region: str = ""
    items: int = 30
    stop_alarm: str = ""

    def __post_init__(self) -> None:
        if not 3 <= self.items <= MAX_ITEMS:
            raise DeployError(f"ITEMS={self.items} is outside its limits.", f"from 3 to {MAX_ITEMS}.")


def drill(context: Context, request: DrillRequest, pause: Pause | None = None, now: Callable[[], float] = time.time,
          patience: Patience | None = None) -> None:
    """Carry a drill out. Raises where a lost write is missing from a ledger, or a ledger tells of one that was not lost."""
    console, names, regions = context.console, context.names, context.regions
    if len(regions) < 2:
        raise DeployError("A drill needs two Regions.", "name both in REGIONS.")
    cut = context.one_or_all(request.region)[0] if request.region else regions[-1]
    other = regions[0] if cut != regions[0] else regions[1]
    replicas = tables.check_replicas(context.aws, [cut, other], names.table)
    if any(replica.consistency == "STRONG" for replica in replicas.values()):
        raise DeployError(f"{names.table} has STRONG consistency: a write that would be lost is refused. There is nothing to drill.")
    ledgers, prefix = _processors(context, [cut, other])
    stop_alarm = request.stop_alarm or _own_alarm(context, cut)

    console.plan(f"make drill {names.arguments()}", [
        f"make the stack {stack_name(context)} in {cut}: an AWS FIS experiment with its role; "
        f"the alarm {stop_alarm.rsplit(':', 1)[-1]} ends it",
        f"write test items (keys `{probe_items.PREFIX}#...`) and see that they replicate between {cut} and {other}",
        f"PAUSE REPLICATION of {names.table} to and from {cut}, for all items of the table: what your applications write "
        f"meanwhile in {cut} and elsewhere can be lost as well, and is found as well. It lasts some minutes",
        f"write {request.items} test items in {cut} and {other}, so that the writers know which writes are lost; then end the pause",
        "wait until the Regions agree, compare the ledgers with the writers, and delete items, entries and stack again",
        "expect the alarms Conflicts and Replication stalled, perhaps Replica unhealthy; each deletion counts as a hard delete",
    ])
    console.confirm_always(f"Pause replication of {names.table} in {cut} of account {context.aws.account}.")

    run = Drill(context, replicas, ledgers, uuid.uuid4().hex[:12], request.items, prefix, now, patience or Patience())
    findings = _carried_out(run, cut, pause or _by_experiment(stop_alarm))
    _report(context, run, findings)


def stack_name(context: Context) -> str:
    """The stack that is there while a drill is on. It is none of the system's stacks."""
    return f"{context.names.prefix}-{TEMPLATE}"


def _carried_out(run: Drill, cut: str, pause: Pause) -> Findings:
    """The drill from its first item to its last, which are removed however it ends."""
    title = run.context.console.title
    try:
        title("1. Test items, replicated while all is well")
        run.prepare()
        with pause(run.context, cut):
            title("2. Waiting until replication is paused (up to five minutes after the experiment began) ...")
            run.await_pause()
            title("3. Writing in both Regions")
            run.diverge()
        title("4. Waiting until both Regions hold the same again ...")
        run.settle()
        title("5. Comparing the ledgers with what the writers know ...")
        findings = run.compare()
        if not findings.missing and not findings.unexpected:
            run.remove_entries()
        return findings
    finally:
        run.remove_items()
        run.context.console.step("the test items are deleted")


def _by_experiment(stop_alarm: str) -> Pause:
    """A pause by AWS FIS, with a stack of its own that goes with it: nothing that may pause replication stays."""
    @contextmanager
    def pause(context: Context, region: str) -> Iterator[None]:
        names, deployer = context.names, context.deployer(Store(context.aws, {}).template)
        try:
            made = deployer.apply(region, stack_name(context), TEMPLATE, {
                **names.parameters, "TableName": names.table, "StopAlarmArn": stop_alarm}, {**context.tags, **names.tags})
            with pausing.paused(context, region, made.stack.output("ExperimentTemplateId")):
                yield
        finally:
            deployer.delete(region, stack_name(context))

    return pause


def _processors(context: Context, regions: list[str]) -> tuple[dict[str, str], str]:
    """The ledgers by Region, and the prefix of stamps. Each Region's processor has to read its stream."""
    ledgers, prefixes = {}, set()
    for region in regions:
        stack = context.require(region, "processor")
        mapping = context.aws.client("lambda", region).get_event_source_mapping(UUID=stack.output("EventSourceMappingId"))
        if mapping["State"] != "Enabled":
            raise DeployError(f"The event source mapping in {region} is {mapping['State']}: nobody would find what is lost.",
                              "run `make resume` first.")
        ledgers[region] = stack.output("LedgerTableName")
        prefixes.add(stack.parameters["StampPrefix"])
    if len(prefixes) > 1:
        raise DeployError(f"The processors look for stamps with several prefixes: {', '.join(sorted(prefixes))}.",
                          "deploy with one StampPrefix first.")
    return ledgers, prefixes.pop()


def _own_alarm(context: Context, region: str) -> str:
    """Our alarm on DynamoDB's own errors: where it rings, nobody should pause anything."""
    context.require(region, "alarms")
    return arn("cloudwatch", region, context.aws.account, f"alarm:{context.names.prefix}.system-errors")


def _report(context: Context, run: Drill, findings: Findings) -> None:
    console = context.console
    console.title("What was lost, by the writers, and what the ledgers have of it:")
    console.table(("REGION", "LOST", "FOUND", "MISSING"), [
        (region, len(lost), len(lost) - len(missing), len(missing))
        for region in run.regions
        for lost in [[loss for loss in findings.lost if loss.region == region]]
        for missing in [[loss for loss in findings.missing if loss.region == region]]
    ])
    if findings.not_concurrent:
        console.step(f"{findings.not_concurrent} of {run.items} items were no test: their second write had seen the first")
    for loss in findings.missing:
        console.step(f"missing in {run.ledgers[loss.region]} ({loss.region}): item {loss.number}, {loss.payload!r}")
    for line in findings.unexpected:
        console.step(f"not expected: {line}")
    if findings.missing or findings.unexpected:
        raise DeployError(
            f"The ledgers differ from what the writers know: {len(findings.missing)} missing, {len(findings.unexpected)} not expected.",
            f"the entries stay, under keys with {probe_items.PREFIX}#{run.run}. `make status` and `make logs` tell whether the "
            "processors work.")
    if not findings.lost:
        raise DeployError("No write was lost, so nothing was proved.", "run the drill again; the pause may have ended early.")
    console.title(f"Each of {len(findings.lost)} lost writes is in the ledger of its Region, and nothing else is. "
                  "Their entries are deleted.")
