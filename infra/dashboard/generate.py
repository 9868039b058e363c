"""Makes what is generated: alarms.yaml, dashboard.yaml, and two parts of the README (cost, troubleshooting).

    python -m infra.dashboard.generate           writes the files
    python -m infra.dashboard.generate --check   says which are out of date, and fails if any is
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import alarms_template, cost, dashboard_template, troubleshooting

INFRA = Path(__file__).resolve().parent.parent


def outputs() -> dict[Path, str]:
    readme = INFRA / "README.md"
    return {
        INFRA / "templates" / "alarms.yaml": alarms_template.render(),
        INFRA / "templates" / "dashboard.yaml": dashboard_template.render(),
        readme: cost.replace_section(troubleshooting.replace_section(readme.read_text())),
    }


def stale() -> list[Path]:
    """The generated files whose text is not what the sources make."""
    return [path for path, text in outputs().items() if not path.exists() or path.read_text() != text]


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        found = stale()
        for path in found:
            print(f"{path.relative_to(INFRA.parent)} is out of date: run python -m infra.dashboard.generate")
        return 1 if found else 0
    for path, text in outputs().items():
        path.write_text(text)
        print(f"wrote {path.relative_to(INFRA.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
