"""The stamps of an item: reading them from its attributes, writing them, and telling which of two is later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from ._clock import MAX_PART
from ._region import is_region_name

#: How far the clocks of one Region's writers may lie apart, in microseconds: the stream processor's default tolerance.
CLOCK_TOLERANCE = 100_000


class StampAttribute(NamedTuple):
    """What a stamp attribute's name says: `kind` is "n", "t" or "reset"; the Region is None for a reset."""

    kind: str
    region: str | None


class StampNames:
    """Tells stamp attributes from others by their names, for one prefix."""

    def __init__(self, prefix: str):
        if not isinstance(prefix, str) or not prefix or ":" in prefix:
            raise ValueError(f"prefix {prefix!r} must be some text without a colon")
        self.prefix = prefix
        self.reset = f"{prefix}:reset"
        #: The mark of `soft_delete`. It is for the application to see, and no stamp.
        self.deleted = f"{prefix}:deleted"
        self._start = f"{prefix}:"
        self._length = len(self._start)
        # Few names come by, again and again: those of the Regions of the tables.
        self.parse = lru_cache(maxsize=1024)(self._parse)

    def count(self, region: str) -> str:
        return f"{self.prefix}:n:{region}"

    def time(self, region: str) -> str:
        return f"{self.prefix}:t:{region}"

    def name(self, attribute: StampAttribute) -> str:
        kind, region = attribute
        return self.reset if region is None else f"{self.prefix}:{kind}:{region}"

    def _parse(self, name: Any) -> StampAttribute | None:
        """Which stamp attribute a name is, if it is one."""
        if not isinstance(name, str) or not name.startswith(self._start):
            return None
        rest = name[self._length :]
        if rest == "reset":
            return StampAttribute("reset", None)
        kind, _, region = rest.partition(":")
        return StampAttribute(kind, region) if kind in ("n", "t") and is_region_name(region) else None

    def among(self, names: Iterable[Any]) -> dict[str, StampAttribute]:
        """The stamp attributes among names. Each attribute of each item that is read comes by here."""
        start, length = self._start, self._length
        found = {}
        for name in [name for name in names if name[:length] == start]:
            attribute = self.parse(name)
            if attribute is not None:
                found[name] = attribute
        return found

    def read(self, item: Mapping[str, Any]) -> Stamps:
        """The stamps that an item in DynamoDB JSON carries."""
        names = self.among(item)
        if not names:
            return NO_STAMPS
        counts: dict[str, int] = {}
        times: dict[str, int] = {}
        reset: int | None = None
        for name, (kind, region) in names.items():
            part = read_part(item[name])
            if part is None:
                continue
            if region is None:
                reset = part
            elif kind == "n":
                counts[region] = part
            else:
                times[region] = part
        return Stamps({region: Pair(counts.get(region), times.get(region)) for region in {**counts, **times}}, reset)

    def attributes(self, stamps: Stamps) -> dict[str, dict[str, str]]:
        """Stamps as attributes in DynamoDB JSON."""
        attributes = {}
        for region, pair in stamps.pairs.items():
            if pair.n is not None:
                attributes[self.count(region)] = {"N": str(pair.n)}
            if pair.t is not None:
                attributes[self.time(region)] = {"N": str(pair.t)}
        if stamps.reset is not None:
            attributes[self.reset] = {"N": str(stamps.reset)}
        return attributes


@lru_cache(maxsize=64)
def stamp_names(prefix: str) -> StampNames:
    """The names for a prefix, made once."""
    return StampNames(prefix)


class Pair(NamedTuple):
    """One Region's stamp: how many of its writes the version descends from, and the time of the latest."""

    n: int | None = None
    t: int | None = None


NO_PAIR = Pair()


class Stamps(NamedTuple):
    """All stamps of one version of an item. Nothing changes one that was made."""

    pairs: Mapping[str, Pair]
    reset: int | None = None

    def later(self, other: Stamps) -> Stamps:
        """What a process has seen that has seen both: of each Region the later pair, and the later reset."""
        if self == other:
            return self
        if not other.pairs and other.reset is None:
            return self
        if not self.pairs and self.reset is None:
            return other
        pairs = dict(self.pairs)
        for region, pair in other.pairs.items():
            known = pairs.get(region)
            pairs[region] = pair if known is None else _later(known, pair)
        resets = [reset for reset in (self.reset, other.reset) if reset is not None]
        return Stamps(pairs, max(resets, default=None))

    def with_pair(self, region: str, pair: Pair) -> Stamps:
        return Stamps({**self.pairs, region: pair}, self.reset)


NO_STAMPS = Stamps({})


def _later(one: Pair, other: Pair) -> Pair:
    """The pair of the later write of one Region.

    By time where the times are further apart than clocks may be. A count alone would not do: it falls where a Region's
    writes were lost, and is used again. Within the tolerance the count tells.
    """
    apart = (other.t or 0) - (one.t or 0)
    if abs(apart) > CLOCK_TOLERANCE:
        return other if apart > 0 else one
    return max(one, other, key=lambda pair: (pair.n or 0, pair.t or 0))


def read_part(value: Any) -> int | None:
    """A count or time from an attribute value; None for what is no integer in the range of a stamp."""
    # A dictionary is told sooner than a mapping, and is what comes by.
    text = value.get("N") if type(value) is dict or isinstance(value, Mapping) else None
    if not isinstance(text, str):
        return None
    if len(text) < 18 and text.isdecimal() and text.isascii():
        return int(text)
    try:
        number = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    # The order matters: NaN compares with nothing, and 1E+999999 must not be spelt out.
    if not (number.is_finite() and abs(number) <= MAX_PART and number % 1 == 0):
        return None
    return int(number) if 0 <= number <= MAX_PART else None
