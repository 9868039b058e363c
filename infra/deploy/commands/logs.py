"""`make logs`: what the functions logged, all Regions in one stream of lines by time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.context import Context
from infra.deploy.errors import DeployError, code_of
from infra.deploy.time_spans import seconds_of

_OWN_FIELDS = {"timestamp", "level", "message", "target", "span", "spans"}


def logs(context: Context, since: str, follow: bool, pattern: str, function: str,
         now: Callable[[], float] = time.time, rounds: int | None = None) -> None:
    """Print the log lines since a while ago; with `follow` go on until interrupted.

    `rounds` ends the following after so many looks, for tests.
    """
    part = "processor" if function == "stream-processor" else "reporter"
    groups = {region: context.require(region, part).output("LogGroupName") for region in context.regions}
    start = int((now() - seconds_of(since)) * 1000)
    seen: set[str] = set()
    shown = 0
    while True:
        lines = [(event["timestamp"], region, event) for region, group in groups.items()
                 for event in _events(context, region, group, start, pattern) if event["eventId"] not in seen]
        for moment, region, event in sorted(lines, key=lambda line: line[:2]):
            seen.add(event["eventId"])
            context.console.say(f"{region}  {one_line(moment, event['message'])}")
            shown += 1
        if rounds is not None:
            rounds -= 1
        if not follow or rounds == 0:
            break
        # An event may appear some seconds after its time, so each look goes back a little.
        start = int((now() - 60) * 1000)
        context.waiter.sleep(2)
    if not shown:
        context.console.step(f"No log lines in the last {since}. The function logs once for each invocation.")


def _events(context: Context, region: str, group: str, start: int, pattern: str) -> Iterator[dict[str, Any]]:
    arguments: dict[str, Any] = {"logGroupName": group, "startTime": start}
    if pattern:
        arguments["filterPattern"] = pattern
    try:
        for page in context.aws.client("logs", region).get_paginator("filter_log_events").paginate(**arguments):
            yield from page["events"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise DeployError(f"There is no log group {group} in {region}.", "run `make deploy` again.") from error


def one_line(moment: int, message: str) -> str:
    """A JSON log line in a form that one reads: time, level, message, then the rest; other lines as they are."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment / 1000))
    try:
        entry = json.loads(message)
    except ValueError:
        return f"{stamp}  {message.rstrip()}"
    if not isinstance(entry, dict):
        return f"{stamp}  {message.rstrip()}"
    fields = entry.get("fields", {})
    known = {**{k: v for k, v in entry.items() if k not in ("fields", "span", "spans")}, **fields}
    rest = " ".join(f"{k}={v}" for k, v in known.items() if k not in _OWN_FIELDS)
    return f"{stamp}  {known.get('level', '')!s:5} {known.get('message', '')} {rest}".rstrip()
