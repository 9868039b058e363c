"""The emulator and the code that the end-to-end tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3])]

from emulator import ROOT, Emulator  # noqa: E402 - the path has to be set first


@pytest.fixture(scope="session")
def code() -> dict[str, str]:
    """The built zips, by the environment variables that name them to the commands."""
    built = ROOT / "target" / "lambda"
    names = {
        "LASTWRITER_ZIP": os.environ.get("LASTWRITER_ZIP", str(built / "stream-processor" / "bootstrap.zip")),
        "LASTWRITER_REPORTER_ZIP": os.environ.get(
            "LASTWRITER_REPORTER_ZIP", str(built / "table-reporter" / "bootstrap.zip")),
    }
    missing = [path for path in names.values() if not Path(path).is_file()]
    assert not missing, f"build the functions first (make build), or name their zips in LASTWRITER_ZIP: {missing}"
    return names


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory, code: dict[str, str]) -> Iterator[Emulator]:
    """One emulator for all tests; each test works on a table of its own."""
    running = Emulator(tmp_path_factory.mktemp("emulator"))
    running.environment.update(code)
    try:
        yield running
    finally:
        running.stop()
