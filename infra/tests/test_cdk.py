"""The CDK stacks, synthesised: the packaged templates as they are, each Region with its own stream, and clean for cfn-lint."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cfn import load
from metric_uses import INFRA
from unit.doubles import write_zip

from infra.deploy.artifacts import load as load_zip
from infra.deploy.names import label_of
from infra.deploy.package import package

CDK = INFRA / "cdk"
REGIONS = ("us-east-1", "eu-west-1")
STREAMS = {region: f"arn:aws:dynamodb:{region}:123456789012:table/Orders.v2/stream/2026-11-22T12:00:0{i}.000"
           for i, region in enumerate(REGIONS)}
NAME = f"lastwriter-dev-{label_of('Orders.v2')}"
TEMPLATES = {"key": "encryption-key.yaml", "processor": "stream-processor.yaml", "reporter": "table-reporter.yaml",
             "alarms": "alarms.yaml", "dashboard": "dashboard.yaml"}
# What a template says to every user is needless, or the same each time, for one whose parameters are filled in.
EXPECTED = {
    "W1020",  # Fn::Sub without a variable: it was a parameter
    "W8003",  # a condition on what is given
    "W1001",  # CDK's export of the key, which is there unless PrimaryKeyArn is given
}


@pytest.fixture(scope="module")
def node() -> str:
    """Node, with the packages of package-lock.json installed."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node or npm is not installed; get Node 20 or later ('apt-get install nodejs npm')")
    lock, stamp = CDK / "package-lock.json", CDK / "node_modules" / ".package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=CDK, check=True, stdin=subprocess.DEVNULL)
        stamp.touch()
    return "node"


@pytest.fixture(scope="module")
def packaged(tmp_path_factory, monkeypatch_module) -> Path:
    """A package with zips that hold nothing but the head of a program: CDK copies them, and runs none."""
    folder = tmp_path_factory.mktemp("package")
    for variable, function in (("LASTWRITER_ZIP", "stream-processor"), ("LASTWRITER_REPORTER_ZIP", "table-reporter")):
        monkeypatch_module.setenv(variable, str(write_zip(folder / f"{function}.zip", 0xB7)))
    package(folder / "package", [load_zip("stream-processor"), load_zip("table-reporter")])
    return folder / "package"


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def run(node: str, packaged: Path, out: Path, streams: dict[str, str], script: str = "example.js", **more: str):
    environment = os.environ | {"LASTWRITER_PACKAGE": str(packaged), "LASTWRITER_STREAMS": json.dumps(streams), "CDK_OUTDIR": str(out)}
    return subprocess.run([node, script], cwd=CDK, env=environment | more, text=True, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL)


@dataclass
class Synthesised:
    out: Path
    stacks: dict[tuple[str, str], dict]


@pytest.fixture(scope="module")
def synthesised(node, packaged, tmp_path_factory) -> Synthesised:
    out = tmp_path_factory.mktemp("cdk.out")
    done = run(node, packaged, out, STREAMS)
    assert done.returncode == 0, done.stderr
    stacks = {}
    for part in TEMPLATES:
        for region in REGIONS:
            stacks[part, region] = json.loads((out / f"{NAME}-{part}-{region}.template.json").read_text())
    return Synthesised(out, stacks)


