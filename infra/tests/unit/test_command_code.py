"""The built zips, their upload, and `deploy-function`."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from doubles import ACCOUNT, REGIONS, StubbedAws, stack, write_zip

from infra.deploy import artifacts, templates
from infra.deploy.artifacts import MAX_INLINE_TEMPLATE_BYTES, Store
from infra.deploy.commands import deploy_function
from infra.deploy.errors import DeployError
from infra.deploy.planning import pending

NAME = "lastwriter-dev-orders-stream-processor"


@pytest.fixture
def zipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_zip(tmp_path / "stream-processor" / "bootstrap.zip")
    monkeypatch.setenv("LASTWRITER_ZIP", str(path))
    return path


def test_the_zip_is_named_by_its_content_and_its_machine(zipped: Path) -> None:
    artifact = artifacts.load("stream-processor")
    digest = hashlib.sha256(zipped.read_bytes()).digest()
    assert artifact.key == f"stream-processor/{digest.hex()}.zip"
    assert artifact.code_sha256 == base64.b64encode(digest).decode()
    assert artifact.architecture == "x86_64"


def test_arm_code_is_told_from_x86(zipped: Path) -> None:
    write_zip(zipped, machine=0xB7)
    assert artifacts.load("stream-processor").architecture == "arm64"


def test_code_that_is_not_built_asks_for_a_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LASTWRITER_ZIP", str(tmp_path / "none.zip"))
    with pytest.raises(DeployError, match="The code of stream-processor is not built.*\n.*make build"):
        artifacts.load("stream-processor")


def test_what_is_no_zip_or_no_linux_program_or_for_another_machine_is_refused(zipped: Path) -> None:
    zipped.write_bytes(b"not a zip")
    with pytest.raises(DeployError, match="is not a zip with a `bootstrap`"):
        artifacts.load("stream-processor")
    write_zip(zipped, name="main")
    with pytest.raises(DeployError, match="is not a zip with a `bootstrap`"):
        artifacts.load("stream-processor")
    write_zip(zipped, start=b"MZ\x90\x00")
    with pytest.raises(DeployError, match="is not a Linux program"):
        artifacts.load("stream-processor")
    write_zip(zipped, machine=0xF3)
    with pytest.raises(DeployError, match="a machine that Lambda does not have"):
        artifacts.load("stream-processor")


def test_a_zip_that_is_there_is_not_uploaded_again(aws: StubbedAws, zipped: Path) -> None:
    artifact = artifacts.load("stream-processor")
    aws.answer("s3", "eu-west-1", "head_object", {},
               {"Bucket": "code", "Key": artifact.key, "ExpectedBucketOwner": ACCOUNT})
    assert Store(aws, {"eu-west-1": "code"}).upload("eu-west-1", artifact) == artifact.key


def test_a_new_zip_goes_only_into_a_bucket_of_this_account(aws: StubbedAws, zipped: Path) -> None:
    artifact = artifacts.load("stream-processor")
    aws.refuse("s3", "eu-west-1", "head_object", "404")
    aws.answer("s3", "eu-west-1", "put_object", {}, {
        "Bucket": "code", "Key": artifact.key, "Body": zipped.read_bytes(), "ExpectedBucketOwner": ACCOUNT,
        "ChecksumAlgorithm": "SHA256"})
    Store(aws, {"eu-west-1": "code"}).upload("eu-west-1", artifact)


def test_a_bucket_of_somebody_else_stops_the_upload(aws: StubbedAws, zipped: Path) -> None:
    aws.refuse("s3", "eu-west-1", "head_object", "403", "Forbidden")
    with pytest.raises(Exception, match="Forbidden"):
        Store(aws, {"eu-west-1": "code"}).upload("eu-west-1", artifacts.load("stream-processor"))


def test_a_template_that_is_too_large_to_send_goes_through_the_bucket(aws: StubbedAws, tmp_path: Path) -> None:
    small, large = tmp_path / "small.yaml", tmp_path / "large.yaml"
    small.write_text("#")
    large.write_text("#" * (MAX_INLINE_TEMPLATE_BYTES + 1))
    store = Store(aws, {"eu-west-1": "code"})
    assert store.template("eu-west-1", small) == {"TemplateBody": "#"}
    aws.answer("s3", "eu-west-1", "head_object", {})
    url = store.template("eu-west-1", large)["TemplateURL"]
    assert url.startswith("https://code.s3.eu-west-1.amazonaws.com/templates/large-") and url.endswith(".yaml")


@pytest.mark.parametrize("name", sorted(
    path.stem for path in templates.path_of("global-table").parent.glob("*.yaml")
    if len(path.read_bytes()) > MAX_INLINE_TEMPLATE_BYTES and path.stem not in ("alarms", "dashboard")))
def test_a_plan_needs_no_bucket_to_look_at_a_stack_that_exists_before_there_is_one(aws: StubbedAws, name: str) -> None:
    """A table or ledger that was only just imported; alarms and dashboards are never imported."""
    store = Store(aws, {"eu-west-1": pending("artifacts", "BucketName")})
    body = store.template("eu-west-1", templates.path_of(name))["TemplateBody"]
    assert len(body) <= MAX_INLINE_TEMPLATE_BYTES
    compact, whole = json.loads(body), templates.read(name)
    assert set(compact["Resources"]) == set(whole["Resources"]) and set(compact["Parameters"]) == set(whole["Parameters"])
    assert set(compact["Outputs"]) == set(whole["Outputs"])


def test_a_template_url_elsewhere_than_on_aws_names_the_bucket_in_its_path() -> None:
    assert artifacts.template_url("http://127.0.0.1:4566", "code", "k") == "http://127.0.0.1:4566/code/k"


def test_only_the_code_is_passed_to_cargo_lambda() -> None:
    command = deploy_function.command_for(NAME, "eu-west-1", "/built", "stream-processor")
    flags = {word for word in command if word.startswith("--")}
    assert command[:4] == ["cargo", "lambda", "deploy", NAME]
    # Each other flag of cargo-lambda's is a setting of the function, and one setting would bring the rest with it.
    assert flags == {"--region", "--lambda-dir", "--binary-name"}


def test_the_workspace_holds_no_settings_that_cargo_lambda_would_apply() -> None:
    for manifest in [artifacts.ROOT / "Cargo.toml", *artifacts.ROOT.glob("functions/*/Cargo.toml")]:
        assert "metadata.lambda" not in manifest.read_text(), manifest
    assert not (artifacts.ROOT / "CargoLambda.toml").exists()


@pytest.mark.parametrize(("missing", "expected"), [
    ("cargo", "cargo is not installed"), ("cargo-lambda", "cargo-lambda is not installed")])
def test_a_missing_program_is_named_with_how_to_get_it(
        monkeypatch: pytest.MonkeyPatch, missing: str, expected: str) -> None:
    monkeypatch.setattr(deploy_function.shutil, "which", lambda name, path: None if name == missing else f"/bin/{name}")
    with pytest.raises(DeployError, match=expected):
        deploy_function.check_tools()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy_function.shutil, "which", lambda name, path: f"/bin/{name}")


def lay_out_stacks(aws: StubbedAws) -> None:
    for region in REGIONS:
        aws.answer("cloudformation", region, "describe_stacks",
                   stack("lastwriter-dev-orders-processor", "CREATE_COMPLETE", outputs={"FunctionName": NAME}))


def lay_out_function(aws: StubbedAws, region: str, architecture: str = "x86_64", status: str = "Successful",
                     digest: str = "old") -> None:
    aws.answer("lambda", region, "get_function_configuration", {
        "Architectures": [architecture], "LastUpdateStatus": status, "CodeSha256": digest})


class Runs:
    """Stands for cargo: notes what it is asked, and fails where told."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.asked: list = []

    def __call__(self, command: list[str], environment: dict[str, str]) -> int:
        region = command[command.index("--region") + 1]
        place = Path(command[command.index("--lambda-dir") + 1]) / "stream-processor"
        assert [file.name for file in place.iterdir()] == ["bootstrap.zip"]
        self.asked.append((region, environment["AWS_REGION"]))
        return int(region == self.failing)


