"""Stamps that an update writes itself: by hand, to stamp, or back again, as part of an item that was read.

A mapper that saves all of an item's attributes sets its stamps to what it read, and the write would look as if it had
never been made. So such a clause is taken out and the stamp advanced. One that advances a stamp by hand stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple, Union

from ._errors import StampError
from ._expression import Section, parse_update, sections
from ._stamps import NO_PAIR, NO_STAMPS, StampAttribute, StampNames, Stamps, read_part

#: In microseconds. A time set by hand is that of the write: one that is older was read.
OLDEST_BY_HAND = 60_000_000

#: What DynamoDB takes for a placeholder. Mappers that make one of an attribute's name go beyond it.
_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+\Z")


class Source(Enum):
    """Where the value comes from that an update gives a stamp."""

    READ = "read"
    HAND = "by hand"
    UNCLEAR = "unclear"


class Write(Enum):
    """A way to write a stamp other than to set it to a number."""

    #: By adding to it: nobody does that with what was read.
    ADVANCE = "advance"
    #: By removing it, or by a function of it.
    OTHER = "other"


Written = Mapping[StampAttribute, Union[int, Write]]


def sources(written: Written, seen: Stamps | None, now: int) -> dict[StampAttribute, Source]:
    """Where the stamps come from that one update writes. `seen` is what is remembered of its item."""
    known = seen or NO_STAMPS
    found: dict[StampAttribute, Source] = {}
    # Times first: they tell most, and a count goes with its time.
    for attribute in sorted(written, key=lambda attribute: attribute.kind == "n"):
        value = written[attribute]
        kind, region = attribute
        pair = NO_PAIR if region is None else known.pairs.get(region, NO_PAIR)
        part = known.reset if kind == "reset" else pair.n if kind == "n" else pair.t
        if isinstance(value, Write):
            source = Source.HAND if value is Write.ADVANCE else Source.UNCLEAR
        elif part is not None and value <= part:
            source = Source.READ
        elif kind == "n":
            beside = found.get(StampAttribute("t", region))
            source = beside or (Source.UNCLEAR if part is None else Source.HAND)
        elif value < now - OLDEST_BY_HAND:
            source = Source.READ
        elif kind == "t" and part is None and isinstance(written.get(StampAttribute("n", region)), int):
            # Both parts as numbers: an item that was read a moment ago, or a stamp made by hand.
            source = Source.UNCLEAR
        else:
            source = Source.HAND
        found[attribute] = source
    return found


def _read_ones(names: StampNames, written: Written, seen: Stamps | None, now: int) -> list[StampAttribute]:
    """Those that were read. StampError where it cannot be told of one."""
    found = sources(written, seen, now)
    for attribute, source in found.items():
        if source is Source.UNCLEAR:
            name = names.name(attribute)
            raise StampError(
                f"an update writes {name}, and it cannot be told whether it stamps by hand or writes back what was "
                "read: leave stamps out of what you save, or add to the count with ADD and set the time"
            )
    return [attribute for attribute, source in found.items() if source is Source.READ]


class Rest(NamedTuple):
    """What is left of an update without the clauses that wrote back what was read. No expression: nothing is left."""

    expression: str | None
    names: dict[str, Any]
    values: dict[str, Any]


class _Action(NamedTuple):
    section: int
    number: int
    attribute: StampAttribute
    placeholders: tuple[str, ...]


def without_written_back(
    names: StampNames, request: Mapping[str, Any], seen: Stamps | None, now: int
) -> Rest | None:
    """The update without its written-back stamps; None where it writes none back.

    StampError where it cannot be told of a stamp whether it was read.
    """
    aliases: Mapping[str, Any] = request.get("ExpressionAttributeNames") or {}
    values: Mapping[str, Any] = request.get("ExpressionAttributeValues") or {}
    by_name = names.among(aliases.values())
    stamps = {alias: by_name[name] for alias, name in aliases.items() if name in by_name}
    text, odd = _with_plain_placeholders(request["UpdateExpression"], stamps, values)
    if parse_update(text) is None:
        return None
    parts = sections(text)
    written: dict[StampAttribute, int | Write] = {}
    actions: list[_Action] = []
    for section, (keyword, texts) in enumerate(parts):
        for number, action in enumerate(texts):
            target, operand = _split(keyword.upper(), action)
            attribute = stamps.get(odd.get(target, target))
            if attribute is None:
                continue
            written[attribute] = _write(keyword.upper(), operand, values.get(odd.get(operand, operand)))
            actions.append(_Action(section, number, attribute, (target, operand)))
    read = set(_read_ones(names, written, seen, now)) if written else ()
    taken = [action for action in actions if action.attribute in read]
    if not taken:
        return None
    gone = {(action.section, action.number) for action in taken}
    kept = []
    for section, (keyword, texts) in enumerate(parts):
        remaining = [action for number, action in enumerate(texts) if (section, number) not in gone]
        if remaining:
            kept.append(Section(keyword, remaining))
    rest = " ".join(f"{keyword} {', '.join(texts)}" for keyword, texts in kept)
    for plain, original in odd.items():
        rest = _replace(rest, plain, original)
    used = f"{rest} {request.get('ConditionExpression') or ''}"
    unused = {odd.get(text, text) for action in taken for text in action.placeholders if not _occurs(used, odd.get(text, text))}
    return Rest(
        rest or None,
        {alias: name for alias, name in aliases.items() if alias not in unused},
        {alias: value for alias, value in values.items() if alias not in unused},
    )


def _split(keyword: str, action: str) -> tuple[str, str]:
    """An action's path, and what follows it."""
    path, _, operand = action.partition("=") if keyword == "SET" else (action.split(None, 1)[0], "", "")
    return path.strip(), operand.strip()


