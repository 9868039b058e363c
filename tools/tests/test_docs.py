"""The documents stay true: what they link, name and tabulate is there."""

from __future__ import annotations

import re

import check
import docs_check as docs
import pytest

SPECIFICATION = (docs.ROOT / "docs" / "specification.md").read_text()
PAGES = docs.documents()


def name_of(page):
    return str(page.relative_to(docs.ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    assert docs.broken_links(page, page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_named_are_there(page):
    assert docs.missing_files(page, page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_that_are_named_exist(page):
    assert docs.unknown_targets(page.read_text(), docs.make_targets()) == []


def test_the_readme_is_a_users_page():
    lines = (docs.ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= docs.MAX_README_LINES, "move what is not for a user to docs/"


def test_what_is_cited_of_the_specification_is_there():
    sections = set(re.findall(r"^## (\w+)\. ", SPECIFICATION, re.M))
    assert {"1", "2", "3", "4", "5", "6"} <= sections
    wrong = {name_of(path): found for path in docs.sources() if (found := docs.wrong_citations(path.read_text(), sections))}
    wrong.pop("tools/tests/test_docs.py", None)
    assert wrong == {}


def test_the_specifications_settings_are_the_functions():
    tables = docs.tables(docs.section(SPECIFICATION, "## 4. The function"), "setting")
    functions = ["stream-processor", "table-reporter"]
    assert len(tables) == len(functions)
    for function, table in zip(functions, tables, strict=True):
        assert list(docs.settings_of(table).items()) == list(docs.contract(function)["settings"].items())


def test_the_specifications_metrics_are_the_functions():
    tables = docs.tables(docs.section(SPECIFICATION, "## 6. Metrics"), "metric")
    functions = ["stream-processor", "table-reporter"]
    assert len(tables) == len(functions)
    for function, table in zip(functions, tables, strict=True):
        assert docs.metrics_of(table) == docs.contract(function)["metrics"]


def test_every_verdict_and_every_kind_is_specified():
    """By the names that events/check.py has, which is written by hand from the specification."""
    verdicts = docs.section(SPECIFICATION, "## 3. Verdicts")
    ledger = docs.section(SPECIFICATION, "## 5. The ledger")
    metrics = docs.section(SPECIFICATION, "## 6. Metrics")
    for verdict, metric in check.METRIC_OF.items():
        assert f"`{verdict}`" in verdicts, verdict
        assert metric is None or f"| `{metric}`" in metrics, metric
    for kind in check.CONFLICT_KINDS:
        assert f"| `{kind}` |" in verdicts, kind
    for kind in check.OTHER_KINDS:
        assert f"`{kind}`" in ledger, kind


def test_every_subcommand_of_the_tool_is_in_its_readme():
    tool = docs.ROOT / "crates" / "lastwriter"
    readme = (tool / "README.md").read_text()
    top = docs.subcommands((tool / "src" / "cli.rs").read_text())
    ledger = docs.subcommands((tool / "src" / "ledger" / "mod.rs").read_text())
    assert {"demo", "ledger"} <= set(top)
    assert {"list", "show"} <= set(ledger)
    for command in [*(name for name in top if name != "ledger"), *(f"ledger {name}" for name in ledger)]:
        assert re.search(rf"^\| `{command}[ `]", readme, re.M), f"no row for {command} in crates/lastwriter/README.md"


def test_every_decision_is_in_the_index():
    folder = docs.ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in listed] == list(range(1, len(listed) + 1))


# The checks bite.


def test_a_link_to_nowhere_is_found():
    page = docs.ROOT / "README.md"
    text = "# Here\n[a](docs/nowhere.md) [b](#there) [c](#here) [d](LICENSE) [e](https://nowhere) `[f](docs/none.md)`\n"
    assert docs.broken_links(page, text) == ["docs/nowhere.md: no such file", "#there: no such heading"]
    assert docs.broken_links(page, "[a](docs/specification.md#7-more)") == ["docs/specification.md#7-more: no such heading"]


def test_a_file_that_is_not_there_is_found():
    text = "`docs/none.md` `docs/specification.md` `target/debug/none` `us-east-1/none` `tools/test.sh`"
    assert docs.missing_files(docs.ROOT / "README.md", text) == ["docs/none.md: no such file"]


def test_a_target_that_is_not_there_is_found():
    text = "Nothing to make here. `make tset` `make test`\n\n    cd x && make lnit\n\n```sh\nmake nothing ENV=dev\nmake\n```\n"
    assert docs.unknown_targets(text, docs.make_targets()) == [
        "make nothing: no such target",
        "make lnit: no such target",
        "make tset: no such target",
    ]


def test_a_wrong_setting_or_metric_is_found():
    table = docs.tables("| setting | default |\n| --- | --- |\n| `A` | `1` |\n| `B` | required |\n", "setting")[0]
    assert docs.settings_of(table) == {"A": "1", "B": None}
    rows = ["| `M` * | Count | `Kind`; `Region` | x |", "| `I` | Bytes | `Index` | by index only |"]
    text = "\n".join(["| metric | unit | further | counts |", "| --- | --- | --- | --- |", *rows])
    assert docs.metrics_of(docs.tables(text, "metric")[0]) == {
        "M": {"unit": "Count", "dimension_sets": [["TableName"], ["TableName", "Kind"], ["TableName", "Region"]]},
        "I": {"unit": "Bytes", "dimension_sets": [["TableName", "Index"]]},
    }


@pytest.mark.parametrize(
    "text",
    ["the specification, section 9", "the specification's section 9", "the specification,\n//! section 9"],
)
def test_a_wrong_citation_is_found(text):
    assert docs.wrong_citations(text, {"1", "2"}) == ["section 9"]
    assert docs.wrong_citations(text.replace("9", "2"), {"1", "2"}) == []
    assert docs.wrong_citations("SPEC, section 2", {"1", "2"}) == ["SPEC, section 2"]


def test_subcommands_are_found_as_they_are_typed():
    source = "pub enum Command {\n    /// One\n    List(ListArgs),\n    /// Two\n    PutBack(PutBackArgs),\n}\n"
    assert docs.subcommands(source) == ["list", "put-back"]
