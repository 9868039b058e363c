"""A pytest plugin: reports each reason for which tests were skipped to tools/skip.sh, with how many tests it took.

`tools/test.sh` loads it into every pytest of a run, so that no test can be skipped without a line at the end.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

SKIP = Path(__file__).resolve().parent / "skip.sh"


class SkipReport:
    """Counts skips by reason."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reasons: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A test that is expected to fail has run.
        if report.skipped and not hasattr(report, "wasxfail"):
            self._count(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._count(report)

    def _count(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        self.reasons[reason.removeprefix("Skipped: ")] += 1

    def pytest_sessionfinish(self) -> None:
        for reason, count in self.reasons.items():
            tests = "a test" if count == 1 else f"{count} tests"
            subprocess.run([str(SKIP), f"{tests} of {self.root.name}", reason], check=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipReport(Path.cwd()), "skip-report")
