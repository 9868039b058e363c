"""DynamoDB to test against, for the Python and the Node tests alike: the one file to change for another server.

LASTWRITER_TEST_ENDPOINTS names endpoints that run already, as "us-east-1=http://127.0.0.1:8001,eu-west-1=http://...".
Without it a ministack is started, which keeps the Regions apart by the Region that a request is signed for.

As a program it starts one, prints its endpoints in that form, and stops it when its standard input closes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from typing import Dict, Iterator

VARIABLE = "LASTWRITER_TEST_ENDPOINTS"
REGIONS = ("us-east-1", "eu-west-1")
START_SECONDS = 120


@contextlib.contextmanager
def endpoints() -> Iterator[Dict[str, str]]:
    """Region -> endpoint URL, for at least two Regions, while the block runs."""
    given = os.environ.get(VARIABLE)
    if given:
        yield dict(pair.strip().split("=", 1) for pair in given.split(","))
        return
    with _ministack() as url:
        yield {region: url for region in REGIONS}


@contextlib.contextmanager
def _ministack() -> Iterator[str]:
    # The socket listens before the server runs, so no port is guessed, and the first request waits for the server.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", "hypercorn", "ministack.app:app", "--bind", f"fd://{listener.fileno()}"],
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SERVICES": "dynamodb", "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"},
        )
    url = f"http://127.0.0.1:{port}"
    try:
        urllib.request.urlopen(f"{url}/_ministack/health", timeout=START_SECONDS).close()
        yield url
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    with endpoints() as running:
        print(",".join(f"{region}={url}" for region, url in running.items()), flush=True)
        sys.stdin.read()
