"""The packaged folder, deployed by the lines of the docs with the AWS CLI alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from emulator import ROOT, Emulator
from test_attach import REGIONS, make_table

DOCS = ROOT / "infra" / "COMMANDS.md"


def lines_of_the_docs() -> str:
    section = DOCS.read_text().split("## make package\n", 1)[1].split("\n## ", 1)[0]
    return re.search(r"```bash\n(.*?)```", section, re.S)[1]


def shell(emulator: Emulator, folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script away from the repository, with the AWS CLI beside this Python."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(["bash", "-c", script], cwd=folder, text=True, capture_output=True, timeout=600, check=False,
                          stdin=subprocess.DEVNULL, env={**emulator.environment, "PATH": path, **environment})


def test_the_lines_of_the_docs_watch_a_table(emulator: Emulator, code: dict[str, str], tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "infra.deploy.package", "--to", str(tmp_path / "package")], cwd=ROOT, check=True,
                   env={**os.environ, **code}, stdout=subprocess.DEVNULL)
    make_table(emulator, "parcels")
    for _ in range(2):  # The second time changes nothing.
        done = shell(emulator, tmp_path, lines_of_the_docs(), P="package", T="parcels", REGIONS=",".join(REGIONS))
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{emulator.tail()}"
    for region in REGIONS:
        stacks = {stack["StackName"]: stack["StackStatus"]
                  for stack in emulator.client("cloudformation", region).describe_stacks()["Stacks"]
                  if stack["StackName"].startswith("lastwriter-dev-parcels-")}
        assert stacks == {f"lastwriter-dev-parcels-{part}": "CREATE_COMPLETE" for part in (
            "artifacts", "key", "processor", "reporter", "alarms", "dashboard")}
        table = emulator.client("dynamodb", region).describe_table(TableName="parcels")["Table"]
        mapping, = emulator.client("lambda", region).list_event_source_mappings(
            EventSourceArn=table["LatestStreamArn"])["EventSourceMappings"]
        assert mapping["FunctionArn"].endswith(":lastwriter-dev-parcels-stream-processor")
