"""`make deploy-function`: new code for functions that exist, by `cargo lambda deploy`, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import artifacts
from infra.deploy.artifacts import Artifact
from infra.deploy.context import Context
from infra.deploy.errors import DeployError, code_of

STACK_OF = {artifacts.STREAM_PROCESSOR: "processor", artifacts.TABLE_REPORTER: "reporter"}

Run = Callable[[list[str], dict[str, str]], int]
"""Runs a command in the repository's root and gives its exit status."""


def _run(command: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(command, cwd=artifacts.ROOT, env=environment, check=False).returncode


def search_path() -> str:
    """PATH with this Python's own programs first: cargo-lambda comes from the same virtual environment."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def deploy_function(context: Context, function: str, run: Run = _run) -> None:
    """Replace the code of the function in every Region. Its settings stay as the stack made them."""
    console, names = context.console, context.names
    artifact = artifacts.load(function)
    check_tools()
    targets = {region: context.require(region, STACK_OF[function]).output("FunctionName") for region in context.regions}
    for region, name in targets.items():
        check_function(context, region, name, artifact)

    console.plan(f"make deploy-function {names.arguments()}", [
        f"replace the code of {name} in {region} by {artifact.digest[:12]} ({artifact.architecture})"
        for region, name in targets.items()
    ] + ["leave environment, role, memory and every other setting as they are"])
    console.confirm(names.env, f"replace the code of {function} in {', '.join(context.regions)}.")

    for region, name in targets.items():
        console.title(f"{region} {name}")
        _deploy_one(context, region, name, artifact, run)
        _await_code(context, region, name)
    console.title("Done. `make deploy` from the same build brings the stacks to the same code.")


def check_tools() -> None:
    """cargo and cargo-lambda are there."""
    for program, todo in (
        ("cargo", "install Rust (rustup.rs)."),
        ("cargo-lambda", "run `make setup`, which installs it into .venv."),
    ):
        if shutil.which(program, path=search_path()) is None:
            raise DeployError(f"{program} is not installed. Nothing was changed.", todo)


def check_function(context: Context, region: str, name: str, artifact: Artifact) -> None:
    """The function exists and can run the zip: cargo-lambda would otherwise make a function and a role of its own."""
    try:
        found: dict[str, Any] = context.aws.client("lambda", region).get_function_configuration(FunctionName=name)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise DeployError(
            f"There is no function {name} in {region}. Nothing was changed.",
            f"run `make deploy {context.names.arguments()}` first: cargo-lambda would make one with a role of its own.",
        ) from error
    architecture = found.get("Architectures", ["x86_64"])[0]
    if architecture != artifact.architecture:
        raise DeployError(
            f"{name} in {region} runs on {architecture}, and the zip is built for {artifact.architecture}. "
            "Nothing was changed.",
            "build for the function's architecture, or run `make deploy`, which changes both together.",
        )
    if found.get("LastUpdateStatus") == "InProgress":
        raise DeployError(f"{name} in {region} is being updated.", "wait a minute, then run this again.")


def command_for(name: str, region: str, lambda_dir: str, binary: str) -> list[str]:
    """The call of cargo-lambda.

    No flag here is a setting of the function, and the workspace has no [package.metadata.lambda.deploy]: so
    cargo-lambda 1.9.2 calls UpdateFunctionCode alone (`should_update` in cargo-lambda-metadata's deploy.rs).
    """
    return ["cargo", "lambda", "deploy", name, "--region", region, "--lambda-dir", lambda_dir,
            "--binary-name", binary]


def _deploy_one(context: Context, region: str, name: str, artifact: Artifact, run: Run) -> None:
    with tempfile.TemporaryDirectory() as directory:
        # A copy, because cargo-lambda would rather zip a `bootstrap` that an older build left beside the zip.
        place = Path(directory) / artifact.function
        place.mkdir()
        shutil.copyfile(artifact.path, place / "bootstrap.zip")
        environment = {**os.environ, "PATH": search_path(), "AWS_REGION": region}
        status = run(command_for(name, region, directory, artifact.function), environment)
    if status:
        done = context.regions[:context.regions.index(region)]
        raise DeployError(
            f"cargo lambda deploy failed in {region} (exit status {status}); its message is above."
            + (f" The new code runs in {', '.join(done)}." if done else " Nothing was changed."),
            "fix the cause and run this again: it replaces the code in every Region.",
        )


def _await_code(context: Context, region: str, name: str) -> None:
    client = context.aws.client("lambda", region)

    def poll() -> str | None:
        found = client.get_function_configuration(FunctionName=name)
        state = found.get("LastUpdateStatus", "Successful")
        if state == "Failed":
            raise DeployError(f"Lambda refuses the code of {name} in {region}: "
                              f"{found.get('LastUpdateStatusReason', 'no reason given')}", "build it again.")
        return found["CodeSha256"] if state == "Successful" else None

    context.console.step(f"runs code {context.waiter.until(poll, f'the code of {name} in {region}', 300)}")
