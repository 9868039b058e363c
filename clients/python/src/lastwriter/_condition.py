"""Whether a put's condition says that the item must not exist.

Only then does a put without stamps create an item, and not replace one whose history it never read. The answer is
conservative: true only if the condition as a whole cannot hold for an item that exists.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Union

from ._expression import tokens

_COMPARATORS = frozenset(("=", "<>", "<", "<=", ">", ">="))
_PUNCTUATION = frozenset((",", "(", ")", "[", "]", ".", "+", "-")) | _COMPARATORS

#: What must be a key attribute for "there is no item" to follow: a name as written, `all` or `any` of two further
#: formulas, or None where it never follows.
Formula = Union[None, str, tuple[str, Any, Any]]


class _Malformed(Exception):
    """The expression does not follow the grammar; DynamoDB will say so."""


class _Meaning(NamedTuple):
    """From what "there is no item" follows if a condition holds, and if it does not."""

    if_true: Formula = None
    if_false: Formula = None


class _Parser:
    """Recursive descent over the grammar of condition expressions: OR binds weakest, then AND, then NOT."""

    def __init__(self, expression: str):
        self._tokens = tokens(expression)
        self._at = 0

    def parse(self) -> _Meaning:
        meaning = self._or()
        if self._at != len(self._tokens):
            raise _Malformed
        return meaning

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at].text if at < len(self._tokens) else ""

    def _next(self) -> str:
        text = self._peek()
        if not text:
            raise _Malformed
        self._at += 1
        return text

    def _expect(self, text: str) -> None:
        if self._next().upper() != text:
            raise _Malformed

    def _or(self) -> _Meaning:
        left = self._and()
        while self._peek().upper() == "OR":
            self._next()
            right = self._and()
            left = _Meaning(("all", left.if_true, right.if_true), ("any", left.if_false, right.if_false))
        return left

    def _and(self) -> _Meaning:
        left = self._not()
        while self._peek().upper() == "AND":
            self._next()
            right = self._not()
            left = _Meaning(("any", left.if_true, right.if_true), ("all", left.if_false, right.if_false))
        return left

    def _not(self) -> _Meaning:
        if self._peek().upper() == "NOT":
            self._next()
            inner = self._not()
            return _Meaning(inner.if_false, inner.if_true)
        return self._primary()

    def _primary(self) -> _Meaning:
        if self._peek() == "(":
            self._next()
            inner = self._or()
            self._expect(")")
            return inner
        function = self._peek() if self._peek(1) == "(" else None
        name = self._operand()
        following = self._peek().upper()
        if following in _COMPARATORS:
            self._next()
            self._operand()
        elif following == "BETWEEN":
            self._next()
            self._operand()
            self._expect("AND")
            self._operand()
        elif following == "IN":
            self._next()
            self._expect("(")
            self._arguments()
        elif function == "attribute_not_exists":
            return _Meaning(if_true=name)
        elif function == "attribute_exists":
            return _Meaning(if_false=name)
        return _Meaning()

    def _operand(self) -> str | None:
        """A path, a placeholder or a function call. The name, if it is a bare one or has that as its one argument."""
        text = self._next()
        if text in _PUNCTUATION:
            raise _Malformed
        if self._peek() == "(":
            self._next()
            return self._arguments()
        bare = True
        while self._peek() in (".", "["):
            bare = False
            opening = self._next()
            self._next()
            if opening == "[":
                self._expect("]")
        return text if bare else None

    def _arguments(self) -> str | None:
        count, name = 1, self._operand()
        while self._peek() == ",":
            self._next()
            self._operand()
            count += 1
        self._expect(")")
        return name if count == 1 else None


@lru_cache(maxsize=1024)
def _absence(expression: str) -> Formula:
    """What "there is no item" needs, if the condition holds. None if it is malformed."""
    try:
        return _Parser(expression).parse().if_true
    except (_Malformed, RecursionError):
        return None


def _follows(formula: Formula, names: Mapping[str, str], keys: Container[str]) -> bool:
    if formula is None:
        return False
    if isinstance(formula, str):
        return names.get(formula, formula) in keys
    kind, left, right = formula
    if kind == "all":
        return _follows(left, names, keys) and _follows(right, names, keys)
    return _follows(left, names, keys) or _follows(right, names, keys)


def must_not_exist(request: Mapping[str, Any], keys: Container[str] | None) -> bool:
    """Whether a PutItem request, or a Put of a transaction, can only succeed where there is no item.

    `keys` are the names of the table's key attributes. If they are not known, any attribute of the item being put is
    taken for one: "must not have what I am about to write" is how conditional creates are written.
    """
    if keys is None:
        keys = request["Item"]
    expression = request.get("ConditionExpression")
    if isinstance(expression, str):
        return _follows(_absence(expression), request.get("ExpressionAttributeNames") or {}, keys)
    expected = request.get("Expected")
    if not isinstance(expected, Mapping) or not expected:
        return False
    absent = [
        name in keys and (test.get("Exists") is False or test.get("ComparisonOperator") == "NULL")
        for name, test in expected.items()
    ]
    return all(absent) if request.get("ConditionalOperator") == "OR" else any(absent)
