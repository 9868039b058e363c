"""Carrying an item's history from a read to a put, or leaving it behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def stamps(item: Mapping[str, Any], prefix: str = "lw") -> dict[str, Any]:
    """The stamp attributes of an item as read, to put back with its new contents:

        table.put_item(Item={**new_contents, **lastwriter.stamps(item)})
    """
    return {name: value for name, value in item.items() if _is_stamp(name, prefix)}


def without_stamps(item: Mapping[str, Any], prefix: str = "lw") -> dict[str, Any]:
    """The item without its stamps: for output, or to put a copy under another key, whose history it is not."""
    return {name: value for name, value in item.items() if not _is_stamp(name, prefix)}


def _is_stamp(name: str, prefix: str) -> bool:
    return name.startswith((f"{prefix}:n:", f"{prefix}:t:")) or name == f"{prefix}:reset"
