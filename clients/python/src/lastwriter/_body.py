"""The stamps in a request that botocore has serialised already.

botocore takes each parameter apart, in Python, to check it and to serialise it: for the stamps of a batch that costs more than
making them. So it does so with what the caller gave, and what a stamped request has more is spliced into its body here. What
botocore serialised stays as it did it: binary values, above all.

Where a member begins can be seen in the text: `"Item": {` stands nowhere else in JSON, since in a string each quote is
escaped. How often it does must be what the request says; an attribute may have that name too. Then, and where more has changed
than was added, the body is read and written anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from operator import is_
from typing import Any

_ITEM = b'"Item": {'
_NAMES = b'"ExpressionAttributeNames": {'
_VALUES = b'"ExpressionAttributeValues": {'
_EXPRESSION = b'"UpdateExpression": '

#: The parameters of a write that a stamp changes.
_STAMPED = frozenset(("Item", "UpdateExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"))


def stamped_body(body: bytes, asked: Mapping[str, Any], sent: Mapping[str, Any]) -> bytes:
    """The body of the request that was asked for, as that of the one to send.

    `sent` was made of `asked`, and shares with it what is the same in both.
    """
    spliced = _spliced(body, asked, sent)
    return json.dumps(_graft(json.loads(body), asked, sent)).encode() if spliced is None else spliced


def _spliced(body: bytes, asked: Mapping[str, Any], sent: Mapping[str, Any]) -> bytes | None:
    """The body with what was added; None where it cannot be spliced in."""
    items: list[str] = []
    names: list[str] = []
    values: list[str] = []
    expressions: list[tuple[str, str, str]] = []
    for before, now in _writes(asked, sent):
        if len(now) == 1 and "Item" in now:  # A put of a batch, as most are.
            added = _added(before["Item"], now["Item"])
            if added is None:
                return None
            items.append(added and f"{added}, ")
            continue
        if now is not before and any(now[name] is not before.get(name) for name in now.keys() - _STAMPED):
            return None
        members = ""
        for parameter, texts in (("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)):
            given, stamped = before.get(parameter), now.get(parameter)
            added = _added(given or {}, stamped or {})
            if added is None:
                return None
            if given is not None:
                texts.append(added and f"{added}, ")
            elif added:
                members += f'"{parameter}": {{{added}}}, '
        if "Item" in now:
            added = _added(before["Item"], now["Item"])
            if added is None:
                return None
            items.append(added and f"{added}, ")
        elif "UpdateExpression" in before:
            expressions.append((members, _quoted(before["UpdateExpression"]), _quoted(now["UpdateExpression"])))
        elif now is not before:
            return None
    for mark, texts in ((_ITEM, items), (_NAMES, names), (_VALUES, values)):
        parts = body.split(mark)
        if len(parts) != len(texts) + 1:
            return None
        if texts:
            body = parts[0] + b"".join([mark + text.encode() + part for text, part in zip(texts, parts[1:])])
    return _with_expressions(body, expressions)


def _with_expressions(body: bytes, expressions: list[tuple[str, str, str]]) -> bytes | None:
    """The body with other update expressions, each with members before it that its update did not have."""
    parts = body.split(_EXPRESSION)
    if len(parts) != len(expressions) + 1:
        return None
    pieces = [parts[0]]
    for (members, before, now), part in zip(expressions, parts[1:]):
        old = before.encode()
        if not part.startswith(old):
            return None
        pieces += (members.encode(), _EXPRESSION, now.encode(), part[len(old) :])
    return b"".join(pieces)


def _writes(asked: Mapping[str, Any], sent: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each write that has one of the parameters, as asked and as sent, in the order of the body."""
    if "RequestItems" in sent:
        for table, entries in sent["RequestItems"].items():
            for before, now in zip(asked["RequestItems"][table], entries):
                if "PutRequest" in now:
                    yield before["PutRequest"], now["PutRequest"]
    elif "TransactItems" in sent:
        for before, now in zip(asked["TransactItems"], sent["TransactItems"]):
            for kind in now:
                yield before[kind], now[kind]
    else:
        yield asked, sent


def _added(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What a map has more, as members of a JSON object; None if it is not only more."""
    if now is before:
        return ""
    # What is added comes after what was there, so that the first of `now` are those of `before`.
    if len(now) < len(before) or not all(map(is_, now.values(), before.values())):
        return None
    return ", ".join([f"{_quoted(name)}: {_text(now[name])}" for name in islice(now, len(before), None)])


def _text(value: Any) -> str:
    """A name, or a number as attribute value: stamps hold nothing else."""
    return _quoted(value) if isinstance(value, str) else f'{{"N": "{value["N"]}"}}'


_quoted = lru_cache(maxsize=1024)(json.dumps)


def _graft(serialised: Any, asked: Any, sent: Any) -> Any:
    """The serialised request, changed where the one to send differs from the one that was asked for."""
    if isinstance(asked, Mapping) and isinstance(sent, Mapping) and isinstance(serialised, dict):
        for name, value in sent.items():
            before = asked.get(name)
            if value is not before:
                serialised[name] = value if before is None else _graft(serialised.get(name), before, value)
        for name in _gone(asked, sent):
            serialised.pop(name, None)
        return serialised
    if isinstance(asked, (list, tuple)) and isinstance(sent, list) and len(asked) == len(sent):
        return [one if now is before else _graft(one, before, now) for one, before, now in zip(serialised, asked, sent)]
    return sent


def _gone(asked: Mapping[str, Any], sent: Mapping[str, Any]) -> Iterable[str]:
    return () if len(sent) >= len(asked) and asked.keys() <= sent.keys() else asked.keys() - sent.keys()
