"""What the documents say about this repository, compared with the repository. Each check gives a list of findings."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]

#: A README that is longer is no longer a user's page.
MAX_README_LINES = 250

#: Beginnings of what is made by a build or an installation, and need not be there.
_MADE = ("target/", ".venv/", "node_modules/")


def documents() -> list[Path]:
    """Every Markdown file that is or will be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def sources() -> list[Path]:
    """Every committed text file that may cite a document."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    kinds = {".rs", ".py", ".md", ".ts", ".mjs", ".java", ".go", ".sh", ".yaml", ".toml", ".tf"}
    return [ROOT / name for name in listed if Path(name).suffix in kinds and (ROOT / name).is_file()]


def _without_code_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+?) *$", _without_code_blocks(text), re.M):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = sum(1 for known in found if known == slug or re.fullmatch(re.escape(slug) + r"-\d+", known))
        found.add(f"{slug}-{number}" if number else slug)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Links to files that are not there, or to headings that their page does not have."""
    found = []
    spoken = re.sub(r"`[^`\n]*`", "", _without_code_blocks(text))
    for link in re.findall(r"\]\(([^)\s]+)\)", spoken):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists():
            found.append(f"{link}: no such file")
        elif anchor and target.suffix == ".md":
            there = text if target == page else target.read_text()
            if anchor not in anchors(there):
                found.append(f"{link}: no such heading")
    return found


def _code_spans(text: str) -> Iterator[str]:
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S):
        yield from block.splitlines()
    yield from re.findall(r"^    +(\S.*)$", _without_code_blocks(text), re.M)
    yield from re.findall(r"`([^`\n]+)`", _without_code_blocks(text))


def missing_files(page: Path, text: str) -> list[str]:
    """Paths in code spans that begin with a folder of the repository, or of the page's own, and lead nowhere."""
    tops = {path.name for path in ROOT.iterdir() if path.is_dir()}
    found = []
    for span in re.findall(r"`([^`\n]+)`", _without_code_blocks(text)):
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", span) or span.startswith(_MADE):
            continue
        first = span.split("/")[0]
        own = (page.parent / first).is_dir()
        if (first in tops or own) and not ((ROOT / span).exists() or (page.parent / span).exists()):
            found.append(f"{span}: no such file")
    return found


def make_targets() -> set[str]:
    """The targets of the Makefile and what it includes."""
    text = "".join(path.read_text() for path in [ROOT / "Makefile", *ROOT.glob("*/*.mk")])
    return {name for names in re.findall(r"^([a-z][a-z -]*):(?!=)", text, re.M) for name in names.split()}


def unknown_targets(text: str, targets: set[str]) -> list[str]:
    """`make` targets in code that no Makefile has."""
    commands = (command for span in _code_spans(text) for command in re.findall(r"(?:^|[;&|(] ?)make ([a-z][a-z-]*)\b", span))
    return [f"make {name}: no such target" for name in commands if name not in targets]


def section(text: str, heading: str) -> str:
    """A section of a page, up to the next heading of its level."""
    level = heading.split()[0]
    body = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"^{level} ", body, maxsplit=1, flags=re.M)[0]


def tables(text: str, first_column: str) -> list[list[list[str]]]:
    """The tables whose first column has this heading, as rows of cells."""
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.M):
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        if rows[0][0] == first_column:
            found.append(rows[2:])
    return found


def _plain(cell: str) -> str:
    return cell.replace("`", "").strip()


def settings_of(table: list[list[str]]) -> dict[str, str | None]:
    """Settings with their defaults, as contract.json has them."""
    defaults = {_plain(row[0]): _plain(row[1]) for row in table}
    return {name: None if default in ("required", "none") else default for name, default in defaults.items()}


def metrics_of(table: list[list[str]]) -> dict[str, dict[str, object]]:
    """Metrics with unit and dimension sets, as contract.json has them."""
    metrics: dict[str, dict[str, object]] = {}
    for row in table:
        name, unit, further = _plain(row[0]).rstrip(" *"), row[1], [_plain(d) for d in row[2].split(";") if _plain(d)]
        sets = [["TableName", dimension] for dimension in further]
        # "by index only": it is not sent for the table as a whole.
        is_by_part_only = re.search(r"\bby \w+ only\b", row[3]) is not None
        metrics[name] = {"unit": unit, "dimension_sets": sets if is_by_part_only else [["TableName"], *sets]}
    return metrics


def contract(function: str) -> dict[str, dict]:
    """The contract of a function with its templates."""
    return json.loads((ROOT / "functions" / function / "contract.json").read_text())


def wrong_citations(text: str, sections: set[str]) -> list[str]:
    """Citations of a section that the specification does not have, or of a specification that is not in the repository."""
    cited = re.findall(r"specification(?:'s|\.md)?,?\s(?:\W*\s)?section\s(\d\w*)", text)
    found = [f"section {number}" for number in cited if number not in sections]
    return [*found, *re.findall(r"\bSPEC,? section \d\w*", text)]


def subcommands(source: str) -> list[str]:
    """The subcommands of a clap enum `Command`, as they are typed."""
    body = re.search(r"pub enum Command \{(.*?)^\}", source, re.M | re.S)
    names = re.findall(r"^ +([A-Z]\w*)[({,]", body.group(1) if body else "", re.M)
    return [re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in names]
