"""The one call that stamps: for a client, for all clients of a session, or for all of a process."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any, Callable, TypeVar

import botocore.client

from ._hook import Hook, attach, logger
from ._memory import CAPACITY, Memory
from ._region import endpoint_region
from ._stamper import Stamper
from ._tables import Tables

Target = TypeVar("Target")

#: Not None, which a variable that was never set would be.
_EVERY_CLIENT: Any = object()

_CREATING = "creating-client-class.dynamodb"
_ID = "lastwriter-session"


def client_of(client_or_resource: Any) -> Any:
    """The low-level client of a boto3 client, resource or table."""
    meta = getattr(client_or_resource, "meta", None)
    client = getattr(meta, "client", client_or_resource)
    if not _is_dynamodb(client):
        raise TypeError(
            "expected a boto3 DynamoDB client, resource or table, a boto3 or botocore session, or nothing for the process"
        )
    return client


def _is_dynamodb(client: Any) -> bool:
    service_model = getattr(getattr(client, "meta", None), "service_model", None)
    return getattr(service_model, "service_name", None) == "dynamodb"


class Instrumentation:
    """The settings of one call of `instrument`, and the memory that the clients it stamps share."""

    def __init__(self, region: str | None, strict: bool, hide: bool, remember: int, **settings: Any):
        self._region = region
        self._strict = strict
        self._hide = hide
        self._settings = settings
        self._memory = Memory(remember)
        # A wrong setting is told at once, and not when the first client is made.
        Stamper("us-east-1" if region is None else region, memory=self._memory, **settings)

    def stamp(self, client: Any) -> None:
        """Stamp what this client writes. ValueError if its Region cannot be told, or be stamped with."""
        region = self._region
        if region is None:
            region = endpoint_region(client.meta.endpoint_url, client.meta.region_name)
            if region is None:
                raise ValueError("the client's Region is unknown: pass region=")
        stamper = Stamper(region, memory=self._memory, endpoint=client.meta.endpoint_url, **self._settings)
        is_json = client.meta.service_model.metadata.get("protocol") == "json"
        attach(client, Hook(stamper, self._strict, self._hide, put_into_body=is_json))

    def stamp_new(self, client: Any) -> None:
        """Stamp what a client writes that a library has just made. With an odd Region it must still be made."""
        try:
            self.stamp(client)
        except ValueError as error:
            if self._strict:
                raise
            logger.error("a client writes without stamps: %s", error)


def instrument(
    target: Target = _EVERY_CLIENT,
    region: str | None = None,
    prefix: str = "lw",
    clock: Callable[[], int] | None = None,
    tables: Tables = None,
    strict: bool = False,
    keys: Mapping[str, Collection[str]] | None = None,
    tokens: str = "count",
    hide: bool = True,
    remember: int = CAPACITY,
    encrypted: str = "refuse",
) -> Target:
    """Stamp every write that goes to DynamoDB through `target`, and return it.

    UpdateItem, PutItem, BatchWriteItem's puts and TransactWriteItems' updates and puts are stamped. DeleteItem and
    PartiQL statements are left alone. Calling it again replaces the settings.

    Args:
        target: a boto3 or aiobotocore DynamoDB client, a resource or a table: its client is stamped, and tables made
            from a resource share it. A boto3, aioboto3, botocore or aiobotocore session: the clients that it makes from
            now on. Nothing at all: the clients that this process makes from now on, whoever makes them.
        region: the Region to stamp with. By default the Region in the endpoint's host name, and for an endpoint that
            is not AWS's the Region that requests are signed for. Set it if you reach DynamoDB through a proxy.
        prefix: the first part of the stamp attributes' names; the stream processor's STAMP_PREFIX.
        clock: gives integer microseconds since 1970. By default the system's clock.
        tables: the tables to stamp, as names or as a function from name to bool. By default all.
        strict: raise `StampError`, and do not write, where a write cannot be stamped. By default such a write goes
            out without a stamp, and the first one is logged.
        keys: table name -> names of its key attributes. By default they are learnt from requests, and each attribute of
            an item that is put is taken for a possible key in its condition.
        tokens: what to do with a transaction that has the caller's own ClientRequestToken. "count" adds what every
            process adds alike, the count; "remember" stamps it in full, and keeps the time for ten minutes for a retry
            in this process; "leave" leaves such calls alone.
        hide: take the stamps out of what reads return, unless the read names attributes.
        remember: how many items' stamps are kept, for puts that carry none; 0 for none. The clients that one call of
            `instrument` stamps share them.
        encrypted: "refuse" to stamp items that a client-side encryption library has signed, or "stamp" them, since its
            attribute actions allow for it.

    Raises:
        TypeError: what was given is none of these.
        ValueError: a setting is wrong, or the Region of the client is unknown or none to stamp with.
    """
    instrumentation = Instrumentation(
        region, strict, hide, remember, prefix=prefix, clock=clock, tables=tables, keys=keys, tokens=tokens,
        encrypted=encrypted,
    )  # fmt: skip
    if target is _EVERY_CLIENT:
        _instrument_process(instrumentation)
        return None  # type: ignore[return-value]
    events = _session_events(target)
    if events is not None:
        _instrument_session(events, instrumentation)
    else:
        instrumentation.stamp(client_of(target))
    return target


def _session_events(target: Any) -> Any:
    """The event emitter of a session of boto3, aioboto3, botocore or aiobotocore; None for anything else."""
    session = getattr(target, "_session", target)  # boto3 and aioboto3 wrap one of the others.
    get_component = getattr(session, "get_component", None)
    return None if get_component is None else get_component("event_emitter")


def _instrument_session(events: Any, instrumentation: Instrumentation) -> None:
    def creating_client_class(base_classes: list, **_: Any) -> None:
        class Stamping:
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                instrumentation.stamp_new(self)

        base_classes.insert(0, Stamping)

    events.unregister(_CREATING, unique_id=_ID)
    events.register(_CREATING, creating_client_class, unique_id=_ID)


_process: dict[str, Instrumentation] = {}


def _instrument_process(instrumentation: Instrumentation) -> None:
    if not _process:
        # Libraries make sessions of their own, some before this is called, and none offers a place to be told of them.
        # All of their clients, aiobotocore's too, come by here.
        make = botocore.client.BaseClient.__init__

        @functools.wraps(make)
        def make_and_stamp(self: Any, *args: Any, **kwargs: Any) -> None:
            make(self, *args, **kwargs)
            if _is_dynamodb(self):
                _process["instrumentation"].stamp_new(self)

        botocore.client.BaseClient.__init__ = make_and_stamp
    _process["instrumentation"] = instrumentation
