"""Stamps in bodies that botocore has serialised: each way must give the body that botocore would have made of the stamped request."""

from __future__ import annotations

import json

import lastwriter
import pytest
from lastwriter import _body
from lastwriter._hook import hook_of

BINARY = {"id": {"S": "o-1"}, "b": {"B": b"\x00\xff"}, "text as binary": {"B": "text"}, "bs": {"BS": [b"1", bytearray(b"2")]}}
#: Attributes that have the names by which the places for stamps are found, and texts that look like them.
TRICKY = {
    "id": {"S": "o-1"},
    "Item": {"M": {"Item": {"M": {"a": {"S": '"Item": {'}}}, "ExpressionAttributeValues": {"M": {}}}},
    "ExpressionAttributeNames": {"M": {"UpdateExpression": {"S": '"UpdateExpression": "SET a = :a"'}}},
    'quote"\\': {"S": "\u00fc\u2028\U0001f600\n"},
}
CARRIES = {"id": {"S": "o-2"}, "lw:n:us-east-1": {"N": "x"}, "lw:t:us-east-1": {"N": "5"}}
UPDATE = {"TableName": "orders", "Key": {"id": {"S": "o-1"}}, "UpdateExpression": "SET a = :a"}
FULL = {
    **UPDATE,
    "UpdateExpression": "SET a = :a, #b = :b",
    "ConditionExpression": "#b <> :b",
    "ExpressionAttributeNames": {"#b": "UpdateExpression"},
    "ExpressionAttributeValues": {":a": {"B": b"\x00"}, ":b": {"M": TRICKY}},
}
PLAIN = {**UPDATE, "ExpressionAttributeValues": {":a": {"S": "v"}}}
REMOVE = {**UPDATE, "UpdateExpression": "REMOVE a"}
CHECK = {"TableName": "orders", "Key": {"id": {"S": "o-9"}}, "ConditionExpression": "#a = :a", "ExpressionAttributeNames": {"#a": "a"}}
CHECK["ExpressionAttributeValues"] = {":a": {"S": "v"}}
OLD_TIME = {"#t": "lw:t:us-east-1"}
WRITTEN_BACK_TIME = {
    **UPDATE,
    "UpdateExpression": "SET #t = :t, a = :a",
    "ExpressionAttributeNames": OLD_TIME,
    "ExpressionAttributeValues": {":t": {"N": "5"}, ":a": {"B": "text"}},
}


def put(item, **more):
    return {"TableName": "orders", "Item": item, **more}


def puts(*items):
    return [{"PutRequest": {"Item": item}} for item in items]


CONDITION = {"ConditionExpression": "attribute_not_exists(#i)", "ExpressionAttributeNames": {"#i": "id"}}
DELETE = {"TableName": "orders", "Key": {"id": {"S": "o-8"}}, **CONDITION}
SMALL = {"id": {"S": "o-3"}}
BATCH = {"orders": [*puts(BINARY), {"DeleteRequest": {"Key": {"id": {"S": "o-9"}}}}, *puts(SMALL)], "carts": puts({"id": {"S": "o-4"}})}
ALL = [
    {"ConditionCheck": CHECK},
    {"Update": PLAIN},
    {"Put": put(BINARY, **CONDITION)},
    {"Update": REMOVE},
    {"Delete": DELETE},
    {"Put": put(SMALL)},
]
CALLS = {
    "put": ("put_item", put(BINARY)),
    "put of tricky names": ("put_item", put(TRICKY)),
    "put with a condition": ("put_item", put(BINARY, **CONDITION)),
    "put that carries stamps": ("put_item", put(CARRIES)),
    "update": ("update_item", PLAIN),
    "update of tricky names": ("update_item", FULL),
    "update without values": ("update_item", REMOVE),
    "update without an expression": ("update_item", {"TableName": "orders", "Key": {"id": {"S": "o-1"}}}),
    "update that writes a stamp back": ("update_item", WRITTEN_BACK_TIME),
    "legacy update": ("update_item", {**REMOVE, "UpdateExpression": None, "AttributeUpdates": {"b": {"Value": {"B": "text"}}}}),
    "batch": ("batch_write_item", {"RequestItems": BATCH}),
    "batch of tricky names": ("batch_write_item", {"RequestItems": {"orders": puts(TRICKY, BINARY)}}),
    "batch of which one carries stamps": ("batch_write_item", {"RequestItems": {"orders": puts(CARRIES, BINARY)}}),
    "transaction": ("transact_write_items", {"TransactItems": ALL}),
    "transaction with a token": ("transact_write_items", {"ClientRequestToken": "body-1", "TransactItems": [{"Update": FULL}]}),
    "transaction of tricky names": ("transact_write_items", {"TransactItems": [{"Update": FULL}, {"Put": put(TRICKY)}, *ALL]}),
    "transaction that writes a stamp back": ("transact_write_items", {"TransactItems": [{"Update": WRITTEN_BACK_TIME}, *ALL[1:2]]}),
}


def sent(offline, monkeypatch, name, way):
    """The body of a call, with its stamps put in in one of three ways."""
    client, caught = offline()
    lastwriter.instrument(client, clock=lambda: 1795349587051000, tables=["orders"])
    hook_of(client)._put_into_body = way != "by botocore"
    if way == "read and written anew":
        monkeypatch.setattr(_body, "_spliced", lambda *_: None)
    method, request = CALLS[name]
    getattr(client, method)(**{parameter: value for parameter, value in request.items() if value is not None})
    body = caught[0]
    if "ClientRequestToken" not in request:
        body.pop("ClientRequestToken", None)  # Of the SDK's own, and another for each call.
    assert "lw:n:us-east-1" in json.dumps(body)
    return body


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("way", ["spliced in", "read and written anew"])
def test_the_body_is_what_botocore_would_have_made_of_the_stamped_request(offline, monkeypatch, name, way):
    assert sent(offline, monkeypatch, name, way) == sent(offline, monkeypatch, name, "by botocore")


def test_a_token_that_the_sdk_makes_up_stays_in_the_body(offline):
    client, caught = offline()
    lastwriter.instrument(client)
    client.transact_write_items(TransactItems=[{"Update": PLAIN}])
    assert caught[0]["ClientRequestToken"]


@pytest.mark.parametrize("name", ["put", "put with a condition", "update", "update without values", "batch", "transaction"])
def test_the_usual_bodies_are_spliced(offline, monkeypatch, name):
    monkeypatch.setattr(_body, "_graft", lambda *_: pytest.fail("the body was read and written anew"))
    sent(offline, monkeypatch, name, "spliced in")
