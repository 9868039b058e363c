"""Compares the workspace's minimum Rust version with what its dependencies declare.

    cargo metadata --locked --format-version 1 | python3 tools/minimum_rust.py

Says which dependency asks for the most, and ends with 1 if one asks for more than the workspace promises, or if the workspace
promises less than it could: then the comment in Cargo.toml, that the AWS SDK decides, is out of date.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def parsed(version: str) -> tuple[int, ...]:
    """`1.94` as (1, 94, 0)."""
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def problems(metadata: dict[str, Any]) -> tuple[list[str], str]:
    """What is wrong, and one line that says how it stands."""
    members = set(metadata["workspace_members"])
    promised = {p["name"]: p["rust_version"] for p in metadata["packages"] if p["id"] in members}
    found = [f"{name} has no rust-version" for name, version in promised.items() if version is None]
    versions = {version for version in promised.values() if version}
    if len(versions) != 1:
        return [*found, f"members of the workspace promise several versions: {sorted(versions)}"], ""
    (minimum,) = versions
    declared = [p for p in metadata["packages"] if p["id"] not in members and p["rust_version"]]
    found += [
        f"{p['name']} {p['version']} needs Rust {p['rust_version']}, and the workspace promises {minimum}"
        for p in declared
        if parsed(p["rust_version"]) > parsed(minimum)
    ]
    deciding = sorted(p["name"] for p in declared if parsed(p["rust_version"]) == parsed(minimum))
    if not found and not any(name.startswith("aws-sdk-") for name in deciding):
        found.append(f"no crate of the AWS SDK needs Rust {minimum}: lower rust-version in Cargo.toml, or mend its comment")
    return found, f"Rust {minimum}, which {len(deciding)} of {len(declared)} dependencies need, and none more"


def main() -> None:
    found, summary = problems(json.load(sys.stdin))
    for problem in found:
        print(f"minimum Rust version: {problem}", file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"minimum Rust version: {summary}")


if __name__ == "__main__":
    main()
