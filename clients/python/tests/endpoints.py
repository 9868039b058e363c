"""`lastwriter local` to test against, for the Python, the Node and the end-to-end tests alike.

LASTWRITER_TEST_ENDPOINTS names endpoints that run already, as "us-east-1=http://127.0.0.1:8001,eu-west-1=http://...".
Without it the built program is started: target/debug/lastwriter, or what LASTWRITER_TEST_PROGRAM names.

As a program this file starts one, prints its endpoints in that form, and stops it when its standard input closes.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Any, Callable

VARIABLE = "LASTWRITER_TEST_ENDPOINTS"
PROGRAM_VARIABLE = "LASTWRITER_TEST_PROGRAM"
REGIONS = ("us-east-1", "eu-west-1")
# How long to wait for what should come at once: a limit for a machine that hangs, not an expectation.
PATIENCE = 120.0
ROOT = pathlib.Path(__file__).resolve().parents[3]


class Local:
    """A running `lastwriter local`: its endpoints, what it printed, and its standard input."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.endpoints: dict[str, Any] = {}
        self.lines: list[str] = []
        self._process = process
        self._changed = threading.Condition()
        self._ended = False
        # It is read all the time, so that the program never waits for a full pipe.
        threading.Thread(target=self._read, daemon=True).start()

    def toggle(self, region: str) -> None:
        """Cut a Region off, or join it again; returns when that is so."""
        seen = len(self.lines)
        assert self._process.stdin, "it was started with a pipe"
        self._process.stdin.write(f"{region}\n")
        self._process.stdin.flush()
        self.wait_for_line(lambda line: line.startswith((f"{region} is cut off", f"{region} is joined")), seen)

    def wait_for_line(self, wanted: Callable[[str], bool], start: int = 0) -> str:
        def found() -> str | None:
            return next((line for line in self.lines[start:] if wanted(line)), None)

        with self._changed:
            in_time = self._changed.wait_for(lambda: found() is not None or self._ended, PATIENCE)
            line = found()
            if line is None:
                what = "ended" if in_time else "did not print what was waited for"
                raise RuntimeError(f"lastwriter local {what}; it printed:\n" + "".join(self.lines))
            return line

    def _read(self) -> None:
        assert self._process.stdout, "it was started with a pipe"
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def program() -> pathlib.Path:
    """The built lastwriter."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    built = pathlib.Path(os.environ.get(PROGRAM_VARIABLE) or ROOT / target / "debug" / "lastwriter")
    if not built.exists():
        raise RuntimeError(f"{built} is not there: run `make programs`, or set {PROGRAM_VARIABLE}")
    return built


@contextlib.contextmanager
def local(*options: str, regions: tuple[str, ...] = REGIONS) -> Iterator[Local]:
    """A `lastwriter local` with these Regions, ready, while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "endpoints.json"
        with subprocess.Popen(
            [str(program()), "local", "--regions", ",".join(regions), "--endpoints-file", str(file), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            try:
                running = Local(process)
                running.wait_for_line(lambda line: line.strip() == "Ready.")
                running.endpoints = json.loads(file.read_text())
                yield running
            finally:
                process.terminate()
                process.wait()


@contextlib.contextmanager
def endpoints() -> Iterator[dict[str, str]]:
    """Region -> endpoint URL, for at least two Regions, while the block runs."""
    given = os.environ.get(VARIABLE)
    if given:
        yield dict(pair.strip().split("=", 1) for pair in given.split(","))
        return
    with local() as running:
        yield running.endpoints["replicas"]


if __name__ == "__main__":
    with endpoints() as started:
        print(",".join(f"{region}={url}" for region, url in started.items()), flush=True)
        sys.stdin.read()
