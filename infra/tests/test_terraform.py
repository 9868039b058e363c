"""The Terraform module, parsed: its stacks are given the parameters that their templates have, and read outputs that they make.

No provider could be had where this was written, so nothing here has been planned or applied.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import hcl2
import pytest
from cfn import load
from metric_uses import INFRA

MODULE = INFRA / "terraform"
STACKS = {"artifacts": "artifact-bucket", "key": "encryption-key", "processor": "stream-processor", "reporter": "table-reporter",
          "alarms": "alarms", "dashboard": "dashboard"}


def parsed(text: str) -> dict:
    return hcl2.loads(text)


def source() -> str:
    return (MODULE / "main.tf").read_text()


def blocks(module: dict, kind: str) -> dict[str, dict]:
    return {name: body for entry in module["resource"] for found, named in entry.items() if found == kind for name, body in named.items()}


def locals_of(module: dict) -> dict[str, str]:
    return {name: str(value) for entry in module["locals"] for name, value in entry.items()}


def given(parameters: str, local: dict[str, str]) -> set[str]:
    """The names of the parameters in an expression, and in the locals that it merges."""
    names = set(re.findall(r"['\"]([A-Z][A-Za-z]+)\\?['\"]:", parameters))
    names |= set(re.findall(r"\b([A-Z][A-Za-z]+)\s*=", parameters))
    for reference in re.findall(r"local\.(\w+)", parameters):
        names |= given(local[reference], local) if reference in ("common", "watched", "code") else set()
    return names


def findings(text: str) -> list[str]:
    """What does not fit: parameters that a template lacks or that nobody gives it, outputs that no template makes, other templates."""
    module, found = parsed(text), []
    stacks, local = blocks(module, "aws_cloudformation_stack"), locals_of(module)
    if set(stacks) != set(STACKS):
        found.append(f"the stacks are {sorted(stacks)}")
    for name, body in stacks.items():
        template = load(f"{STACKS.get(name, name)}.yaml")
        names = given(str(body["parameters"]), local)
        declared = template["Parameters"]
        required = {p for p, spec in declared.items() if "Default" not in spec}
        found += [f"{name}: no parameter {p}" for p in sorted(names - set(declared))]
        found += [f"{name}: {p} is not given" for p in sorted(required - names)]
        where = str(body.get("template_body", body.get("template_url")))
        if f'["{STACKS[name]}"]' not in where and f'["{name}"]' not in where:
            found.append(f"{name}: another template: {where}")
        if str(body["name"]) != f"['${{local.name}}-{name}']":
            found.append(f"{name}: the commands look for another name than {body['name']}")
        if ("capabilities" in body) != any(r["Type"] == "AWS::IAM::Role" for r in template["Resources"].values()):
            found.append(f"{name}: capabilities")
    for stack, output in re.findall(r"aws_cloudformation_stack\.(\w+)\.outputs\.(\w+)", text):
        if output not in load(f"{STACKS[stack]}.yaml")["Outputs"]:
            found.append(f"{stack} has no output {output}")
    return found


def test_the_module_fits_the_templates():
    assert findings(source()) == []
    assert findings(source() + (MODULE / "outputs.tf").read_text()) == []


@pytest.mark.parametrize("old, new, finding", [
    ("StreamArn = ", "StreamArns = ", "processor: no parameter StreamArns"),
    ("    KeyArn    = local.key_arn\n  })\n}\n\nresource \"aws_cloudformation_stack\" \"reporter\"",
     "  })\n}\n\nresource \"aws_cloudformation_stack\" \"reporter\"", "processor: KeyArn is not given"),
    (".outputs.EventSourceMappingId", ".outputs.MappingId", "processor has no output MappingId"),
    ('templates["table-reporter"]', 'templates["stream-processor"]', "reporter: another template"),
    ('"${local.name}-alarms"', '"${local.name}-alarm"', "alarms: the commands look for another name"),
    ('  capabilities  = ["CAPABILITY_NAMED_IAM"]\n', "", "processor: capabilities"),
], ids=lambda v: v[:30])
def test_a_broken_copy_is_caught(old, new, finding):
    assert old in source()
    assert any(finding in found for found in findings(source().replace(old, new, 1)))


def test_every_variable_is_declared_described_and_used():
    declared = {name: body for entry in parsed((MODULE / "variables.tf").read_text())["variable"] for name, body in entry.items()}
    used = set(re.findall(r"\bvar\.(\w+)", source()))
    assert set(declared) == used
    assert all(body.get("description") for body in declared.values())


def test_the_example_gives_the_module_what_it_needs():
    example = parsed((MODULE / "example" / "main.tf").read_text())
    declared = {name: body for entry in parsed((MODULE / "variables.tf").read_text())["variable"] for name, body in entry.items()}
    required = {name for name, body in declared.items() if "default" not in body}
    modules = [body for entry in example["module"] for body in entry.values()]
    assert len(modules) == 2
    for body in modules:
        names = {name for name in body if not name.startswith("__")} - {"source", "providers"}
        assert required <= names <= set(declared)


def test_terraform_itself_reads_it_and_has_nothing_to_format():
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed; the module was parsed by python-hcl2 alone")
    done = subprocess.run(["terraform", "fmt", "-check", "-recursive", "-diff", str(MODULE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
