"""What a command says, and the question it asks before it changes production."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from infra.deploy.errors import DeployError

PRODUCTION = "prod"


@dataclass
class Console:
    """Where a command writes, and where it asks. Tests pass their own."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    ask: Callable[[str], str] = input
    is_terminal: Callable[[], bool] = lambda: sys.stdin.isatty()
    assume_yes: bool = False

    def say(self, line: str = "") -> None:
        """Write one line in one piece and at once: several Regions report side by side while a command waits."""
        self.out.write(f"{line}\n")
        self.out.flush()

    def title(self, line: str) -> None:
        """Begin a part of the output."""
        self.say()
        self.say(line)

    def step(self, line: str) -> None:
        """Something that the command does or found, below its title."""
        self.say(f"  {line}")

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Rows in aligned columns; nothing at all where there are no rows."""
        cells = [[str(cell) for cell in row] for row in rows]
        if not cells:
            return
        widths = [max(len(row[i]) for row in [list(headings), *cells]) for i in range(len(headings))]
        for row in [list(headings), *cells]:
            self.say("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def plan(self, command: str, steps: Sequence[str]) -> None:
        """Say what the command will do, before it does any of it."""
        self.title(f"{command} will:")
        for number, step in enumerate(steps, 1):
            self.step(f"{number}. {step}")

    def confirm(self, environment: str, what: str) -> None:
        """Ask before production changes. YES=1 answers; without a terminal nobody can, so the command stops.

        Other environments than prod are not asked about.
        """
        if environment == PRODUCTION:
            self.confirm_always(f"ENV=prod: {what}")

    def confirm_always(self, what: str) -> None:
        """Ask whatever the environment is. For what cannot be taken back."""
        if self.assume_yes:
            self.step("YES=1: not asking.")
            return
        if not self.is_terminal():
            raise DeployError(
                f"{what} This needs an answer, and there is no terminal to ask at. Nothing was changed.",
                "run it at a terminal, or set YES=1 once you have read what it will do.",
            )
        try:
            answer = self.ask(f"{what} Go on? [y/N] ")
        except (EOFError, KeyboardInterrupt):
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise DeployError("Stopped at your word. Nothing was changed.")
