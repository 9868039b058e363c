"""The memory of stamps under threads and event loops, and between clients. Nothing leaves the process."""

from __future__ import annotations

import sys
import threading

import boto3
import botocore.session
import lastwriter
import pytest
from conftest import NOW, Caught
from lastwriter._hook import hook_of
from lastwriter._memory import Memory
from lastwriter._stamps import Pair, Stamps

HERE = "us-east-1"
TIME, COUNT = "lw:t:us-east-1", "lw:n:us-east-1"
KEY = {"id": {"S": "o-1"}}


def seen(n, t=NOW):
    return Stamps({HERE: Pair(n, t)})


def memory(capacity=10):
    made = Memory(capacity)
    table = made.table("https://dynamodb.us-east-1.amazonaws.com", "orders")
    made.learn_key_names(table, ["id"])
    return made, table


def stamped(n, **attributes):
    return {**KEY, COUNT: {"N": str(n)}, TIME: {"N": str(NOW + n)}, **attributes}


# Threads


@pytest.fixture
def switching_often():
    """Threads take turns as often as they can, so that what can go wrong between them does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def run_together(*jobs):
    failures = []

    def guarded(job):
        try:
            job()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_no_answer_of_any_thread_replaces_a_newer_one(switching_often):
    ours, table = memory()
    # Each thread tells of the same versions in an order of its own.
    orders = [[(number * step) % 401 for number in range(401)] for step in (1, 7, 31, 400)]
    highest = []

    def tell(order):
        for n in order:
            ours.add(table, KEY, seen(n, NOW + n * 1_000_000))
            known = ours.find(table, KEY).pairs[HERE].n
            assert known >= n
            highest.append(known)

    run_together(*[lambda order=order: tell(order) for order in orders])
    assert ours.find(table, KEY) == seen(400, NOW + 400_000_000)


def test_the_memory_stays_bounded_with_many_threads(switching_often):
    ours, table = memory(capacity=5)

    def fill(start):
        for number in range(500):
            ours.add(table, {"id": {"S": f"o-{start + number}"}}, seen(1))
            ours.forget(table, {"id": {"S": f"o-{start + number - 2}"}})

    run_together(*[lambda start=start: fill(start) for start in (0, 250, 500, 750)])
    assert len(ours._items) <= 5


def test_updates_of_many_threads_are_all_counted(switching_often):
    ours, table = memory()
    ours.add(table, KEY, seen(0))

    def advance(known):
        return known.with_pair(HERE, Pair(known.pairs[HERE].n + 1, NOW))

    def count():
        for _ in range(500):
            ours.change(table, KEY, advance)

    run_together(*[count] * 4)
    assert ours.find(table, KEY).pairs[HERE].n == 2000


# Keys


def test_binary_keys_are_told_apart_by_their_bytes():
    from boto3.dynamodb.types import Binary

    ours, table = memory()
    ours.add(table, {"id": {"B": b"one"}}, seen(1))
    assert ours.find(table, {"id": {"B": bytearray(b"one")}}) == seen(1)
    assert ours.find(table, {"id": {"B": Binary(b"one").value}}) == seen(1)
    assert ours.find(table, {"id": {"B": b"two"}}) is None
    assert ours.find(table, {"id": {"S": "one"}}) is None


@pytest.mark.parametrize(
    "odd", [{}, {"id": None}, {"id": {}}, {"id": {"S": "a", "N": "1"}}, {"id": {"N": "x"}}, {"id": {"L": []}}], ids=str
)
def test_a_key_that_dynamodb_would_refuse_is_not_remembered(odd):
    ours, table = memory()
    ours.add(table, odd, seen(1))
    assert ours.find(table, odd) is None
    assert not ours._items


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "10", None])
def test_a_wrong_size_is_told_at_once(offline, wrong):
    client, _ = offline()
    with pytest.raises(ValueError, match="remember"):
        lastwriter.instrument(client, remember=wrong)


# Clients


def read_and_put(reader, reader_caught, writer, writer_caught):
    """What a put through one client carries after a read through another."""
    reader_caught.answers = [(200, {"Item": stamped(5)})]
    reader.get_item(TableName="orders", Key=KEY)
    writer_caught.clear()
    writer.delete_item(TableName="orders", Key={"id": {"S": "o-0"}})
    writer.put_item(TableName="orders", Item=KEY)
    return writer_caught[-1]["Item"]


def caught_client(session, region=HERE):
    client = session.client("dynamodb", region_name=region)
    caught = Caught()
    caught.catch(client)
    return client, caught


def new_session():
    return boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")


@pytest.mark.parametrize("kind", ["boto3", "botocore"])
def test_the_clients_of_a_session_are_stamped_and_share_what_they_have_seen(kind):
    session = new_session()
    target = session if kind == "boto3" else session._session
    assert lastwriter.instrument(target) is target
    lastwriter.instrument(target, tables=["orders"])  # Again: the last settings count, and a put is stamped once.
    reader, writer = caught_client(session), caught_client(session)
    assert read_and_put(*reader, *writer)[COUNT] == {"N": "6"}
    assert hook_of(writer[0]).stamper.covers("orders") and not hook_of(writer[0]).stamper.covers("carts")


def test_clients_of_another_session_are_not_stamped():
    lastwriter.instrument(new_session())
    other, caught = caught_client(new_session())
    other.put_item(TableName="orders", Item=KEY)
    assert caught[0]["Item"] == KEY


def test_what_was_seen_in_another_region_is_not_claimed_here():
    session = lastwriter.instrument(new_session())
    item = read_and_put(*caught_client(session, "eu-west-1"), *caught_client(session))
    assert item[COUNT] == {"N": "1"}
    assert "lw:reset" in item


def test_clients_that_are_instrumented_one_by_one_do_not_share(offline):
    reader, writer = offline(), offline()
    for client, _ in (reader, writer):
        lastwriter.instrument(client)
    assert "lw:reset" in read_and_put(*reader, *writer)


@pytest.fixture
def whole_process(monkeypatch):
    """What `instrument()` changes is put back after the test."""
    from botocore.client import BaseClient
    from lastwriter import _instrument

    monkeypatch.setattr(BaseClient, "__init__", BaseClient.__init__)
    monkeypatch.setattr(_instrument, "_process", {})


def test_the_whole_process_can_be_stamped_in_one_call(whole_process):
    early = new_session()
    assert lastwriter.instrument() is None
    lastwriter.instrument(prefix="w")  # Again: the last settings count, and a put is stamped once.
    for session in (early, new_session()):
        client, caught = caught_client(session)
        client.put_item(TableName="orders", Item=KEY)
        assert {name for name in caught[0]["Item"] if name != "id"} == {"w:n:us-east-1", "w:t:us-east-1", "w:reset"}
    low_level = botocore.session.get_session().create_client(
        "dynamodb", region_name=HERE, aws_access_key_id="test", aws_secret_access_key="test"
    )
    assert hook_of(low_level).stamper.region == HERE


def test_other_services_are_left_alone_when_the_whole_process_is_stamped(whole_process):
    lastwriter.instrument()
    client = new_session().client("sqs", region_name=HERE)
    with pytest.raises(lastwriter.NotInstrumented):
        hook_of(client)


def test_a_client_with_an_odd_region_is_made_all_the_same_and_told(whole_process, caplog):
    lastwriter.instrument()
    client = new_session().client("dynamodb", region_name="local", endpoint_url="http://localhost:8000")
    with pytest.raises(lastwriter.NotInstrumented):
        hook_of(client)
    assert "'local' is no Region to stamp with" in caplog.text


def test_with_strict_a_client_with_an_odd_region_is_not_made():
    session = lastwriter.instrument(new_session(), strict=True)
    with pytest.raises(ValueError, match="'local'"):
        session.client("dynamodb", region_name="local", endpoint_url="http://localhost:8000")


def test_a_wrong_setting_for_a_session_is_told_at_once():
    with pytest.raises(ValueError, match="tokens"):
        lastwriter.instrument(new_session(), tokens="x")
    with pytest.raises(ValueError, match="no Region to stamp with"):
        lastwriter.instrument(new_session(), region="EU-WEST-1")


def test_none_is_not_the_whole_process():
    with pytest.raises(TypeError):
        lastwriter.instrument(None)


# Handing the stamps to another process


@pytest.mark.parametrize("kind", ["client", "table"])
def test_what_is_remembered_can_be_handed_over(offline, kind):
    made, caught = offline("client" if kind == "client" else "resource")
    client = lastwriter.instrument(made if kind == "client" else made.meta.client)
    caught.answers = [(200, {"Item": stamped(5)})]
    if kind == "client":
        made.get_item(TableName="orders", Key=KEY)
        assert lastwriter.remembered(client, TableName="orders", Key=KEY) == {COUNT: {"N": "5"}, TIME: {"N": str(NOW + 5)}}
        assert lastwriter.remembered(client, TableName="orders", Key={"id": {"S": "o-2"}}) == {}
        return
    table = made.Table("orders")
    table.get_item(Key={"id": "o-1"})
    history = lastwriter.remembered(table, Key={"id": "o-1"})
    assert history == {COUNT: 5, TIME: NOW + 5}
    table.put_item(Item={"id": "o-1", **history})
    assert caught[-1]["Item"][COUNT] == {"N": "6"}


def test_what_is_remembered_of_a_table_needs_its_name_and_an_instrumented_client(offline):
    client, _ = offline()
    with pytest.raises(lastwriter.NotInstrumented):
        lastwriter.remembered(client, TableName="orders", Key=KEY)
    lastwriter.instrument(client)
    with pytest.raises(TypeError, match="TableName"):
        lastwriter.remembered(client, Key=KEY)


# The log


def test_each_table_with_signed_items_is_told_once(offline, caplog):
    client, _ = offline()
    lastwriter.instrument(client)
    for table in ("vault", "vault", "safe"):
        client.put_item(TableName=table, Item={**KEY, "aws_dbe_head": {"B": b"x"}})
    assert [record.getMessage().count("the AWS Database Encryption SDK") for record in caplog.records] == [1, 1]
    assert ["vault" in record.getMessage() for record in caplog.records] == [True, False]


def test_an_answer_that_cannot_be_read_reaches_the_caller(offline, caplog):
    client, caught = offline()
    lastwriter.instrument(client, tables=lambda name: {"orders": True}[name])
    caught.answers = [(200, {"Item": stamped(5)})]
    assert client.get_item(TableName="carts", Key=KEY)["Item"] == stamped(5)
    assert "an answer could not be read for its stamps" in caplog.text


