"""Adds the stamp to a put: the history that it carries, that its process has seen, or word that it has none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Callable, NamedTuple

from ._clock import MAX_PART
from ._condition import must_not_exist
from ._errors import StampError
from ._stamps import NO_PAIR, NO_STAMPS, Pair, StampNames, Stamps, read_part

Request = Mapping[str, Any]

_ONE = {"N": "1"}


class StampedPut(NamedTuple):
    """An item with its stamps, and the stamps."""

    item: dict[str, Any]
    stamps: Stamps


class PutStamper:
    """Stamps puts for one Region."""

    def __init__(self, names: StampNames, region: str):
        self._names = names
        self._region = region
        self._time_name = names.time(region)
        self._count_name = names.count(region)
        self._latest_new: list[tuple[Any, Stamps]] = [(None, NO_STAMPS), (None, NO_STAMPS)]

    def stamp(
        self, request: Request, now: dict[str, str], seen: Callable[[], Stamps | None], keys: Collection[str] | None
    ) -> StampedPut | None:
        """The item with its stamps. `seen` gives what is remembered of it, `keys` are the table's key attributes."""
        item = request.get("Item")
        if not isinstance(item, Mapping):
            return None
        if self._carries_stamps(item):
            count = self._next(read_part(item.get(self._count_name)))
            stamped = {**item, self._time_name: now, self._count_name: {"N": count}}
            return StampedPut(stamped, self._names.read(stamped))
        if must_not_exist(request, keys):
            return StampedPut({**item, self._time_name: now, self._count_name: _ONE}, self._new(now, None))
        known = seen()
        if known is None or not known.pairs:
            stamped = {**item, self._time_name: now, self._count_name: _ONE, self._names.reset: now}
            return StampedPut(stamped, self._new(now, now))
        own = known.pairs.get(self._region, NO_PAIR)
        stamps = known.with_pair(self._region, Pair(min((own.n or 0) + 1, MAX_PART), int(now["N"])))
        return StampedPut({**item, **self._names.attributes(stamps)}, stamps)

    def _new(self, now: dict[str, str], reset: dict[str, str] | None) -> Stamps:
        """The stamps of a first write. They are the same for all of a batch, whose time is one."""
        made_for, stamps = self._latest_new[reset is None]
        if made_for is not now:
            time = int(now["N"])
            stamps = Stamps({self._region: Pair(1, time)}, None if reset is None else time)
            self._latest_new[reset is None] = (now, stamps)
        return stamps

    def count(self, request: Request, keys: Collection[str] | None) -> StampedPut | None:
        """Stamp with the count alone, in a transaction that every process has to make in the same way."""
        item = request.get("Item")
        if not isinstance(item, Mapping):
            return None
        if self._carries_stamps(item):
            count = self._next(read_part(item.get(self._count_name)))
        elif must_not_exist(request, keys):
            count = "1"
        else:
            raise StampError(
                "a put without stamps, in a transaction with your own ClientRequestToken, may not differ between "
                "processes: give it a condition that the item must not exist, its stamps, or tokens='remember'"
            )
        # What it wrote to is forgotten, so its stamps are nothing to remember.
        return StampedPut({**item, self._count_name: {"N": count}}, NO_STAMPS)

    def _carries_stamps(self, item: Mapping[str, Any]) -> bool:
        names = self._names.among(item)
        return bool(names) and any(
            kind != "reset" and read_part(item[name]) is not None for name, (kind, _) in names.items()
        )

    @staticmethod
    def _next(count: int | None) -> str:
        return str(min((count or 0) + 1, MAX_PART))
