"""`make pause` and `make resume`: the event source mappings, and what a pause costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.deploy import regional
from infra.deploy.context import Context
from infra.deploy.errors import DeployError

RETENTION = timedelta(hours=24)
"""How long a DynamoDB stream keeps a record (DynamoDB developer guide, "Change data capture")."""

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def format_utc(moment: datetime) -> str:
    """A moment as people read it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def pause(context: Context, now: Clock = _utc_now) -> None:
    """Stop the mappings. Nothing is lost within 24 hours."""
    _print_plan(context, "pause", ["disable the event source mapping of the processor"])
    moment = now()
    context.console.step(
        f"The streams keep records for 24 hours: what is written from now on is judged when you resume. From "
        f"{format_utc(moment + RETENTION)} on, what was written 24 hours before is gone, and conflicts in it are "
        "never seen."
    )
    context.console.confirm(context.names.env, f"pause the processors of {context.names.table}.")
    _set_enabled(context, enabled=False)
    deadline = format_utc(now() + RETENTION)
    context.console.title(f"Paused. Run `make resume {context.names.arguments()}` before {deadline}.")


def resume(context: Context, now: Clock = _utc_now) -> None:
    """Start the mappings again where they stopped, and say what is lost for good."""
    _print_plan(context, "resume", ["enable the event source mapping of the processor, which goes on where it stopped"])
    for region in context.regions:
        mapping = _mapping(context, region)
        if mapping.get("State") not in ("Disabled", "Disabling"):
            context.console.step(f"{region}: is not paused ({mapping.get('State')})")
            continue
        context.console.step(f"{region}: {describe_loss(_modified(mapping), now())}")
    context.console.confirm(context.names.env, f"resume the processors of {context.names.table}.")
    _set_enabled(context, enabled=True)
    context.console.title("Resumed. A backlog shows as IteratorAge on the dashboard until it is worked off.")


def describe_loss(paused_at: datetime, now: datetime) -> str:
    """What a pause since `paused_at` has cost at `now`. The mapping tells when it was changed last, no more."""
    since = f"paused since {format_utc(paused_at)}"
    horizon = now - RETENTION
    if paused_at >= horizon:
        return (f"{since}; nothing is lost, the stream still holds everything "
                f"(until {format_utc(paused_at + RETENTION)})")
    hours = (horizon - paused_at).total_seconds() / 3600
    return (f"{since}; LOST: what was written from then to {format_utc(horizon)} ({hours:.1f} hours) is no longer in "
            "the stream, and its conflicts are never seen")


def _print_plan(context: Context, command: str, what: list[str]) -> None:
    context.console.plan(f"make {command} {context.names.arguments()}",
                         [f"{step} in {region}" for region in context.regions for step in what])


def _mapping(context: Context, region: str) -> dict[str, Any]:
    """The processor's event source mapping."""
    mapping_id = context.require(region, "processor").output("EventSourceMappingId")
    return context.aws.client("lambda", region).get_event_source_mapping(UUID=mapping_id)


def _modified(mapping: dict[str, Any]) -> datetime:
    moment = mapping["LastModified"]
    return moment if isinstance(moment, datetime) else datetime.fromtimestamp(float(moment), UTC)


def _set_enabled(context: Context, enabled: bool) -> None:
    wanted, moving = ("Enabled", "Enabling") if enabled else ("Disabled", "Disabling")

    def one(region: str) -> None:
        client = context.aws.client("lambda", region)
        mapping = _mapping(context, region)
        if mapping.get("State") not in (wanted, moving):
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
        state = context.waiter.until(
            lambda: wanted if client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == wanted else None,
            f"the mapping in {region} to be {wanted}", 300,
        )
        context.console.step(f"{region}: {state}")
        _record_in_stack(context, region, enabled)

    regional.each(context.regions, one)


def _record_in_stack(context: Context, region: str, enabled: bool) -> None:
    """Tell the stack, so that a later deploy leaves the mapping as it is. A stuck stack does not stop a pause."""
    deployer = context.deployer()
    try:
        deployer.set_parameters(region, context.names.stack("processor"), {"MappingEnabled": str(enabled).lower()})
    except DeployError as error:
        context.console.step(f"{region}: WARNING: the mapping is switched, but its stack could not be told: "
                             f"{error.problem} A later deploy may switch it back.")
