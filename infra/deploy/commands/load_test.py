"""`make load-test`: stamped writes at a steady rate, for a bounded time, and what they met."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from infra.deploy import probe_items, regional, tables
from infra.deploy.context import Context
from infra.deploy.errors import DeployError, code_of
from infra.deploy.tables import Replica

MAX_RATE = 1000
MAX_SECONDS = 600
MAX_KEYS = 10_000
WORKERS = 32
_THROTTLED = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}


@dataclass(frozen=True)
class Load:
    """How much to write: `rate` a second in each Region, for `seconds`, over `keys` items.

    `shared`: every Region writes the same items, which makes conflicts on purpose.
    """

    rate: int
    seconds: int
    keys: int
    shared: bool

    def __post_init__(self) -> None:
        for name, value, limit in (("RATE", self.rate, MAX_RATE), ("SECONDS", self.seconds, MAX_SECONDS),
                                  ("KEYS", self.keys, MAX_KEYS)):
            if not 1 <= value <= limit:
                raise DeployError(f"{name}={value} is outside its limits.", f"from 1 to {limit}.")


@dataclass
class WriteResults:
    """What one Region's writes met. Latencies in seconds."""

    latencies: list[float] = field(default_factory=list)
    throttled: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def quantile(self, part: float) -> float:
        """The latency below which `part` of the writes lie; 0 without any."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def load_test(context: Context, load: Load, clock: Callable[[], float] = time.perf_counter,
              now: Callable[[], float] = time.time) -> None:
    """Write, report, and take the items away again."""
    console, names, regions = context.console, context.names, context.regions
    replicas = {region: tables.describe(context.aws, region, names.table) for region in regions}
    total = load.rate * load.seconds * len(regions)
    console.plan(f"make load-test {names.arguments()}", [
        f"write {load.rate} stamped items of about 200 bytes a second for {load.seconds} s in each of "
        f"{', '.join(regions)}: {total} writes, each replicated {len(regions) - 1} time(s), all of them paid for",
        f"use {load.keys} keys (`{probe_items.PREFIX}#...`), " + (
            "the same in every Region: this makes conflicts on purpose" if load.shared else "others in each Region"),
        "report latency and throttling, then delete the items; each shows as a hard delete on the dashboard",
    ])
    console.confirm(names.env, f"write {total} test items into {names.table}.")

    run = uuid.uuid4().hex[:12]
    try:
        results = regional.each(regions, lambda r: _write(context, replicas[r], _offset(load, regions, r), run, load,
                                                          clock, now))
    finally:
        regional.each(regions[:1] if load.shared else regions,
                      lambda r: _delete_items(context, replicas[r], _offset(load, regions, r), run, load))
    console.title("Writes, as seen from here:")
    console.table(("REGION", "WRITTEN", "THROTTLED", "FAILED", "P50", "P99"), [
        (region, len(o.latencies), o.throttled, ", ".join(f"{n} {c}" for c, n in o.failed.items()) or 0,
         f"{o.quantile(0.5) * 1000:.0f} ms", f"{o.quantile(0.99) * 1000:.0f} ms")
        for region, o in results.items()
    ])
    console.step("The processors' view (records, conflicts, iterator age) is on the dashboard within a minute or two.")


def _offset(load: Load, regions: list[str], region: str) -> int:
    return 0 if load.shared else regions.index(region) * load.keys


def _write(context: Context, replica: Replica, offset: int, run: str, load: Load, clock: Callable[[], float],
           now: Callable[[], float]) -> WriteResults:
    """One Region's writes. Write number i is due at i / rate; a late writer does not wait."""
    client = context.aws.client("dynamodb", replica.region)
    result, numbers, start = WriteResults(), itertools.count(), clock()
    total = load.rate * load.seconds

    def worker() -> None:
        while (number := next(numbers)) < total:
            due = start + number / load.rate
            if (ahead := due - clock()) > 0:
                context.waiter.sleep(ahead)
            if clock() - start > load.seconds * 2:
                return  # The table cannot keep up: stop in bounded time, the report shows how far it came.
            key = probe_items.key_of(replica, run, offset + number % load.keys)
            began = clock()
            try:
                client.update_item(**probe_items.stamped_update(
                    replica.table, key, replica.region, int(now() * 1e6), f"{number:0>120}"))
                with result.lock:
                    result.latencies.append(clock() - began)
            except ClientError as error:
                with result.lock:
                    if code_of(error) in _THROTTLED:
                        result.throttled += 1
                    else:
                        result.failed[code_of(error)] = result.failed.get(code_of(error), 0) + 1

    with ThreadPoolExecutor(max_workers=min(WORKERS, load.rate)) as pool:
        for task in [pool.submit(worker) for _ in range(min(WORKERS, load.rate))]:
            task.result()
    return result


def _delete_items(context: Context, replica: Replica, offset: int, run: str, load: Load) -> None:
    """Delete the run's items. BatchWriteItem takes 25 at a time and may leave some to be sent again."""
    client = context.aws.client("dynamodb", replica.region)
    used = min(load.keys, load.rate * load.seconds)
    for first in range(0, used, 25):
        requests = [{"DeleteRequest": {"Key": probe_items.key_of(replica, run, offset + number)}}
                    for number in range(first, min(first + 25, used))]
        for _ in range(20):
            requests = client.batch_write_item(RequestItems={replica.table: requests}).get(
                "UnprocessedItems", {}).get(replica.table, [])
            if not requests:
                break
            context.waiter.sleep(0.5)
        if requests:
            context.console.step(f"WARNING: {len(requests)} test items could not be deleted in {replica.region}; "
                                 f"their keys start with {probe_items.PREFIX}#{run}")
