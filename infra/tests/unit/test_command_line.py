"""Exit statuses, and what is checked before a build."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from doubles import ACCOUNT, REGIONS, StubbedAws, console, table
from doubles import context as make_context

from infra.deploy import artifacts, cli, system
from infra.deploy.artifacts import Artifact
from infra.deploy.errors import DeployError
from infra.deploy.tables import Replica
from infra.deploy.waiting import Waiter

ARGUMENTS = ["--table", "orders", "--regions", ",".join(REGIONS)]


class IdentifiedAws(StubbedAws):
    """Credentials that STS knows."""

    def identify(self, region: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:user/me"


def run(aws: IdentifiedAws, *arguments: str) -> int:
    return cli.run(arguments, aws, console(), Waiter())  # type: ignore[arg-type]


def test_a_wrong_argument_ends_with_1_since_2_means_that_something_would_change(
        capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["plan", "--nonsense"], ["nonsense"], ["load-test", "--rate", "much"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert ended.value.code == 1, arguments
        assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["deploy", "plan", "attach", "deploy-function", "add-region"])
def test_arguments_and_credentials_are_checked_before_a_build_and_nothing_else_is_done(command: str) -> None:
    aws = IdentifiedAws()
    for region in REGIONS:
        aws.answer("dynamodb", region, "list_tables", {"TableNames": []})
    more = ["--region", "eu-west-2"] if command == "add-region" else []
    assert run(aws, command, *ARGUMENTS, *more, "--before-build") == 0
    aws.assert_all_was_asked()


@pytest.mark.parametrize(("arguments", "expected"), [
    (["--table", "orders", "--regions", "us-esat-1,eu-west-1"], "is not an AWS Region"),
    ([*ARGUMENTS, "--params", "Nonsense=1"], "No template has a parameter Nonsense"),
    ([*ARGUMENTS, "--params", "eu-west-2:MemorySize=512"], "names the Region 'eu-west-2'"),
])
def test_what_is_wrong_in_the_arguments_is_said_before_a_build(arguments: list[str], expected: str) -> None:
    with pytest.raises(DeployError, match=expected):
        run(IdentifiedAws(), "deploy", *arguments, "--before-build")


@pytest.mark.parametrize("command", ["deploy", "plan", "attach", "deploy-function", "add-region"])
def test_make_checks_before_it_builds(command: str, tmp_path: Path) -> None:
    for name in ("pip.stamp", "deploy.stamp", "tools.stamp"):
        (tmp_path / name).touch()
    makefile = f"VENV := {tmp_path}\ninclude {artifacts.ROOT}/infra/deploy.mk\nbuild setup:\n\t@echo building\n"
    (tmp_path / "Makefile").write_text(makefile)
    (tmp_path / "infra" / "deploy").mkdir(parents=True)
    (tmp_path / "infra" / "deploy" / "requirements.txt").touch()
    (tmp_path / "deploy.stamp").touch()
    done = subprocess.run(["make", "--no-print-directory", "-n", command, "TABLE=orders"], cwd=tmp_path, text=True,
                          capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
    steps = [bool(re.search("--before-build", line)) for line in done.stdout.splitlines() if "infra.deploy" in line]
    assert steps == [True, False], done.stdout
    lines = done.stdout.splitlines()
    built = next(number for number, line in enumerate(lines) if "building" in line or "make build" in line)
    first = next(number for number, line in enumerate(lines) if "--before-build" in line)
    assert first < built < len(lines) - 1, done.stdout


def test_the_streams_of_a_strong_table_are_switched_on_per_replica(aws: StubbedAws) -> None:
    context = make_context(aws)
    off = {"StreamSpecification": {"StreamEnabled": False}, "MultiRegionConsistency": "STRONG"}
    replicas = {
        "us-east-1": Replica("us-east-1", "orders", table("us-east-1", MultiRegionConsistency="STRONG")["Table"]),
        "eu-west-1": Replica("eu-west-1", "orders", table("eu-west-1", **off)["Table"]),
    }
    aws.answer("dynamodb", "eu-west-1", "update_table", {}, {"TableName": "orders", "StreamSpecification": {
        "StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}})
    aws.answer("dynamodb", "eu-west-1", "describe_table", table("eu-west-1", TableStatus="UPDATING"))
    aws.answer("dynamodb", "eu-west-1", "describe_table", table("eu-west-1"))
    artifact = Artifact("stream-processor", Path("x"), "0" * 64, "arm64")
    with_streams = system.Builder(context, artifact, artifact).enable_streams(replicas)
    assert all(replica.stream_arn for replica in with_streams.values())
