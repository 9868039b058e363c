"""Adds the stamp to an update: two clauses, whatever the expression holds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Callable, NamedTuple, Optional

from ._errors import StampError
from ._expression import MAX_EXPRESSION_BYTES, extend, parse_update, placeholder_suffix
from ._stamps import StampNames, Stamps
from ._written_back import legacy_without_written_back, without_written_back

Request = Mapping[str, Any]

#: Gives what is remembered of the item, for the few updates that need it.
Seen = Callable[[], Optional[Stamps]]

_STEMS = ("lwt", "lwn")
_ONE = {"N": "1"}
_LEGACY_PARAMETERS = ("AttributeUpdates", "Expected", "ConditionalOperator")


class Extension(NamedTuple):
    """An expression with the stamp's clauses, the names that it needs, and the placeholders of what was added."""

    expression: str
    names: Mapping[str, str]
    time_placeholder: str | None
    count_placeholder: str | None


@lru_cache(maxsize=1024)
def _extension(
    expression: str | None,
    condition: str | None,
    aliases: tuple[tuple[str, str], ...],
    values: tuple[str, ...],
    time_name: str | None,
    count_name: str,
) -> Extension | None:
    """How to stamp an update of this text. Applications send few, since values are placeholders."""
    parsed = None if expression is None else parse_update(expression)
    if expression is not None and parsed is None:
        return None
    names = dict(aliases)
    # A writer that stamps by hand goes on to do so: two actions on one path would fail the write.
    written = {names.get(target) for target in parsed.targets if target in names} if parsed else ()
    suffix = placeholder_suffix(_STEMS, (expression or "", condition or ""), names, dict.fromkeys(values))
    additions: dict[str, str] = {}
    time = count = None
    if time_name is not None and time_name not in written:
        time = f":lwt{suffix}"
        additions["SET"] = f"#lwt{suffix} = {time}"
        names[f"#lwt{suffix}"] = time_name
    if count_name not in written:
        count = f":lwn{suffix}"
        additions["ADD"] = f"#lwn{suffix} {count}"
        names[f"#lwn{suffix}"] = count_name
    extended = extend(expression, additions) if additions else None
    if extended is None:
        return None
    if len(extended) > MAX_EXPRESSION_BYTES // 4 and len(extended.encode()) > MAX_EXPRESSION_BYTES:
        raise StampError(f"the update expression with its stamp would pass {MAX_EXPRESSION_BYTES} bytes: shorten it")
    return Extension(extended, names, time, count)


class UpdateStamper:
    """Stamps updates for one Region."""

    def __init__(self, names: StampNames, region: str):
        self._names = names
        self._time_name = names.time(region)
        self._count_name = names.count(region)

    def stamp(
        self, request: Request, now: dict[str, str], seen: Seen, in_transaction: bool = False
    ) -> dict[str, Any] | None:
        """The parameters that change, or None where nothing is to be stamped. `now` is the time as an attribute value.

        StampError where the update cannot be stamped.
        """
        expression = request.get("UpdateExpression")
        if expression is None:
            if in_transaction:
                return None
            # DynamoDB does not take expressions and the parameters that they replaced in one request.
            if any(request.get(name) is not None for name in _LEGACY_PARAMETERS):
                return self._legacy(request, now, seen)
        aliases = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        if (aliases is not None and not aliases) or (values is not None and not values):
            return None  # DynamoDB rejects an empty map, and must go on to do so.
        changed: dict[str, Any] = {}
        if expression is not None and aliases and self._names.among(aliases.values()):
            rest = without_written_back(self._names, request, seen(), int(now["N"]))
            if rest is not None:
                expression, aliases, values = rest
                changed = {
                    "UpdateExpression": expression,
                    "ExpressionAttributeNames": aliases,
                    "ExpressionAttributeValues": values,
                }
        extension = self._extension(request, expression, aliases, values, self._time_name)
        if extension is None:
            # Only clauses that really write are left of a valid expression, so it is the caller's stamp that stays.
            return {name: value for name, value in changed.items() if value} or None
        return self._with(extension, values, now)

    def count(self, request: Request) -> dict[str, Any] | None:
        """Stamp with the count alone, in a transaction that every process has to make in the same way."""
        aliases = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        expression = request.get("UpdateExpression")
        if expression is None or (aliases is not None and not aliases) or (values is not None and not values):
            return None
        extension = self._extension(request, expression, aliases, values, None)
        return None if extension is None else self._with(extension, values, None)

    def _extension(
        self, request: Request, expression: str | None, aliases: Any, values: Any, time_name: str | None
    ) -> Extension | None:
        return _extension(
            expression,
            request.get("ConditionExpression"),
            tuple(aliases.items()) if aliases else (),
            tuple(values) if values else (),
            time_name,
            self._count_name,
        )

    @staticmethod
    def _with(extension: Extension, values: Any, now: dict[str, str] | None) -> dict[str, Any]:
        values = dict(values) if values else {}
        if extension.time_placeholder is not None:
            values[extension.time_placeholder] = now
        if extension.count_placeholder is not None:
            values[extension.count_placeholder] = _ONE
        return {
            "UpdateExpression": extension.expression,
            "ExpressionAttributeNames": dict(extension.names),
            "ExpressionAttributeValues": values,
        }

    def _legacy(self, request: Request, now: dict[str, str], seen: Seen) -> dict[str, Any]:
        updates = request.get("AttributeUpdates") or {}
        stamp = {
            self._time_name: {"Action": "PUT", "Value": now},
            self._count_name: {"Action": "ADD", "Value": _ONE},
        }
        return {"AttributeUpdates": {**stamp, **legacy_without_written_back(self._names, updates, seen(), int(now["N"]))}}