@pytest.mark.usefixtures("tools", "zipped")
def test_the_code_is_replaced_in_every_region(aws: StubbedAws, context, said) -> None:
    lay_out_stacks(aws)
    for region in REGIONS:
        lay_out_function(aws, region)
    for region in REGIONS:
        lay_out_function(aws, region, status="InProgress")
        lay_out_function(aws, region, digest="new")
    runs = Runs()
    deploy_function.deploy_function(context, "stream-processor", runs)
    assert runs.asked == [(region, region) for region in REGIONS]
    assert said().count("runs code new") == 2


@pytest.mark.usefixtures("tools", "zipped")
def test_a_function_that_is_missing_in_one_region_stops_before_any_code_is_replaced(aws: StubbedAws, context) -> None:
    lay_out_stacks(aws)
    lay_out_function(aws, "us-east-1")
    aws.refuse("lambda", "eu-west-1", "get_function_configuration", "ResourceNotFoundException")
    runs = Runs()
    with pytest.raises(DeployError, match=f"no function {NAME} in eu-west-1. Nothing was changed") as raised:
        deploy_function.deploy_function(context, "stream-processor", runs)
    assert "a role of its own" in str(raised.value)
    assert runs.asked == []


@pytest.mark.usefixtures("tools", "zipped")
@pytest.mark.parametrize(("changes", "expected"), [
    ({"architecture": "arm64"}, "runs on arm64, and the zip is built for x86_64. Nothing was changed"),
    ({"status": "InProgress"}, "is being updated"),
])
def test_code_that_the_function_cannot_take_is_refused(aws: StubbedAws, context, changes: dict[str, str],
                                                       expected: str) -> None:
    lay_out_stacks(aws)
    lay_out_function(aws, "us-east-1", **changes)
    with pytest.raises(DeployError, match=expected):
        deploy_function.deploy_function(context, "stream-processor", Runs())


@pytest.mark.usefixtures("tools", "zipped")
def test_a_failure_half_way_says_where_the_new_code_runs(aws: StubbedAws, context) -> None:
    lay_out_stacks(aws)
    for region in REGIONS:
        lay_out_function(aws, region)
    lay_out_function(aws, "us-east-1", digest="new")
    with pytest.raises(DeployError) as raised:
        deploy_function.deploy_function(context, "stream-processor", Runs(failing="eu-west-1"))
    assert "failed in eu-west-1 (exit status 1)" in str(raised.value)
    assert "The new code runs in us-east-1." in str(raised.value) and "run this again" in str(raised.value)
