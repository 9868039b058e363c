"""Hooks the stamper into botocore's event system.

`before-parameter-build` is emitted once per call, before the request is serialised, and not again for the SDK's
retries (`BaseClient._make_api_call`). boto3's resources turn Python values and condition objects into DynamoDB JSON in
handlers of the same event, registered for the whole service; this one is registered last at that level, so it sees
DynamoDB JSON from a client and from a resource alike. botocore fills in its own ClientRequestToken later still, so a
token seen here is the caller's.
"""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Collection, Mapping
from typing import Any, Callable, TypeVar

from ._errors import LastwriterError, NotInstrumented, StampError
from ._region import endpoint_region
from ._stamper import Stamper, Tables

logger = logging.getLogger("lastwriter")

ClientOrResource = TypeVar("ClientOrResource")

_BEFORE = "before-parameter-build.dynamodb"
_AFTER = "after-call.dynamodb.BatchWriteItem"
_ID = "lastwriter"

_hooks: weakref.WeakKeyDictionary[Any, Hook] = weakref.WeakKeyDictionary()


class Hook:
    """The handlers of one client."""

    def __init__(self, stamper: Stamper, strict: bool):
        self.stamper = stamper
        self._strict = strict
        self._logged = False

    def before_parameter_build(self, params: dict[str, Any], model: Any, context: Any = None, **_: Any) -> None:
        """Stamp the parameters of a call. `params` is the call's own dictionary; what it holds is the caller's."""
        try:
            stamped = self.stamper.stamp(model.name, params, self._failed)
        except Exception as error:  # A write must not fail for its stamp.
            self._failed(error)
            return
        if stamped is not None:
            params.update(stamped.request)
            if isinstance(context, dict):
                context[_ID] = stamped.time

    def after_batch(self, parsed: dict[str, Any], context: Any = None, **_: Any) -> None:
        """Give back unprocessed puts as they were."""
        try:
            time = context.get(_ID) if isinstance(context, dict) else None
            if time is not None and parsed.get("UnprocessedItems"):
                self.stamper.take_back(parsed["UnprocessedItems"], time)
        except Exception as error:  # The batch was written: its answer must reach the caller.
            self._log(error)

    def _failed(self, error: Exception) -> None:
        if not self._strict:
            self._log(error)
        elif isinstance(error, LastwriterError):
            raise error
        else:
            raise StampError(f"the write could not be stamped: {type(error).__name__}") from error

    def _log(self, error: Exception) -> None:
        if self._logged:
            return
        self._logged = True
        # An unknown error's message may hold a key or a value, so only its kind and place are told.
        reason = str(error) if isinstance(error, LastwriterError) else f"{type(error).__name__} at {_place(error)}"
        logger.error("a write in %s went out without its stamp (told once): %s", self.stamper.region, reason)


def _place(error: Exception) -> str:
    trace = error.__traceback__ or sys.exc_info()[2]
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{code.co_name}, line {trace.tb_lineno}"


def client_of(client_or_resource: Any) -> Any:
    """The low-level client of a boto3 client, resource or table."""
    meta = getattr(client_or_resource, "meta", None)
    client = getattr(meta, "client", client_or_resource)
    service_model = getattr(getattr(client, "meta", None), "service_model", None)
    if service_model is None or service_model.service_name != "dynamodb":
        raise TypeError("expected a boto3 DynamoDB client, resource or table")
    return client


def hook_of(client: Any) -> Hook:
    """The hook of an instrumented client, or NotInstrumented."""
    hook = _hooks.get(client)
    if hook is None:
        raise NotInstrumented("call lastwriter.instrument() on this client or resource first")
    return hook


def instrument(
    client_or_resource: ClientOrResource,
    region: str | None = None,
    prefix: str = "lw",
    clock: Callable[[], int] | None = None,
    tables: Tables = None,
    strict: bool = False,
    keys: Mapping[str, Collection[str]] | None = None,
    tokens: str = "remember",
) -> ClientOrResource:
    """Stamp every write that goes through this boto3 DynamoDB client, resource or table, and return it.

    UpdateItem, PutItem, BatchWriteItem's puts and TransactWriteItems' updates and puts are stamped. DeleteItem,
    PartiQL statements and all reads are left alone. Tables made from a resource share its client and so the stamps.
    Calling it again replaces the settings.

    Args:
        client_or_resource: what `boto3.client("dynamodb")`, `boto3.resource("dynamodb")` or `.Table()` gives.
        region: the Region to stamp with. By default the Region in the endpoint's host name, and for an endpoint that
            is not AWS's the Region that requests are signed for. Set it if you reach DynamoDB through a proxy.
        prefix: the first part of the stamp attributes' names; the stream processor's STAMP_PREFIX.
        clock: gives integer microseconds since 1970. By default the system's clock.
        tables: the tables to stamp, as names or as a function from name to bool. By default all.
        strict: raise `StampError`, and do not write, where a write cannot be stamped. By default such a write goes
            out without a stamp, and the first one is logged.
        keys: table name -> names of its key attributes, so that a put's condition can be understood exactly. By
            default each attribute of the item that is put is taken for a possible key.
        tokens: what to do with a transaction that has the caller's own ClientRequestToken. "remember" stamps it, and
            keeps the stamp for ten minutes for a retry in this process; "leave" leaves such calls alone.

    Raises:
        TypeError: what was given is not of boto3's DynamoDB.
        ValueError: a setting is wrong, or no Region can be told.
    """
    client = client_of(client_or_resource)
    if region is None:
        region = endpoint_region(client.meta.endpoint_url, client.meta.region_name)
        if region is None:
            raise ValueError("the client's Region is unknown: pass region=")
    stamper = Stamper(region, prefix=prefix, clock=clock, tables=tables, keys=keys, tokens=tokens)
    hook = Hook(stamper, strict)
    events = client.meta.events
    # First away with the earlier ones: botocore ignores a second registration under the same id.
    events.unregister(_BEFORE, unique_id=f"{_ID}-before")
    events.unregister(_AFTER, unique_id=f"{_ID}-after")
    events.register_last(_BEFORE, hook.before_parameter_build, unique_id=f"{_ID}-before")
    # Named for the operation, so it runs before boto3's resource turns the answer into Python values.
    events.register_first(_AFTER, hook.after_batch, unique_id=f"{_ID}-after")
    _hooks[client] = hook
    return client_or_resource
