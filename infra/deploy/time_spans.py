"""Time spans as SINCE= gives them."""

from __future__ import annotations

import re

from infra.deploy.errors import DeployError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> int:
    """The seconds of a time span: 90s, 15m, 2h, 1d."""
    match = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if not match:
        raise DeployError(f"SINCE={text!r} is not a time span.", "for example SINCE=15m, 2h or 1d.")
    return int(match[1]) * _SECONDS[match[2]]