def findings(folder: Path) -> list[str]:
    """What cfn-lint finds in the synthesised templates, but for what is expected."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--format", "parseable", "--regions", *REGIONS, "--template",
               *map(str, sorted(folder.glob("*.template.json")))]
    done = subprocess.run(command, text=True, capture_output=True, check=False, cwd=folder)
    return [line for line in done.stdout.splitlines() if not EXPECTED & set(line.split(":"))]


def test_cfn_lint_finds_nothing_unexpected(synthesised):
    assert findings(synthesised.out) == []


def test_a_broken_stack_is_found(synthesised, tmp_path):
    template = json.loads(json.dumps(synthesised.stacks["reporter", "us-east-1"]))
    template["Resources"]["Function"]["Properties"]["Runtime"] = "provided.al2024"
    (tmp_path / "broken.template.json").write_text(json.dumps(template))
    assert any("E3030" in line for line in findings(tmp_path))


def test_the_stacks_are_the_templates_and_nothing_beside_them(synthesised):
    for (part, _), template in synthesised.stacks.items():
        kinds = {i: r["Type"] for i, r in template["Resources"].items()}
        wanted = {i: r["Type"] for i, r in load(TEMPLATES[part])["Resources"].items()}
        beside = {kinds[i] for i in kinds.keys() - wanted.keys()} - {"AWS::CDK::Metadata"}
        assert {i: kinds.get(i) for i in wanted} == wanted
        assert beside == ({"AWS::SSM::Parameter"} if part == "processor" else set())


def test_each_regions_processor_reads_its_own_stream(synthesised):
    for region in REGIONS:
        mapping = synthesised.stacks["processor", region]["Resources"]["EventSourceMapping"]["Properties"]
        assert (mapping["EventSourceArn"], mapping["StartingPosition"]) == (STREAMS[region], "LATEST")


def test_the_stacks_have_the_names_that_the_commands_look_for(synthesised):
    artifacts = json.loads((synthesised.out / "manifest.json").read_text())["artifacts"]
    names = {a["properties"]["stackName"] for a in artifacts.values() if a["type"] == "aws:cloudformation:stack"}
    assert names == {f"{NAME}-{part}" for part in TEMPLATES}


def test_nothing_holds_the_mapping_fast(synthesised):
    """An export that another stack imports cannot change, and a new mapping has a new id."""
    for region in REGIONS:
        exports = str(synthesised.stacks["processor", region].get("Outputs"))
        assert "Export" not in exports
        parameters = synthesised.stacks["alarms", region]["Parameters"]
        looked_up = {p["Default"] for p in parameters.values() if p["Type"].startswith("AWS::SSM::")}
        assert f"/lastwriter/dev/{label_of('Orders.v2')}/event-source-mapping-id" in looked_up


def test_alarms_go_to_the_topic_of_the_processor_and_take_the_given_parameters(synthesised):
    alarm = synthesised.stacks["alarms", "eu-west-1"]["Resources"]["ConflictsAlarm"]["Properties"]
    made = synthesised.stacks["processor", "eu-west-1"]["Resources"]["Topic"]["Properties"]["TopicName"]
    assert alarm["AlarmActions"][0]["Fn::Join"][1][-1] == f":sns:eu-west-1:123456789012:{NAME}-alarms"
    assert made == f"{NAME}-alarms" or made["Fn::Sub"].endswith("-alarms")
    assert alarm["Threshold"] == 5


@pytest.mark.parametrize("streams, message", [
    ({"us-east-1": STREAMS["us-east-1"]}, "has two replicas at least"),
    ({}, "has two replicas at least"),
    ({"us-east-1": STREAMS["us-east-1"], "eu-west-1": STREAMS["us-east-1"]}, "is of us-east-1, not of eu-west-1"),
    ({**STREAMS, "eu-west-1": STREAMS["eu-west-1"].replace("Orders", "Carts")}, "of several tables (Orders.v2, Carts.v2)"),
    ({**STREAMS, "eu-west-1": "arn:aws:kinesis:eu-west-1:1:x"}, "is no stream's ARN"),
])
def test_wrong_streams_are_refused_by_name(node, packaged, tmp_path, streams, message):
    done = run(node, packaged, tmp_path, streams)
    assert done.returncode != 0 and message in done.stderr


def test_a_parameter_that_no_template_has_is_refused(node, packaged, tmp_path):
    script = tmp_path / "app.mjs"
    script.write_text(
        f'import {{ App }} from "{CDK}/node_modules/aws-cdk-lib/index.js";\n'
        f'import {{ watchTable }} from "{CDK}/lastwriter.js";\n'
        f"watchTable(new App(), {{ packageDir: process.env.LASTWRITER_PACKAGE, streams: {json.dumps(STREAMS)}, "
        f"parameters: {{ processor: {{ BatchSizes: '1' }} }} }});\n")
    done = run(node, packaged, tmp_path, STREAMS, str(script))
    assert done.returncode != 0 and "stream-processor.yaml has no parameter BatchSizes" in done.stderr


def test_tables_have_the_labels_that_the_commands_give_them(node):
    tables = ["orders", "Orders.v2", "Customer_Orders", "a-", "__x", "...", "ALLCAPS", "very-long-name-of-a-table", "a.b.c.d.e.f"]
    script = f'import {{ labelOf }} from "./lastwriter.js"; console.log(JSON.stringify({json.dumps(tables)}.map(labelOf)))'
    done = subprocess.run([node, "--input-type=module", "-e", script], cwd=CDK, text=True, capture_output=True, check=True)
    assert json.loads(done.stdout) == [label_of(table) for table in tables]


def test_the_packages_are_pinned():
    wanted = json.loads((CDK / "package.json").read_text())["dependencies"]
    locked = json.loads((CDK / "package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all("integrity" in entry or entry.get("inBundle") for path, entry in locked.items() if path)
