"""QUERIES.md: its examples parse in each language, and ask the table that the template makes."""

from __future__ import annotations

import re
import shutil
import subprocess

import boto3
import pytest
from botocore.stub import Stubber
from metric_uses import INFRA
from stacks import stack

PAGE = (INFRA / "QUERIES.md").read_text()
EXAMPLES: dict[str, str] = dict(re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.S | re.M))

# Each command reads a file and fails where it does not parse; it compiles nothing, so it needs no SDK.
PARSERS = {
    "javascript": ("example.mjs", ["node", "--check"]),
    "rust": ("example.rs", ["rustfmt", "--edition", "2024", "--emit", "stdout"]),
    "java": ("OpenOrders.java", ["javac", "-XDshould-stop.ifError=PARSE", "-XDshould-stop.ifNoError=PARSE"]),
    "go": ("example.go", ["gofmt", "-e"]),
}


def parses(language: str, source: str, folder) -> bool:
    name, command = PARSERS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: the {language} example of QUERIES.md is not parsed")
    (folder / name).write_text(source)
    return subprocess.run([*command, folder / name], cwd=folder, capture_output=True, check=False).returncode == 0


def test_there_is_an_example_in_each_language_of_the_clients():
    assert set(EXAMPLES) == {"python", *PARSERS}


@pytest.mark.parametrize("language", PARSERS)
def test_an_example_parses_and_a_broken_one_does_not(language, tmp_path):
    assert parses(language, EXAMPLES[language], tmp_path)
    assert not parses(language, EXAMPLES[language].replace("{", "", 1), tmp_path)


@pytest.mark.parametrize("language", EXAMPLES)
def test_each_example_asks_the_same_of_an_index_that_the_template_makes(language):
    made = stack("global-table.yaml").resources()["GlobalTable"]["Properties"]
    keys = {i["IndexName"]: [key["AttributeName"] for key in i["KeySchema"]] for i in made["GlobalSecondaryIndexes"]}
    index, = set(re.findall(r'"(GSI\d)"', EXAMPLES[language]))
    partition, sort = keys[index]
    assert f"{partition} = :shard AND {sort} < :time" in EXAMPLES[language]
    assert "STATUS#OPEN#" in EXAMPLES[language]


def test_the_python_example_reads_to_the_end():
    names: dict = {}
    exec(compile(EXAMPLES["python"], "QUERIES.md", "exec"), names)
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    asked = {"TableName": "orders", "IndexName": "GSI2", "KeyConditionExpression": "GSI2PK = :shard AND GSI2SK < :time",
             "ExpressionAttributeValues": {":shard": {"S": "STATUS#OPEN#7"}, ":time": {"S": "2026"}}}
    first, second = ({"PK": {"S": name}} for name in ("a", "b"))
    with Stubber(client) as stubber:
        stubber.add_response("query", {"Items": [first], "LastEvaluatedKey": first}, asked)
        stubber.add_response("query", {"Items": [second]}, {**asked, "ExclusiveStartKey": first})
        assert list(names["open_before"](client, "orders", 7, "2026")) == [first, second]
        stubber.assert_no_pending_responses()
