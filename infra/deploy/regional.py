"""Doing the same in several Regions at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from infra.deploy.errors import DeployError, explain

T = TypeVar("T")


def each(regions: list[str], work: Callable[[str], T]) -> dict[str, T]:
    """`work` for every Region side by side, answers by Region.

    Every Region is carried to its end, so that one failing leaves none half done; then all failures are told.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(regions))) as pool:
        running = {region: pool.submit(work, region) for region in regions}
    failures = {region: task.exception() for region, task in running.items()}
    errors = {region: error for region, error in failures.items() if error}
    known = {region: explain(error) for region, error in errors.items() if isinstance(error, Exception)}
    for region, error in errors.items():
        if known.get(region) is None:
            raise error  # A fault of ours: its traceback says more than a sentence would.
    if len(known) == 1:
        raise next(error for error in known.values() if error)
    if known:
        raise DeployError(
            "\n".join(f"{region}: {error.problem}" for region, error in known.items() if error),
            "\n    ".join(dict.fromkeys(error.remedy for error in known.values() if error and error.remedy)),
        )
    return {region: task.result() for region, task in running.items()}
