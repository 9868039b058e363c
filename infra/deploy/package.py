"""`make package`: zips and templates in one folder, for those who deploy with a tool of their own.

    python -m infra.deploy.package --to target/package

Every file is named by its content, so that the folder can be uploaded as it is, beside an earlier one, and a template's new
name means new content. The packaged templates of the functions name their zips by default. Nothing here asks AWS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.deploy import artifacts, templates
from infra.deploy.artifacts import Artifact
from infra.deploy.errors import DeployError

MANIFEST = "manifest.json"
FUNCTION_OF = {"stream-processor": artifacts.STREAM_PROCESSOR, "table-reporter": artifacts.TABLE_REPORTER}
"""The function whose zip a template takes."""


def package(to: Path, files: Sequence[Artifact]) -> dict[str, Any]:
    """Write the folder, and give its manifest. A folder that is there must be an earlier package, which is replaced."""
    if to.exists() and any(to.iterdir()) and not (to / MANIFEST).is_file():
        raise DeployError(f"{to} holds something that is no package. Nothing was changed.", "name another folder in TO.")
    shutil.rmtree(to, ignore_errors=True)
    functions = {}
    for artifact in files:
        target = to / artifact.key
        target.parent.mkdir(parents=True)
        shutil.copyfile(artifact.path, target)
        functions[artifact.function] = {"key": artifact.key, "sha256": artifact.digest,
                                        "architecture": artifact.architecture}
    made = {}
    for source in sorted(templates.TEMPLATES.glob("*.yaml")):
        text = source.read_text()
        function = FUNCTION_OF.get(source.stem)
        if function:
            text = with_code(text, functions[function])
        key = f"templates/{source.stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.yaml"
        (to / "templates").mkdir(exist_ok=True)
        (to / key).write_text(text)
        made[source.stem] = {"key": key, "parameters": sorted(templates.parameters(source.stem))}
    shutil.copyfile(templates.TEMPLATES / "INTERFACE.md", to / "INTERFACE.md")
    manifest = {"functions": functions, "templates": made}
    (to / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def with_code(template: str, code: dict[str, str]) -> str:
    """A function's template that names this zip by default, and the architecture that it was built for."""
    for name, value in (("CodeKey", code["key"]), ("Architecture", code["architecture"])):
        block = re.search(rf"^  {name}:\n(?:    .*\n)+", template, re.MULTILINE)
        if block is None:
            raise ValueError(f"the template has no parameter {name}")
        declared = re.sub(r"^    Default: .*\n", "", block[0], flags=re.MULTILINE)
        declared = declared.replace("    Type: String\n", f"    Type: String\n    Default: {value}\n", 1)
        template = template.replace(block[0], declared)
    return template


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 stopped with a message."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy.package", description="Zips and templates in one folder.")
    parser.add_argument("--to", default="target/package", type=Path, help="the folder (TO=)")
    chosen = parser.parse_args(arguments)
    try:
        manifest = package(chosen.to, [artifacts.load(function) for function in artifacts.ZIP_VARIABLES])
    except DeployError as error:
        print(f"\nERROR: {error}", file=sys.stderr)
        return 1
    for entry in (*manifest["functions"].values(), *manifest["templates"].values()):
        print(f"  {chosen.to / entry['key']}")
    print(f"  {chosen.to / MANIFEST}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
