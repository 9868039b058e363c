"""The shared vectors that are several calls in a row: what the client has seen in one shows in the next."""

from __future__ import annotations

import copy

import lastwriter
import pytest
import vectors
from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError
from lastwriter import StampError
from test_conformance import same_numbers, typed

SEQUENCES = vectors.sequences()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """The SDK's retries of an answer that is lost do not wait."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


def play(client, caught, vector, convert, strict):
    """Makes the calls of a vector through a client, and yields each step with what was sent and what came back."""
    now = [vector["clock"]]
    lastwriter.instrument(client, clock=lambda: now[0], strict=strict, **vectors.settings(vector))
    for step in vector["steps"]:
        now[0] = step.get("clock", vector["clock"])
        if step.get("lost"):
            caught.answers = [ConnectionClosedError(endpoint_url="https://lost")] * 9
        else:
            caught.answers = [(400, step["error"]) if "error" in step else (200, step["answer"])]
        given = convert(copy.deepcopy(step["input"]))
        before = copy.deepcopy(given)
        caught.clear()
        try:
            returned = getattr(client, xform_name(step["operation"]))(**given)
        except ClientError as error:
            returned = error.response
        except ConnectionClosedError:
            returned = None
        except StampError:
            yield step, None, None
            return
        assert given == before, "the caller's own dictionaries must stay as they are"
        sent = {name: value for name, value in caught[0].items() if name != "ClientRequestToken" or name in step["input"]}
        yield step, sent, returned


def check_returned(step, returned, convert):
    if step.get("lost"):
        return
    expected = copy.deepcopy(step.get("returned", step.get("answer", step.get("error"))))
    # botocore adds these, or takes them apart.
    returned = {name: value for name, value in returned.items() if name not in ("ResponseMetadata", "Error", "message")}
    expected = {name: value for name, value in expected.items() if name not in ("__type", "message")}
    assert same_numbers(returned) == same_numbers(convert(expected))


def sent_of(step):
    return step["input"] if step["sent"] == "input" else step["sent"]


@pytest.mark.parametrize("vector", SEQUENCES, ids=vectors.label)
def test_a_client_does_what_the_vector_says(offline, vector):
    client, caught = offline()
    for step, sent, returned in play(client, caught, vector, lambda value: value, strict=False):
        assert sent == sent_of(step)
        check_returned(step, returned, lambda value: value)


@pytest.mark.parametrize("vector", SEQUENCES, ids=vectors.label)
def test_a_resource_does_what_the_vector_says(offline, vector):
    resource, caught = offline("resource")
    for step, sent, returned in play(resource.meta.client, caught, vector, typed, strict=False):
        assert same_numbers(sent) == same_numbers(sent_of(step))
        if "error" not in step:  # boto3's resources leave errors in DynamoDB JSON.
            check_returned(step, returned, typed)


@pytest.mark.parametrize("vector", SEQUENCES, ids=vectors.label)
def test_strict_fails_where_the_vector_says(offline, vector):
    client, caught = offline()
    for step, sent, _ in play(client, caught, vector, lambda value: value, strict=True):
        assert (sent is None) is step.get("strictFails", False)
