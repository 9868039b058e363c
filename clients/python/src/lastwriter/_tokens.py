"""The time stamped for each ClientRequestToken, so that a transaction sent again is the same transaction.

DynamoDB answers a token that comes back with other parameters with IdempotentParameterMismatchException, for ten
minutes after the first request with that token is done (API reference of TransactWriteItems).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Callable

REMEMBERED_SECONDS = 600.0
#: About 20 MB. Beyond it the token used longest ago is forgotten early.
CAPACITY = 100_000


class TokenMemory:
    """Remembers what was made for a token until ten minutes after its last use."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        seconds: float = REMEMBERED_SECONDS,
        capacity: int = CAPACITY,
    ):
        self._monotonic = monotonic
        self._seconds = seconds
        self._capacity = capacity
        self._entries: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, token: Hashable, make: Callable[[], int]) -> int:
        """What was made for this token, or what `make` gives now."""
        with self._lock:
            now = self._monotonic()
            # Taken out before others are forgotten, so that a token in use is never the one to go.
            known = self._entries.pop(token, None)
            self._forget(now)
            value = make() if known is None or now - known[0] >= self._seconds else known[1]
            self._entries[token] = (now, value)
            return value

    def _forget(self, now: float) -> None:
        # Each use moves a token to the end, so the front is the oldest.
        while self._entries:
            token, (used, _) = next(iter(self._entries.items()))
            if now - used < self._seconds and len(self._entries) < self._capacity:
                return
            del self._entries[token]


#: One for the process: a retry may well use another client object.
PROCESS_TOKENS = TokenMemory()
