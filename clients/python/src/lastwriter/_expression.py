"""Just enough of DynamoDB's update expression grammar to add clauses to one.

An update expression is up to four sections, each begun by its keyword, in any order and case:

    SET path = value, ...   REMOVE path, ...   ADD path value, ...   DELETE path value, ...

Values never stand in the text (they are placeholders), so no quoting has to be understood. The grammar is in the
DynamoDB Developer Guide, "Update expressions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

#: DynamoDB rejects a longer expression string ("Service, account, and table quotas").
MAX_EXPRESSION_BYTES = 4096

#: A word is a keyword, an attribute name, a placeholder with its sign, a function name or an index.
_TOKEN = re.compile(r"[^\s,=<>().\[\]+\-]+|<>|<=|>=|[,=<>().\[\]+\-]")
_KEYWORDS = frozenset(("SET", "REMOVE", "ADD", "DELETE"))
_OPENING = frozenset(("(", "["))
_CLOSING = frozenset((")", "]"))
#: After one of these an operand must follow, so a word there is a name and not a section keyword.
_EXPECTS_OPERAND = frozenset((",", "=", "+", "-", ".", "(", "["))


class Token(NamedTuple):
    """One token and where it stands in the expression."""

    text: str
    start: int
    end: int


class UpdateExpression(NamedTuple):
    """What has to be known of an update expression to extend it."""

    #: Section keyword in upper case -> offset just behind its last token.
    sections: Mapping[str, int]
    #: The first token of each path that is written: a name or a `#placeholder`.
    targets: tuple[str, ...]
    #: Offset just behind the last token.
    end: int


def tokens(expression: str) -> list[Token]:
    """Split an update or condition expression into tokens. White space is dropped."""
    return [Token(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(expression)]


@lru_cache(maxsize=1024)
def parse_update(expression: str) -> UpdateExpression | None:
    """Find the sections of an update expression.

    None if it is one that DynamoDB rejects anyway (empty, an empty or doubled section, a dangling comma): it must
    not become valid by what is added to it. Applications send few different texts, since values are placeholders,
    so the answers are remembered.
    """
    sections: dict[str, int] = {}
    targets: list[str] = []
    section: str | None = None
    previous: str | None = None
    at_start_of_action = False
    depth = 0
    end = 0
    for text, _, end in tokens(expression):
        keyword = text.upper()
        if keyword in _KEYWORDS and depth == 0 and previous not in _EXPECTS_OPERAND:
            if keyword in sections or at_start_of_action:
                return None
            section, at_start_of_action = keyword, True
        elif section is None:
            return None
        elif at_start_of_action:
            if text in _EXPECTS_OPERAND or text in _CLOSING:
                return None
            targets.append(text)
            at_start_of_action = False
        elif depth == 0 and text == ",":
            at_start_of_action = True
        elif text in _OPENING:
            depth += 1
        elif text in _CLOSING:
            depth -= 1
        sections[section] = end
        previous = text
    if section is None or at_start_of_action or depth != 0 or previous in _EXPECTS_OPERAND:
        return None
    return UpdateExpression(sections, tuple(targets), end)


class Section(NamedTuple):
    """A section of an update expression: its keyword as written, and the text of each of its actions."""

    keyword: str
    actions: list[str]


def sections(expression: str) -> list[Section]:
    """The sections of an expression that `parse_update` takes, to leave some of its actions out."""
    found: list[Section] = []
    depth, previous, start, end = 0, "", None, 0
    for token in tokens(expression):
        keyword = token.text.upper() in _KEYWORDS and depth == 0 and previous not in _EXPECTS_OPERAND
        if start is not None and (keyword or (depth == 0 and token.text == ",")):
            found[-1].actions.append(expression[start:end])
            start = None
        if keyword:
            found.append(Section(token.text, []))
        elif start is None and token.text != ",":
            start = token.start
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        previous, end = token.text, token.end
    if start is not None:
        found[-1].actions.append(expression[start:end])
    return found


def extend(expression: str | None, additions: Mapping[str, str]) -> str | None:
    """Add actions to an update expression, each to its section, or as a new section at the end.

    `additions` maps SET, REMOVE, ADD or DELETE to one or more actions. Without an expression the additions are the
    expression. None if `parse_update` gives none.
    """
    if expression is None:
        return " ".join(f"{keyword} {actions}" for keyword, actions in additions.items())
    parsed = parse_update(expression)
    if parsed is None:
        return None
    pieces = []
    tail = ""
    for keyword, actions in additions.items():
        at = parsed.sections.get(keyword)
        if at is None:
            tail += f" {keyword} {actions}"
        else:
            pieces.append((at, f", {actions}"))
    # Back to front, so that the offsets stay right; a section that ends the expression goes before what is new.
    result = expression[: parsed.end] + tail + expression[parsed.end :]
    for at, text in sorted(pieces, reverse=True):
        # A keyword may follow a bracket at once, but not a placeholder.
        gap = "" if at == len(result) or result[at].isspace() else " "
        result = result[:at] + text + gap + result[at:]
    return result


def placeholder_suffix(stems: tuple[str, ...], texts: tuple[str, ...], names: Mapping, values: Mapping) -> str:
    """The first of "", "1", "2", ... that keeps `#stem` and `:stem` apart from everything the caller uses.

    A placeholder that the caller uses but forgot to define counts as used: defining it would hide the mistake.
    """
    suffix, number = "", 0
    while any(
        f"#{stem}{suffix}" in names
        or f":{stem}{suffix}" in values
        or any(f"#{stem}{suffix}" in text or f":{stem}{suffix}" in text for text in texts)
        for stem in stems
    ):
        number += 1
        suffix = str(number)
    return suffix