def _write(keyword: str, operand: str, value: Any) -> int | Write:
    if keyword == "ADD" or (keyword == "SET" and "+" in operand):
        return Write.ADVANCE
    part = read_part(value) if keyword == "SET" else None
    return Write.OTHER if part is None else part


def _with_plain_placeholders(
    text: str, stamps: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """The expression with placeholders that can be read, and plain placeholder -> original.

    A placeholder made of a stamp's name, as `:lw:n:us-east-1`, cannot be told from other text by DynamoDB's grammar.
    """
    odd = [alias for alias in (*stamps, *values) if isinstance(alias, str) and not _PLACEHOLDER.match(alias)]
    plain: dict[str, str] = {}
    for number, original in enumerate(sorted(odd, key=len, reverse=True)):
        if original[:1] in ("#", ":") and len(original) > 1:
            name = f"{original[0]}lwplain{number}"
            plain[name] = original
            text = _replace(text, original, name)
    return text, plain


def _boundary(placeholder: str) -> str:
    return re.escape(placeholder) + r"(?![A-Za-z0-9_])"


def _replace(text: str, placeholder: str, replacement: str) -> str:
    return re.sub(_boundary(placeholder), lambda match: replacement, text)


def _occurs(text: str, placeholder: str) -> bool:
    return re.search(_boundary(placeholder), text) is not None


def legacy_without_written_back(
    names: StampNames, updates: Mapping[str, Any], seen: Stamps | None, now: int
) -> Mapping[str, Any]:
    """Legacy `AttributeUpdates` without written-back stamps."""
    own = names.among(updates)
    if not own:
        return updates
    written: dict[StampAttribute, int | Write] = {}
    for name, attribute in own.items():
        action = updates[name].get("Action", "PUT")
        part = read_part(updates[name].get("Value")) if action == "PUT" else None
        written[attribute] = Write.ADVANCE if action == "ADD" else Write.OTHER if part is None else part
    read = {names.name(attribute) for attribute in _read_ones(names, written, seen, now)}
    return {name: update for name, update in updates.items() if name not in read}
