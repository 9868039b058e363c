"""The shared vectors of clients/conformance, which clients in all languages are tested with."""

from __future__ import annotations

import json
import pathlib
from typing import Any

DIRECTORY = pathlib.Path(__file__).resolve().parents[2] / "conformance"
REQUEST_FILES = ("update.json", "put.json", "transact.json", "tokens.json", "batch.json", "left-alone.json")


def load(name: str) -> dict[str, Any]:
    return json.loads((DIRECTORY / name).read_text(encoding="utf-8"))


def requests() -> list[dict[str, Any]]:
    found = []
    for name in REQUEST_FILES:
        document = load(name)
        for vector in document["vectors"]:
            output = vector["input"] if vector["output"] == "input" else vector["output"]
            found.append({**vector, "output": output, "clock": document["clock"], "file": name})
    return found


SEQUENCE_FILES = ("memory.json", "hidden.json", "written-back.json", "encrypted.json", "given-back.json")


def sequences() -> list[dict[str, Any]]:
    found = []
    for name in SEQUENCE_FILES:
        document = load(name)
        found += [{"clock": document["clock"], **vector, "file": name} for vector in document["vectors"]]
    return found


def label(vector: dict[str, Any]) -> str:
    return vector.get("name") or vector.get("expression") or vector.get("endpoint") or "-"


def settings(vector: dict[str, Any]) -> dict[str, Any]:
    """The vector's options as arguments of `instrument`."""
    return {"region": "us-east-1", **vector.get("options", {})}
