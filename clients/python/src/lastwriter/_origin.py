"""In which Region the write was made that a stream record tells of.

Every replica's stream has all writes, local and replicated ones alike, and AWS marks neither: `awsRegion` is the Region
whose stream was read. To act on an event once, act where its write was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ._region import is_region_name
from ._stamps import NO_PAIR, Pair, Stamps, stamp_names


class Origin(NamedTuple):
    """Where a write was made.

    `kind` is "local" (in the Region of the stream), "replicated" (in `region`, and it came from there) or "unknown".
    """

    kind: str
    region: str | None = None

    @property
    def is_local(self) -> bool:
        return self.kind == "local"


UNKNOWN = Origin("unknown")


def origin(
    record: Any, *, region: str | None = None, prefix: str = "lw", origin_attribute: str | None = None
) -> Origin:
    """Where the write of a DynamoDB stream record was made.

    Stamps tell it: the Region whose stamp advanced between the images. So the stream's view type must be
    NEW_AND_OLD_IMAGES, and the writer must have stamped. Of a removed item the old image's mark tells it (`lw:deleted`:
    where it was marked), or else the identity of DynamoDB's TTL service, which only the Region gets in which TTL removed
    the item. A plain DeleteItem leaves no trace of its Region: unknown.

    Args:
        record: a record of a Lambda event, of get-records' output (by boto3 or the AWS CLI), or of Powertools.
        region: the Region of the stream, where the record does not say it as AWS does.
        prefix: the stream processor's STAMP_PREFIX.
        origin_attribute: an attribute in which the table's writers name their Region, such as `aws:rep:updateregion` of
            the first version of global tables. It is asked where the stamps do not tell.

    Returns: an Origin. What is no such record, or lacks the images, gives "unknown".
    """
    record = getattr(record, "raw_event", record)  # Powertools' DynamoDBRecord.
    if not isinstance(record, Mapping) or not isinstance(record.get("dynamodb"), Mapping):
        return UNKNOWN
    here = region or _region_of(record)
    if here is None or not is_region_name(here):
        return UNKNOWN
    event = record.get("eventName")
    old, new = (_image(record["dynamodb"], name) for name in ("OldImage", "NewImage"))
    names = stamp_names(prefix)
    if event == "REMOVE":
        return _of_removal(record, old, names, here)
    if event not in ("INSERT", "MODIFY") or (event == "MODIFY" and old is not None and old == new):
        return UNKNOWN  # Equal images: nothing was written.
    found = UNKNOWN
    if new is not None and (old is not None or event == "INSERT"):
        found = _of_change(names.read(old or {}), names.read(new), here, event == "INSERT")
    if found is UNKNOWN and origin_attribute is not None and new is not None:
        named = (new.get(origin_attribute) or {}).get("S")
        return _from(str(named), here) if is_region_name(named) else UNKNOWN
    return found


def _region_of(record: Mapping[str, Any]) -> str | None:
    arn = record.get("eventSourceARN")
    named = record.get("awsRegion")
    return named if named or not isinstance(arn, str) else (arn.split(":") + [""] * 4)[3]


def _image(body: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    image = body.get(name)
    return image if isinstance(image, Mapping) else None


def _from(region: str, here: str) -> Origin:
    return Origin("local" if region == here else "replicated", region)


def _time(pair: Pair) -> int:
    return pair.t or 0


def _latest(pairs: Mapping[str, Pair]) -> str | None:
    """The Region with the latest time, on a tie the one with the smaller name."""
    return min(pairs, key=lambda region: (-_time(pairs[region]), region), default=None)


def _of_change(old: Stamps, new: Stamps, here: str, inserted: bool) -> Origin:
    advanced: dict[str, Pair] = {}
    for region, pair in new.pairs.items():
        before = old.pairs.get(region)
        if before is None or (pair.n or 0) > (before.n or 0) or _time(pair) > _time(before):
            advanced[region] = pair
    foreign = _latest({region: pair for region, pair in advanced.items() if region != here})
    if foreign is None:
        return _from(here, here) if here in advanced else UNKNOWN
    own = new.pairs.get(here, NO_PAIR)
    if inserted and own is not NO_PAIR and _time(own) >= _time(new.pairs[foreign]):
        return _from(here, here)  # Put back here with its stamps.
    return _from(foreign, here)


def _of_removal(record: Mapping[str, Any], old: Mapping[str, Any] | None, names: Any, here: str) -> Origin:
    if old is not None and (old.get(names.deleted) or {}).get("BOOL") is True:
        marked = _latest(names.read(old).pairs)
        if marked is not None:
            return _from(marked, here)
    identity = record.get("userIdentity")
    if isinstance(identity, Mapping):
        by = {str(name).lower(): value for name, value in identity.items()}  # The Streams API spells them in capitals.
        if by.get("type") == "Service" and by.get("principalid") == "dynamodb.amazonaws.com":
            return _from(here, here)
    return UNKNOWN
