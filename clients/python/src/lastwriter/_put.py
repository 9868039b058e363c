"""Adds the stamp to a put: the history that it carries, that its process has seen, or word that it has none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Callable

from ._clock import MAX_PART
from ._condition import must_not_exist
from ._errors import StampError
from ._stamps import StampNames, Stamps, read_part

Request = Mapping[str, Any]

_ONE = {"N": "1"}


class PutStamper:
    """Stamps puts for one Region."""

    def __init__(self, names: StampNames, region: str):
        self._names = names
        self._region = region
        self._time_name = names.time(region)
        self._count_name = names.count(region)

    def stamp(
        self, request: Request, now: dict[str, str], seen: Callable[[], Stamps | None], keys: Collection[str] | None
    ) -> dict[str, Any] | None:
        """The parameters that change. `seen` gives what is remembered of the item, `keys` are the table's key attributes."""
        item = request.get("Item")
        if not isinstance(item, Mapping):
            return None
        if self._carries_stamps(item):
            count = self._next(read_part(item.get(self._count_name)))
            return {"Item": {**item, self._time_name: now, self._count_name: {"N": count}}}
        if must_not_exist(request, keys):
            return {"Item": {**item, self._time_name: now, self._count_name: _ONE}}
        known = seen()
        if known is None or not known.pairs:
            return {"Item": {**item, self._time_name: now, self._count_name: _ONE, self._names.reset: now}}
        own = known.pairs.get(self._region)
        count = self._next(own.n if own else None)
        history = self._names.attributes(known)
        return {"Item": {**item, **history, self._time_name: now, self._count_name: {"N": count}}}

    def count(self, request: Request, keys: Collection[str] | None) -> dict[str, Any] | None:
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
        return {"Item": {**item, self._count_name: {"N": count}}}

    def _carries_stamps(self, item: Mapping[str, Any]) -> bool:
        names = self._names.among(item)
        return bool(names) and any(
            kind != "reset" and read_part(item[name]) is not None for name, (kind, _) in names.items()
        )

    @staticmethod
    def _next(count: int | None) -> str:
        return str(min((count or 0) + 1, MAX_PART))
