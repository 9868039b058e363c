"""Region names: reading REGIONS=, and saying which one was meant."""

from __future__ import annotations

import difflib
import re

import botocore.session

from infra.deploy.errors import DeployError

MIN_REPLICAS = 2
MAX_REPLICAS = 5
PARTITIONS = ("aws", "aws-cn", "aws-eusc", "aws-us-gov")
"""The partitions that templates and links were made for. The isolated ones are not among them: nobody here can tell."""


def known_regions() -> list[str]:
    """The Regions where DynamoDB exists, as the installed SDK knows them."""
    session = botocore.session.Session()
    names: set[str] = set()
    for partition in session.get_available_partitions():
        names.update(session.get_available_regions("dynamodb", partition, allow_non_regional=False))
    return sorted(names)


def check_region(name: str) -> str:
    """`name` if it is a Region, else an error that names the likely one."""
    known = known_regions()
    if name in known:
        return name
    near = difflib.get_close_matches(_respell(name), known, n=5, cutoff=0.6)
    # Swapped letters are the likeliest slip: `us-esat-1` is us-east-1, though us-west-1 looks as near.
    near.sort(key=lambda region: sorted(region) != sorted(_respell(name)))
    hint = f"did you mean {near[0]}?" if near else "for example us-east-1 or eu-west-1."
    raise DeployError(f"{name!r} is not an AWS Region with DynamoDB. Nothing was changed.", hint)


def _respell(name: str) -> str:
    """What people type (`us_east_1`, `USEast1`, `us-east-1a`) in the form of Region names."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "-", name.strip())
    return re.sub(r"(?<=\d)[a-z]$", "", re.sub(r"[\s_.-]+", "-", spaced).lower())


def parse_regions(text: str, minimum: int = MIN_REPLICAS, maximum: int = MAX_REPLICAS) -> list[str]:
    """The Regions of REGIONS=, in order, the first one primary. Commas or spaces stand between them."""
    names = [name for name in re.split(r"[\s,]+", text.strip()) if name]
    if not names:
        raise DeployError("REGIONS is empty.", "for example REGIONS=us-east-1,eu-west-1 (the first is the primary).")
    regions = [check_region(name) for name in names]
    twice = sorted({name for name in regions if regions.count(name) > 1})
    if twice:
        raise DeployError(f"REGIONS names {', '.join(twice)} more than once.", "name each Region once.")
    if not minimum <= len(regions) <= maximum:
        raise DeployError(
            f"REGIONS names {len(regions)} Region(s); it must be {minimum} to {maximum}.",
            "conflicts need two replicas, and the table's template holds five at most.",
        )
    partitions = {partition_of(name) for name in regions}
    if len(partitions) > 1:
        raise DeployError(
            f"REGIONS mixes partitions ({', '.join(sorted(partitions))}).",
            "a global table's replicas are all in one partition.",
        )
    if not partitions <= set(PARTITIONS):
        raise DeployError(
            f"The partition {', '.join(partitions)} is not served: the names of its services and of its console are not in the "
            "templates. Nothing was changed.", f"served are {', '.join(PARTITIONS)}.",
        )
    return regions


def partition_of(region: str) -> str:
    """The partition of a Region: `aws`, `aws-cn`, `aws-us-gov`."""
    return botocore.session.Session().get_partition_for_region(region)
