"""What is generated is what its sources make, and the README has a section for every alarm."""

from __future__ import annotations

import re

import pytest
from cfn import load
from metric_uses import INFRA

from infra.dashboard import generate, troubleshooting

README = (INFRA / "README.md").read_text()
HEADINGS = {h.lower().replace(" ", "-") for h in re.findall(r"^### (.+)$", README, re.M)}


def test_generated_files_are_current():
    assert generate.stale() == [], "run python -m infra.dashboard.generate"


@pytest.mark.parametrize("which", ["alarms.yaml", "dashboard.yaml", "README.md"])
def test_a_change_by_hand_is_caught(which, monkeypatch):
    made = generate.outputs()
    (path,) = [p for p in made if p.name == which]
    monkeypatch.setattr(generate, "outputs", lambda: made | {path: made[path] + "# by hand\n"})
    assert generate.stale() == [path]


def links(template):
    """Where each alarm's description points to."""
    found = {}
    for logical_id, resource in template["Resources"].items():
        text = str(resource["Properties"]["AlarmDescription"])
        found[logical_id] = re.search(r"\$\{RunbookUrl\}#([a-z-]+)", text)
    return found


def missing_sections(template):
    return [i for i, link in links(template).items() if not link or link.group(1) not in HEADINGS]


def test_every_alarm_has_a_section_in_the_readme():
    assert missing_sections(load("alarms.yaml")) == []


def test_an_alarm_without_a_section_is_caught():
    broken = load("alarms.yaml")
    alarm = broken["Resources"]["ConflictsAlarm"]["Properties"]
    alarm["AlarmDescription"] = {"Fn::Sub": "More: ${RunbookUrl}#no-such-section"}
    assert missing_sections(broken) == ["ConflictsAlarm"]


def test_every_section_says_what_it_means_and_what_to_do():
    text = README.split(troubleshooting.BEGIN)[1].split(troubleshooting.END)[0]
    for part in re.split(r"^### ", text, flags=re.M)[1:]:
        assert "**Means.**" in part and "**Do.**" in part, part


def test_a_readme_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="marks"):
        troubleshooting.replace_section("# Nothing\n")


def test_every_alarm_says_in_a_comment_why_missing_data_means_what_it_means():
    text = (INFRA / "templates" / "alarms.yaml").read_text()
    for logical_id, resource in load("alarms.yaml")["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert re.search(rf"  # Missing data: [^\n]+\n(?:  # [^\n]+\n)*  {logical_id}:\n", text), logical_id
