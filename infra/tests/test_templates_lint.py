"""cfn-lint and checkov, as pinned, find nothing; and each finds something in a broken copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from metric_uses import INFRA

BIN = Path(sys.executable).parent
# No proxy answers there: a tool that tried to call out would fail at once, and not hang.
OFFLINE = os.environ | {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}


def cfn_lint(cwd):
    return subprocess.run([str(BIN / "cfn-lint")], cwd=cwd, capture_output=True, text=True, env=OFFLINE, timeout=300, check=False)


def checkov(cwd):
    command = [str(BIN / "checkov"), "--config-file", ".checkov.yaml"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=OFFLINE, timeout=300, check=False)


@pytest.fixture
def copy_of_infra(tmp_path):
    """A directory with the configurations and one template, to be broken."""

    def make(template):
        (tmp_path / "templates").mkdir()
        for name in (".cfnlintrc", ".checkov.yaml", f"templates/{template}"):
            shutil.copy(INFRA / name, tmp_path / name)
        return tmp_path

    return make


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_cfn_lint_finds_nothing():
    result = cfn_lint(INFRA)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize(
    "template, old, new, finding",
    [
        ("global-table.yaml", "BillingMode: !Ref BillingMode", "BillingMode: ON_DEMAND", "E3030"),
        ("table-reporter.yaml", "Runtime: provided.al2023", "Runtime: provided.al2024", "E3030"),
        ("table-reporter.yaml", "Role: !GetAtt Role.Arn", "Role: !GetAtt Rolle.Arn", "E1010"),
        ("artifact-bucket.yaml", "BucketEncryption:", "BucketEncryptions:", "E3002"),
    ],
)
def test_cfn_lint_finds_a_broken_copy(copy_of_infra, template, old, new, finding):
    directory = copy_of_infra(template)
    replace(directory / "templates" / template, old, new)
    result = cfn_lint(directory)
    assert result.returncode != 0 and finding in result.stdout


def test_checkov_passes_and_has_looked():
    result = checkov(INFRA)
    counts = re.search(r"Passed checks: (\d+), Failed checks: (\d+)", result.stdout)
    assert counts, result.stdout
    passed, failed = counts.groups()
    assert (result.returncode, int(failed)) == (0, 0), result.stdout
    assert int(passed) >= 50


def test_checkov_finds_a_broken_copy(copy_of_infra):
    directory = copy_of_infra("artifact-bucket.yaml")
    replace(directory / "templates" / "artifact-bucket.yaml", "BlockPublicAcls: true", "BlockPublicAcls: false")
    result = checkov(directory)
    assert result.returncode != 0 and "CKV_AWS_53" in result.stdout


def unexplained(text):
    """The suppressions that no comment of their own precedes."""
    lines = text.splitlines()
    found = [i for i, line in enumerate(lines) if re.match(r"\s+- CKV", line)]
    return [lines[i].strip() for i in found if not lines[i - 1].lstrip().startswith("#")]


def test_every_suppression_is_explained_and_there_is_no_other():
    text = (INFRA / ".checkov.yaml").read_text()
    assert len(yaml.safe_load(text)["skip-check"]) == 5
    assert unexplained(text) == []
    assert unexplained("skip-check:\n  - CKV_AWS_1\n") == ["- CKV_AWS_1"]
    assert yaml.safe_load((INFRA / ".cfnlintrc").read_text())["ignore_checks"] == []
    for template in (INFRA / "templates").glob("*.yaml"):
        assert "checkov:skip" not in template.read_text() and "cfn-lint:" not in template.read_text()


def test_the_versions_are_the_pinned_ones():
    pinned = dict(line.split("==") for line in (INFRA / "requirements.txt").read_text().split() if "==" in line)
    assert pinned["cfn-lint"] == "1.58.0" and pinned["checkov"] == "3.3.30" and pinned["ministack"] == "1.5.33"
    result = subprocess.run([BIN / "cfn-lint", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout.split()[-1] == pinned["cfn-lint"]
