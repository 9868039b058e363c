"""`make global-test`: write in one Region, read in the others, and time it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from infra.deploy import probe_items, tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError

ARRIVAL_TIMEOUT = 60.0
"""Seconds to wait for a write to arrive. It usually takes about one."""


def global_test(context: Context, now: Callable[[], float] = time.time,
                clock: Callable[[], float] = time.perf_counter) -> None:
    """Write one stamped item in each Region in turn and measure when each other Region has it."""
    console, names, regions = context.console, context.names, context.regions
    if len(regions) < 2:
        raise DeployError("A global test needs two Regions.", "name both in REGIONS.")
    replicas = tables.check_replicas(context.aws, regions, names.table)
    console.plan(f"make global-test {names.arguments()}", [
        f"write one stamped test item in each of {', '.join(regions)} (keys `{probe_items.PREFIX}#...`)",
        "read it in the other Regions until it is there, and time that",
        "delete the items again; each shows as a hard delete on the dashboard",
    ])
    console.confirm(names.env, f"write test items into {names.table}.")

    run = uuid.uuid4().hex[:12]
    keys = {region: probe_items.key_of(replicas[region], run, number) for number, region in enumerate(regions)}
    rows: list[tuple[object, ...]] = []
    undelivered: list[str] = []
    try:
        for source in regions:
            token = uuid.uuid4().hex
            client = context.aws.client("dynamodb", source)
            client.update_item(**probe_items.stamped_update(
                names.table, keys[source], source, int(now() * 1e6), token))
            written = clock()
            for target in regions:
                if target == source:
                    continue
                delay = _time_until_arrival(context, target, keys[source], token, written, clock)
                if delay is None:
                    undelivered.append(f"{source} -> {target}")
                rows.append((source, target, "not within 60 s" if delay is None else f"{delay * 1000:.0f} ms"))
    finally:
        for source in regions:
            context.aws.client("dynamodb", source).delete_item(TableName=names.table, Key=keys[source])
    console.title("A write in one Region, seen in another, measured from here (with the way to both Regions):")
    console.table(("WRITTEN IN", "READ IN", "AFTER"), rows)
    if undelivered:
        raise DeployError(
            f"A write did not arrive: {', '.join(undelivered)}.",
            "look at ReplicationLatency on the dashboard and at `make status`: is every replica ACTIVE?",
        )


def _time_until_arrival(context: Context, region: str, key: dict[str, Any], token: str, written: float,
             clock: Callable[[], float]) -> float | None:
    """Seconds from the write to its first sight in a Region; None where it does not come."""
    client = context.aws.client("dynamodb", region)
    while True:
        item = client.get_item(TableName=context.names.table, Key=key, ConsistentRead=True).get("Item", {})
        elapsed = clock() - written
        if item.get("payload") == {"S": token}:
            return elapsed
        if elapsed > ARRIVAL_TIMEOUT:
            return None
        context.waiter.sleep(0.02)
