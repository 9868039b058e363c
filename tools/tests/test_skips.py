"""What a step leaves out stands at the end of `make test`, whoever left it out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIP = ROOT / "tools" / "skip.sh"


@pytest.fixture
def collected(tmp_path):
    return tmp_path / "skipped.txt"


def run(*command, collected, cwd=ROOT, check=True, **environment):
    environment = {**os.environ, "SKIPPED_CHECKS": str(collected), **environment}
    return subprocess.run(command, cwd=cwd, env=environment, check=check, capture_output=True, text=True)


def listed(collected):
    return run(SKIP, "--list", collected=collected).stdout.splitlines()[1:]


def test_what_was_skipped_is_listed_once_in_its_order(collected):
    for what in ("the Node client", "instructions", "the Node client"):
        run(SKIP, what, "a tool is missing\nget it", collected=collected)
    assert listed(collected) == [
        "Skipped:",
        "  the Node client: a tool is missing get it",
        "  instructions: a tool is missing get it",
    ]


def test_a_whole_run_says_so(collected):
    collected.touch()
    assert listed(collected) == ["Nothing was skipped."]


@pytest.mark.parametrize("arguments", [(), ("what",), ("what", ""), ("what", "why", "more")])
def test_a_skip_without_a_reason_is_an_error(collected, arguments):
    assert run(SKIP, *arguments, collected=collected, check=False).returncode == 2
    assert not collected.exists()


def test_a_skip_outside_of_make_test_is_only_printed(collected):
    environment = {name: value for name, value in os.environ.items() if name != "SKIPPED_CHECKS"}
    told = subprocess.run([SKIP, "a check", "no tool"], env=environment, check=True, capture_output=True, text=True)
    assert told.stderr == "skipped: a check: no tool\n"


TESTS = '''
import pytest

@pytest.mark.skip(reason="no chromium")
@pytest.mark.parametrize("n", [1, 2])
def test_marked(n):
    raise AssertionError

def test_skips_itself():
    pytest.skip("no mvn")

@pytest.mark.xfail
def test_expected_to_fail():
    raise AssertionError

def test_passes():
    pass
'''


def test_pytest_reports_each_reason_with_its_count(collected, tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "test_pages.py").write_text(TESTS)
    (folder / "test_more.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "report_skips", "-p", "no:cacheprovider")
    run(*command, collected=collected, cwd=folder, PYTHONPATH=str(ROOT / "tools"), PYTEST_ADDOPTS="")
    assert "  2 tests of pages: no chromium" in listed(collected)
    assert "  a test of pages: no mvn" in listed(collected)
    assert sum("no_such_module" in line for line in listed(collected)) == 1
    assert len(listed(collected)) == 4


def test_the_clients_without_node_or_maven_say_so(collected, tmp_path):
    """clients/test.sh with a PATH that has neither node nor mvn, and a Python that passes every test."""
    for file in ("clients/test.sh", "tools/skip.sh"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    bin_folder, venv = tmp_path / "bin", tmp_path / "clients" / "python" / ".venv"
    (venv / "bin").mkdir(parents=True)
    (tmp_path / "clients" / "e2e").mkdir()
    bin_folder.mkdir()
    for tool in ("bash", "env", "dirname", "awk"):
        (bin_folder / tool).symlink_to(shutil.which(tool))
    (venv / "bin" / "python").symlink_to(shutil.which("true"))
    (venv / "requirements.stamp").touch()
    for script in re.findall(r"^(python/\S+\.sh)", (ROOT / "clients" / "test.sh").read_text(), re.M):
        (tmp_path / "clients" / script).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clients" / script).symlink_to(shutil.which("true"))
    run(tmp_path / "clients" / "test.sh", collected=collected, cwd=tmp_path, PATH=str(bin_folder))
    for language in ("Node", "Java"):
        assert [line for line in listed(collected) if language in line], listed(collected)


def test_nothing_is_said_to_be_skipped_in_another_way():
    """A message of its own would not reach the end of the run."""
    scripts = [*ROOT.glob("tools/*.sh"), *ROOT.glob("clients/*.sh"), *ROOT.glob("bench/**/*.sh"), *ROOT.glob("infra/*.sh")]
    assert ROOT / "clients" / "test.sh" in scripts
    for script in scripts:
        if script != SKIP:
            lines = [line for line in script.read_text().splitlines() if "skipped" in line.lower() and ("echo" in line or "printf" in line)]
            assert lines == [], script
