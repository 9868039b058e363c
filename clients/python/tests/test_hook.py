"""The rules that are about calls and clients, not about one request's text. Nothing leaves the process."""

from __future__ import annotations

import itertools
import logging
import threading
import uuid
from datetime import timedelta

import boto3
import lastwriter
import pytest
from boto3.dynamodb.conditions import Attr, Key
from conftest import NOW, Caught
from lastwriter._clock import SYSTEM_CLOCK, Clock
from lastwriter._tokens import TokenMemory

TIME = "lw:t:us-east-1"
COUNT = "lw:n:us-east-1"
UPDATE = {
    "TableName": "orders",
    "Key": {"id": {"S": "o-1"}},
    "UpdateExpression": "SET a = :a",
    "ExpressionAttributeValues": {":a": {"S": "v"}},
}
THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"})


def ticking(start=NOW):
    """A clock that is one microsecond later at each reading."""
    return itertools.count(start).__next__


def stamped_time(body):
    return int(body["ExpressionAttributeValues"][":lwt"]["N"])


def secret_failure(*_):
    raise KeyError("secret-key-of-an-item")


# One stamp a call


def test_a_retry_of_the_sdk_sends_the_same_stamp(offline, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    client, caught = offline()
    lastwriter.instrument(client, clock=ticking())
    caught.answers = [THROTTLED]
    client.update_item(**UPDATE)
    assert len(caught) == 2
    assert caught[0] == caught[1]


def test_the_same_call_made_again_is_a_write_of_its_own(offline):
    client, caught = offline()
    lastwriter.instrument(client, clock=ticking())
    client.update_item(**UPDATE)
    client.update_item(**UPDATE)
    assert [stamped_time(body) for body in caught] == [NOW, NOW + 1]
    assert [body["UpdateExpression"].count("#lwt") for body in caught] == [1, 1]


# The clock


def test_time_never_goes_back():
    readings = iter([100, 50, 99, 101])
    clock = Clock(lambda: next(readings))
    assert [clock() for _ in range(4)] == [100, 100, 100, 101]


def test_time_never_goes_back_between_threads():
    seen = []

    def read():
        seen.append([SYSTEM_CLOCK() for _ in range(2000)])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(times == sorted(times) for times in seen)


def test_the_systems_time_is_in_microseconds(offline):
    client, caught = offline()
    lastwriter.instrument(client)
    before = SYSTEM_CLOCK()
    client.update_item(**UPDATE)
    assert before <= stamped_time(caught[0])
    # From this decade to the end of the century: neither milliseconds nor nanoseconds fit.
    assert 1_700_000_000_000_000 < stamped_time(caught[0]) < 4_102_444_800_000_000


@pytest.mark.parametrize("wrong", [-1, 1.5, "now", None, 253402300800000000])
def test_a_time_that_a_stamp_cannot_hold_is_an_error(offline, wrong):
    client, caught = offline()
    lastwriter.instrument(client, clock=lambda: wrong, strict=True)
    with pytest.raises(lastwriter.StampError):
        client.update_item(**UPDATE)
    assert caught == []


# Errors


def test_an_error_in_the_hook_does_not_fail_the_write_and_is_logged_once(offline, caplog):
    client, caught = offline()
    lastwriter.instrument(client, clock=secret_failure)
    with caplog.at_level(logging.DEBUG, logger="lastwriter"):
        client.update_item(**UPDATE)
        client.update_item(**UPDATE)
    assert caught == [UPDATE, UPDATE]
    assert len(caplog.records) == 1
    assert "KeyError at secret_failure" in caplog.text
    assert "us-east-1" in caplog.text


def test_item_contents_never_go_into_the_log(offline, caplog):
    client, _ = offline()
    lastwriter.instrument(client, tables=secret_failure)
    client.update_item(**UPDATE)
    assert caplog.records
    assert "secret-key-of-an-item" not in caplog.text


def test_strict_fails_the_write_instead(offline):
    client, caught = offline()
    lastwriter.instrument(client, clock=secret_failure, strict=True)
    with pytest.raises(lastwriter.StampError, match="KeyError"):
        client.update_item(**UPDATE)
    assert caught == []


def too_long():
    expression = "SET " + ", ".join(f"attribute_number_{number:03d} = :a" for number in range(151))
    return {**UPDATE, "UpdateExpression": expression}


def test_an_expression_without_room_for_the_stamp_is_told(offline, caplog):
    client, caught = offline()
    lastwriter.instrument(client)
    client.update_item(**too_long())
    assert caught == [too_long()]
    assert "4096 bytes" in caplog.text


@pytest.mark.parametrize("in_transaction", [False, True])
def test_strict_fails_a_write_without_room_for_the_stamp(offline, in_transaction):
    client, caught = offline()
    lastwriter.instrument(client, strict=True)
    with pytest.raises(lastwriter.StampError, match="4096 bytes"):
        if in_transaction:
            client.transact_write_items(TransactItems=[{"Update": too_long()}])
        else:
            client.update_item(**too_long())
    assert caught == []


# Transactions with a token


def transaction(token=None):
    request = {"TransactItems": [{"Update": UPDATE}, {"Put": {"TableName": "orders", "Item": {"id": {"S": "o-2"}}}}]}
    return {**request, "ClientRequestToken": token} if token else request


def test_a_transaction_sent_again_with_its_token_is_the_same_transaction(offline):
    token = uuid.uuid4().hex
    client, caught = offline()
    lastwriter.instrument(client, clock=ticking(), tokens="remember")
    client.transact_write_items(**transaction(token))
    client.transact_write_items(**transaction(uuid.uuid4().hex))
    client.transact_write_items(**transaction(token))
    assert caught[0] == caught[2]
    assert caught[0]["TransactItems"] != caught[1]["TransactItems"]


def test_another_client_of_the_process_remembers_the_token_too(offline):
    token = uuid.uuid4().hex
    bodies = []
    for kind in ("client", "resource"):
        made, caught = offline(kind)
        lastwriter.instrument(made, clock=ticking(NOW if kind == "client" else NOW + 1000), tokens="remember")
        client = made if kind == "client" else made.meta.client
        request = transaction(token)
        if kind == "resource":
            update = {**UPDATE, "Key": {"id": "o-1"}, "ExpressionAttributeValues": {":a": "v"}}
            request["TransactItems"] = [{"Update": update}, {"Put": {"TableName": "orders", "Item": {"id": "o-2"}}}]
        client.transact_write_items(**request)
        bodies.append(caught[0])
    assert bodies[0] == bodies[1]


def test_a_token_that_the_sdk_makes_up_is_not_the_callers(offline):
    client, caught = offline()
    lastwriter.instrument(client, clock=ticking(), tokens="leave")
    client.transact_write_items(**transaction())
    assert caught[0]["ClientRequestToken"]
    assert ":lwt" in caught[0]["TransactItems"][0]["Update"]["ExpressionAttributeValues"]


def test_a_token_is_remembered_for_ten_minutes_after_its_last_use():
    now = [0.0]
    made = itertools.count(1)
    memory = TokenMemory(monotonic=lambda: now[0])
    recall = lambda token: memory.recall(token, made.__next__)  # noqa: E731
    assert recall("a") == 1
    now[0] = 599.0
    assert recall("a") == 1
    now[0] = 599.0 + 599.0
    assert recall("a") == 1
    now[0] += 600.0
    assert recall("a") == 2


def test_the_memory_for_tokens_is_bounded_and_forgets_the_oldest():
    made = itertools.count(1)
    memory = TokenMemory(monotonic=lambda: 0.0, capacity=2)
    assert [memory.recall(token, made.__next__) for token in ("a", "b", "a", "c")] == [1, 2, 1, 3]
    assert memory.recall("a", made.__next__) == 1
    assert memory.recall("b", made.__next__) == 4


# Batches


def unprocessed_answer(body):
    return 200, {"UnprocessedItems": body["RequestItems"]}


def test_puts_that_were_not_processed_come_back_as_they_were(offline):
    client, caught = offline()
    lastwriter.instrument(client, clock=ticking())
    history = {"id": {"S": "o-2"}, COUNT: {"N": "5"}, TIME: {"N": "9"}}
    entries = [{"PutRequest": {"Item": {"id": {"S": "o-1"}}}}, {"PutRequest": {"Item": history}}]
    probe, probe_caught = offline()
    lastwriter.instrument(probe, clock=ticking())
    probe.batch_write_item(RequestItems={"orders": entries})
    caught.answers = [unprocessed_answer(probe_caught[0])]
    answer = client.batch_write_item(RequestItems={"orders": entries})
    first, second = (entry["PutRequest"]["Item"] for entry in answer["UnprocessedItems"]["orders"])
    assert first == {"id": {"S": "o-1"}}
    assert second[COUNT] == {"N": "5"}


def test_a_batch_writer_that_sends_puts_again_counts_them_once(offline):
    resource, caught = offline("resource")
    table = lastwriter.instrument(resource, clock=ticking()).Table("orders")
    stamped = {"id": {"S": "o-1"}, COUNT: {"N": "1"}, TIME: {"N": str(NOW)}, "lw:reset": {"N": str(NOW)}}
    unprocessed = {"orders": [{"PutRequest": {"Item": stamped}}]}
    caught.answers = [(200, {"UnprocessedItems": unprocessed}), (200, {"UnprocessedItems": {}})]
    with table.batch_writer() as batch:
        batch.put_item(Item={"id": "o-1"})
    assert caught[0]["RequestItems"]["orders"][0]["PutRequest"]["Item"] == stamped
    again = caught[1]["RequestItems"]["orders"][0]["PutRequest"]["Item"]
    assert again == {**stamped, TIME: {"N": str(NOW + 1)}, "lw:reset": {"N": str(NOW + 1)}}


# Clients, resources and settings


def test_instrument_gives_back_what_it_was_given(offline):
    for kind in ("client", "resource"):
        made, _ = offline(kind)
        assert lastwriter.instrument(made) is made


def test_a_table_can_be_instrumented_itself(offline):
    resource, caught = offline("resource")
    table = lastwriter.instrument(resource.Table("orders"), clock=lambda: NOW)
    table.put_item(Item={"id": "o-1"}, ConditionExpression=Attr("id").not_exists())
    assert caught[0]["Item"] == {"id": {"S": "o-1"}, COUNT: {"N": "1"}, TIME: {"N": str(NOW)}}


def test_condition_objects_keep_their_generated_placeholders(offline):
    resource, caught = offline("resource")
    table = lastwriter.instrument(resource).Table("orders")
    table.update_item(
        Key={"id": "o-1"},
        UpdateExpression="SET a = :a",
        ConditionExpression=Attr("a").ne("w") & Attr("b.c").exists(),
        ExpressionAttributeValues={":a": "v"},
    )
    body = caught[0]
    assert body["UpdateExpression"] == "SET a = :a, #lwt = :lwt ADD #lwn :lwn"
    assert body["ConditionExpression"] == "(#n0 <> :v0 AND attribute_exists(#n1.#n2))"
    assert set(body["ExpressionAttributeNames"]) == {"#n0", "#n1", "#n2", "#lwt", "#lwn"}
    assert body["ExpressionAttributeValues"][":v0"] == {"S": "w"}


def test_reads_through_an_instrumented_table_work(offline):
    resource, caught = offline("resource")
    table = lastwriter.instrument(resource).Table("orders")
    table.query(KeyConditionExpression=Key("id").eq("o-1"))
    assert "lw" not in str(caught[0])


def test_instrumenting_again_replaces_the_settings(offline):
    client, caught = offline()
    lastwriter.instrument(client, prefix="old")
    lastwriter.instrument(client, prefix="new")
    client.update_item(**UPDATE)
    assert set(caught[0]["ExpressionAttributeNames"].values()) == {"new:t:us-east-1", "new:n:us-east-1"}


def test_the_region_is_that_of_the_endpoint_and_not_of_the_caller():
    session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    client = session.client("dynamodb", endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")
    caught = Caught()
    caught.catch(client)
    lastwriter.instrument(client)
    client.update_item(**UPDATE)
    assert set(caught[0]["ExpressionAttributeNames"].values()) == {"lw:t:eu-west-1", "lw:n:eu-west-1"}


def test_the_region_can_be_set(offline):
    client, caught = offline()
    lastwriter.instrument(client, region="eu-west-1")
    client.update_item(**UPDATE)
    assert set(caught[0]["ExpressionAttributeNames"].values()) == {"lw:t:eu-west-1", "lw:n:eu-west-1"}


def test_tables_can_be_chosen_by_a_function(offline):
    client, caught = offline()
    lastwriter.instrument(client, tables=lambda name: name.startswith("ord"))
    client.update_item(**UPDATE)
    client.update_item(**{**UPDATE, "TableName": "carts"})
    assert ["#lwt" in body["UpdateExpression"] for body in caught] == [True, False]


@pytest.mark.parametrize(
    "settings",
    [{"region": "us:east"}, {"region": ""}, {"prefix": ""}, {"prefix": "a:b"}, {"tokens": "x"}, {"tables": "orders"}],
    ids=str,
)
def test_a_wrong_setting_is_told_at_once(offline, settings):
    client, _ = offline()
    with pytest.raises(ValueError, match=r"must be|no Region to stamp with"):
        lastwriter.instrument(client, **settings)


def test_only_dynamodb_can_be_instrumented():
    session = boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    for wrong in (session.client("sqs"), object(), None):
        with pytest.raises(TypeError):
            lastwriter.instrument(wrong)


# Soft deletes and history


def test_a_soft_delete_needs_an_instrumented_client(offline):
    client, caught = offline()
    with pytest.raises(lastwriter.NotInstrumented):
        lastwriter.soft_delete(client, TableName="orders", Key={"id": {"S": "o-1"}}, ttl_attribute="expires")
    assert caught == []


def test_a_soft_delete_needs_a_table_that_is_stamped(offline):
    resource, caught = offline("resource")
    table = lastwriter.instrument(resource, tables=["carts"]).Table("orders")
    for call in (lastwriter.soft_delete, lastwriter.revive):
        with pytest.raises(lastwriter.NotInstrumented):
            call(table, Key={"id": "o-1"}, ttl_attribute="expires")
    assert caught == []


def test_a_soft_delete_of_a_whole_resource_makes_no_sense(offline):
    resource, _ = offline("resource")
    lastwriter.instrument(resource)
    with pytest.raises(TypeError):
        lastwriter.soft_delete(resource, Key={"id": "o-1"}, ttl_attribute="expires")


@pytest.mark.parametrize("wrong", [{"Expected": {}}, {"AttributeUpdates": {}}], ids=str)
def test_a_soft_delete_takes_no_legacy_parameters(offline, wrong):
    resource, _ = offline("resource")
    table = lastwriter.instrument(resource).Table("orders")
    with pytest.raises(TypeError):
        lastwriter.soft_delete(table, Key={"id": "o-1"}, ttl_attribute="expires", **wrong)


def test_a_soft_delete_with_a_broken_expression_is_not_sent(offline):
    resource, caught = offline("resource")
    table = lastwriter.instrument(resource).Table("orders")
    with pytest.raises(ValueError, match="not a valid update expression"):
        lastwriter.soft_delete(table, Key={"id": "o-1"}, ttl_attribute="expires", UpdateExpression="SET a = :a,")
    assert caught == []


def test_soft_delete_and_revive_take_condition_objects(offline):
    resource, caught = offline("resource")
    table = lastwriter.instrument(resource, clock=lambda: NOW).Table("orders")
    condition = Attr("state").eq("closed")
    lastwriter.soft_delete(
        table, Key={"id": "o-1"}, ttl_attribute="expires", expires_in=timedelta(days=1), ConditionExpression=condition
    )
    lastwriter.revive(table, Key={"id": "o-1"}, ttl_attribute="expires", ConditionExpression=condition)
    assert caught[0]["ConditionExpression"] == "#n0 = :v0"
    assert caught[0]["ExpressionAttributeValues"][":lwx"] == {"N": str(NOW // 1_000_000 + 86400)}
    assert caught[1]["ConditionExpression"] == "(attribute_exists(#n0) AND #n1 = :v0)"
    assert caught[1]["ExpressionAttributeNames"]["#n0"] == "lw:deleted"


def test_stamps_can_be_carried_to_a_new_item_or_left_behind():
    item = {"id": "o-1", TIME: 9, COUNT: 5, "lw:reset": 3, "lw:deleted": True, "lwn": 1}
    assert lastwriter.stamps(item) == {TIME: 9, COUNT: 5, "lw:reset": 3}
    assert lastwriter.without_stamps(item) == {"id": "o-1", "lw:deleted": True, "lwn": 1}
    assert lastwriter.stamps({"w:n:eu-west-1": 1}, prefix="w") == {"w:n:eu-west-1": 1}
