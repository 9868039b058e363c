"""Time for stamps: integer microseconds since 1970, never going back within a process."""

from __future__ import annotations

import threading
import time
from typing import Callable

#: The largest time or count that a stamp may hold: the end of the year 9999 in microseconds.
MAX_PART = 253402300799999999


class Clock:
    """Wraps a source of microseconds so that a later reading is never smaller than an earlier one."""

    def __init__(self, source: Callable[[], int]):
        self._source = source
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> int:
        """The time in microseconds. ValueError if the source gives none that a stamp can hold."""
        now = self._source()
        if not isinstance(now, int) or not 0 <= now <= MAX_PART:
            raise ValueError("the clock must return integer microseconds since 1970")
        with self._lock:
            if now > self._last:
                self._last = now
            return self._last


#: One for the process, so that two clients of it agree.
SYSTEM_CLOCK = Clock(lambda: time.time_ns() // 1000)
