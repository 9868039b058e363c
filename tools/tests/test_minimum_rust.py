"""The check of the minimum Rust version bites on each thing that it is there for."""

from __future__ import annotations

import pytest
from minimum_rust import problems


def metadata(*dependencies, members=("1.94.1", "1.94.1")):
    own = [{"id": f"own-{at}", "name": f"own-{at}", "version": "0.1.0", "rust_version": v} for at, v in enumerate(members)]
    others = [{"id": name, "name": name, "version": "1.0.0", "rust_version": version} for name, version in dependencies]
    return {"workspace_members": [p["id"] for p in own], "packages": own + others}


SDK = ("aws-sdk-dynamodb", "1.94.1")


def test_a_workspace_that_asks_for_what_the_sdk_asks_for_is_right():
    found, summary = problems(metadata(SDK, ("serde", "1.56"), ("old", None)))
    assert found == []
    assert summary == "Rust 1.94.1, which 1 of 2 dependencies need, and none more"


@pytest.mark.parametrize(
    ("case", "part"),
    [
        (metadata(SDK, ("newer", "1.95")), "newer 1.0.0 needs Rust 1.95"),
        (metadata(("aws-sdk-dynamodb", "1.91"), ("other", "1.94.1")), "no crate of the AWS SDK needs Rust 1.94.1"),
        (metadata(SDK, members=("1.94.1", None)), "own-1 has no rust-version"),
        (metadata(SDK, members=("1.94.1", "1.90")), "several versions"),
    ],
    ids=["a later dependency", "the SDK needs less", "a member without", "members that differ"],
)
def test_what_is_wrong_is_named(case, part):
    found, _ = problems(case)
    assert any(part in problem for problem in found), found
