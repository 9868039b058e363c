"""Every shared vector, through a real boto3 client and a real boto3 resource, up to the bytes that would be sent."""

from __future__ import annotations

import copy
from decimal import Decimal

import lastwriter
import pytest
import vectors
from boto3.dynamodb.types import TypeDeserializer
from botocore import xform_name
from lastwriter._condition import must_not_exist
from lastwriter._region import endpoint_region, is_region_name

REQUESTS = vectors.requests()
SOFT_DELETES = vectors.load("soft-delete.json")


def typed(value):
    """DynamoDB JSON attribute values as the Python values that a boto3 resource takes."""
    if isinstance(value, list):
        return [typed(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)) in ("S", "N", "SS", "L", "BOOL", "NULL"):
        return TypeDeserializer().deserialize(value)
    return {name: typed(one) for name, one in value.items()}


def same_numbers(value):
    """A resource writes numbers in its own way, so they are compared by value."""
    if isinstance(value, list):
        return [same_numbers(one) for one in value]
    if isinstance(value, dict):
        if list(value) == ["N"]:
            return {"N": Decimal(value["N"])}
        return {name: same_numbers(one) for name, one in value.items()}
    return value


def without_generated_token(body, vector):
    return {k: v for k, v in body.items() if k != "ClientRequestToken" or k in vector["input"]}


@pytest.mark.parametrize("vector", REQUESTS, ids=vectors.label)
def test_a_client_sends_what_the_vector_says(offline, vector):
    client, caught = offline()
    lastwriter.instrument(client, clock=lambda: vector["clock"], **vectors.settings(vector))
    given = copy.deepcopy(vector["input"])
    getattr(client, xform_name(vector["operation"]))(**given)
    assert without_generated_token(caught[0], vector) == vector["output"]
    assert given == vector["input"], "the caller's own dictionaries must stay as they are"


@pytest.mark.parametrize("vector", REQUESTS, ids=vectors.label)
def test_a_resource_sends_what_the_vector_says(offline, vector):
    resource, caught = offline("resource")
    lastwriter.instrument(resource, clock=lambda: vector["clock"], **vectors.settings(vector))
    given = typed(vector["input"])
    before = copy.deepcopy(given)
    getattr(resource.meta.client, xform_name(vector["operation"]))(**given)
    sent = without_generated_token(caught[0], vector)
    assert same_numbers(sent) == same_numbers(vector["output"])
    assert given == before, "the caller's own dictionaries must stay as they are"


@pytest.mark.parametrize("vector", REQUESTS, ids=vectors.label)
def test_without_instrumenting_nothing_is_stamped(offline, vector):
    # Shows that the tests above see what the hook does, and not something else.
    client, caught = offline()
    getattr(client, xform_name(vector["operation"]))(**vector["input"])
    assert without_generated_token(caught[0], vector) == vector["input"]


def call(target, vector, arguments):
    arguments = dict(arguments)
    function = getattr(lastwriter, vector["call"])
    renamed = {"ttlAttribute": "ttl_attribute", "expiresInSeconds": "expires_in", "onlyDeleted": "only_deleted"}
    return function(target, **{renamed.get(name, name): value for name, value in arguments.items()})


@pytest.mark.parametrize("vector", SOFT_DELETES["vectors"], ids=vectors.label)
def test_soft_deletes_of_a_client(offline, vector):
    client, caught = offline()
    lastwriter.instrument(client, clock=lambda: SOFT_DELETES["clock"], **vectors.settings(vector))
    call(client, vector, vector["arguments"])
    assert caught == [vector["output"]]


@pytest.mark.parametrize("vector", SOFT_DELETES["vectors"], ids=vectors.label)
def test_soft_deletes_of_a_table(offline, vector):
    resource, caught = offline("resource")
    lastwriter.instrument(resource, clock=lambda: SOFT_DELETES["clock"], **vectors.settings(vector))
    arguments = typed(vector["arguments"])
    table = resource.Table(arguments.pop("TableName"))
    call(table, vector, arguments)
    assert caught == [vector["output"]]


@pytest.mark.parametrize("vector", vectors.load("conditions.json")["vectors"], ids=vectors.label)
def test_what_a_condition_says_about_existence(vector):
    request = {
        "Item": {name: {"S": "v"} for name in vector["item"]},
        "ConditionExpression": vector["expression"],
        "ExpressionAttributeNames": vector.get("names"),
    }
    assert must_not_exist(request, vector.get("keys")) is vector["mustNotExist"]


@pytest.mark.parametrize("vector", vectors.load("regions.json")["vectors"], ids=vectors.label)
def test_the_region_of_an_endpoint(vector):
    assert endpoint_region(vector["endpoint"], vector["signing"]) == vector["region"]



@pytest.mark.parametrize("vector", vectors.load("regions.json")["names"], ids=lambda vector: repr(vector["name"]))
def test_which_names_are_regions(offline, vector):
    client, caught = offline()
    assert is_region_name(vector["name"]) is vector["valid"]
    if vector["valid"]:
        lastwriter.instrument(client, region=vector["name"])
        client.put_item(TableName="orders", Item={"id": {"S": "o-1"}})
        assert f"lw:n:{vector['name']}" in caught[0]["Item"]
    else:
        with pytest.raises(ValueError, match="is no Region to stamp with") as raised:
            lastwriter.instrument(client, region=vector["name"])
        assert repr(vector["name"]) in str(raised.value)


@pytest.mark.parametrize("vector", vectors.load("origin.json")["vectors"], ids=vectors.label)
def test_the_origin_of_a_stream_record(vector):
    options = dict(vector.get("options", {}))
    if "originAttribute" in options:
        options["origin_attribute"] = options.pop("originAttribute")
    expected = vector["origin"]
    found = lastwriter.origin(vector["record"], **options)
    assert found == lastwriter.Origin(expected["kind"], expected.get("region"))
    assert found.is_local is (expected["kind"] == "local")
