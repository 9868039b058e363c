"""Waiting for AWS: polling that starts quickly, slows down, and never waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from infra.deploy.errors import DeployError

T = TypeVar("T")


@dataclass(frozen=True)
class Waiter:
    """Polls a condition. The clock and the sleep are passed in, so that tests do not wait."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    first_pause: float = 0.2
    max_pause: float = 10.0

    def until(self, poll: Callable[[], T | None], what: str, timeout: float) -> T:
        """The first answer of `poll` that is not None.

        Raises DeployError after `timeout` seconds, naming `what` was waited for.
        """
        start, pause = self.now(), self.first_pause
        while True:
            answer = poll()
            if answer is not None:
                return answer
            if self.now() - start >= timeout:
                raise DeployError(
                    f"Waited {int(timeout)} s for {what}, and it has not come about.",
                    "AWS may still be at work: look with `make status`, and run the command again. It goes on where "
                    "it stopped.",
                )
            self.sleep(pause)
            pause = min(pause * 1.6, self.max_pause)
