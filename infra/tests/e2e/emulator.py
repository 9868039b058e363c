"""Starting the emulator for a test and ending it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "000000000000"

T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str, seconds: float = 60.0) -> T:
    """The first answer that is neither None nor empty; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)


class Emulator:
    """A running emulator, and clients for it. Nothing outside this process and its children is told of it."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "emulator.log"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(directory / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(directory / "none"),
            "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        }
        own = {"TMPDIR": str(directory), "S3_DATA_DIR": str(directory / "s3"), "PYTHONUNBUFFERED": "1"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("emulator_gaps.py"))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=directory,
                env={**self.environment, **own}, start_new_session=True,
            )
        line = self.process.stdout.readline().strip() if self.process.stdout else ""
        assert line.isdigit(), f"the emulator did not start: {self.log.read_text()[-2000:]}"
        self.endpoint = f"http://127.0.0.1:{line}"
        self.environment["AWS_ENDPOINT_URL"] = self.endpoint
        eventually(self._answers, "the emulator", 60)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of the emulator."""
        return boto3.client(
            service, region_name=region, endpoint_url=self.endpoint, aws_access_key_id="test",
            aws_secret_access_key="test", config=Config(retries={"max_attempts": 2}, proxies={}),
        )

    def run(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of infra.deploy against the emulator, as make does."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.deploy", *arguments], cwd=ROOT, text=True, capture_output=True,
            stdin=subprocess.DEVNULL, env={**self.environment, **environment}, timeout=300, check=False,
        )
        if check:
            assert done.returncode == 0, f"{arguments[0]} failed:\n{done.stdout}\n{done.stderr}\n{self.tail()}"
        return done

    def tail(self) -> str:
        """The end of the emulator's own log."""
        return self.log.read_text()[-4000:]

    def stop(self) -> None:
        """End the emulator and the functions that it runs."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)
