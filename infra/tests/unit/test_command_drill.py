"""A drill's refusals, its experiment, and how the writers' knowledge is compared. The drill itself runs in e2e/test_drill.py."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from doubles import ACCOUNT, StubbedAws, stack, table
from doubles import context as make_context

from infra.deploy import drill as writers
from infra.deploy import pausing
from infra.deploy.commands import drill
from infra.deploy.drill import Loss, Role
from infra.deploy.errors import DeployError
from infra.deploy.tables import Replica

REGION, OTHER = "eu-west-1", "us-east-1"
EXPERIMENT = "EXP1"


def state(aws: StubbedAws, *statuses: str, reason: str = "") -> None:
    for status in statuses:
        aws.answer("fis", REGION, "get_experiment", {"experiment": {"id": EXPERIMENT, "state": {"status": status, "reason": reason}}},
                   {"id": EXPERIMENT})


def started(aws: StubbedAws) -> None:
    aws.answer("fis", REGION, "start_experiment", {"experiment": {"id": EXPERIMENT}})


def test_the_experiment_runs_while_the_writers_write_and_is_stopped_then(aws: StubbedAws, context, said) -> None:
    started(aws)
    state(aws, "initiating", "running", "running", "running")
    aws.answer("fis", REGION, "stop_experiment", {}, {"id": EXPERIMENT})
    state(aws, "stopping", "stopped")
    with pausing.paused(context, REGION, "EXT1"):
        assert "runs" in said()
    assert "is over, replication goes on" in said()


def test_an_experiment_that_does_not_start_is_told_with_its_reason(aws: StubbedAws, context) -> None:
    started(aws)
    state(aws, "failed", "failed", "failed", reason="The stop condition's alarm is on")
    with pytest.raises(DeployError, match="EXP1 in eu-west-1 is failed: The stop condition's alarm is on"), \
            pausing.paused(context, REGION, "EXT1"):
        raise AssertionError("nothing is written")


def test_a_pause_that_the_alarm_ended_is_told(aws: StubbedAws, context) -> None:
    started(aws)
    state(aws, "running", "stopped", "stopped", "stopped", reason="Experiment halted by stop condition")
    with pytest.raises(DeployError, match="over before the writers were done: the experiment EXP1 is stopped"), \
            pausing.paused(context, REGION, "EXT1"):
        pass


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, DeployError("no")])
def test_whatever_happens_the_pause_is_ended(aws: StubbedAws, context, stopped_by: Any) -> None:
    started(aws)
    state(aws, "running", "running")
    aws.answer("fis", REGION, "stop_experiment", {}, {"id": EXPERIMENT})
    state(aws, "stopped")
    with pytest.raises((KeyboardInterrupt, DeployError)), pausing.paused(context, REGION, "EXT1"):
        raise stopped_by


class Deployer:
    """What makes and deletes the drill's stack."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, str]]] = []
        self.deleted: list[str] = []

    def apply(self, region: str, name: str, template: str, parameters: dict[str, str], tags: dict[str, str]) -> Any:
        self.made.append((name, parameters))
        return SimpleNamespace(stack=SimpleNamespace(output=lambda _: "EXT1"))

    def delete(self, region: str, name: str) -> None:
        self.deleted.append(name)


@pytest.mark.parametrize("fails", [False, True])
def test_the_stack_is_there_for_the_drill_alone(context, monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    deployer, order = Deployer(), []

    @contextmanager
    def experiment(_: Any, region: str, template_id: str) -> Any:
        order.append((region, template_id))
        yield

    monkeypatch.setattr(type(context), "deployer", lambda *_: deployer)
    monkeypatch.setattr(pausing, "paused", experiment)
    try:
        with drill._by_experiment("arn:aws:cloudwatch:x")(context, REGION):
            if fails:
                raise DeployError("no")
    except DeployError:
        assert fails
    (name, parameters), = deployer.made
    assert name == "lastwriter-dev-orders-drill" and deployer.deleted == [name] and order == [(REGION, "EXT1")]
    assert parameters["StopAlarmArn"] == "arn:aws:cloudwatch:x" and parameters["TableName"] == "orders"


def lay_out(aws: StubbedAws, region: str, mapping: str = "Enabled", prefix: str = "lw") -> None:
    outputs = {"EventSourceMappingId": "0a1b2c3d-1111-2222-3333-444455556666", "LedgerTableName": "ledger"}
    aws.answer("cloudformation", region, "describe_stacks",
               stack("lastwriter-dev-orders-processor", "CREATE_COMPLETE", {"StampPrefix": prefix}, outputs))
    aws.answer("lambda", region, "get_event_source_mapping", {"State": mapping})


def test_a_drill_needs_two_regions(aws: StubbedAws) -> None:
    with pytest.raises(DeployError, match="needs two Regions"):
        drill.drill(make_context(aws, regions=[REGION]), drill.DrillRequest())


def test_a_region_that_is_not_of_the_table_is_refused(context) -> None:
    with pytest.raises(DeployError, match="REGION=us-west-2 is not one of REGIONS"):
        drill.drill(context, drill.DrillRequest(region="us-west-2"))


@pytest.mark.parametrize("items", [0, 2, 1001])
def test_the_number_of_items_has_limits(items: int) -> None:
    with pytest.raises(DeployError, match=f"ITEMS={items} is outside its limits"):
        drill.DrillRequest(items=items)


def test_a_strongly_consistent_table_has_nothing_to_drill(aws: StubbedAws, context) -> None:
    for region in (REGION, OTHER):
        aws.answer("dynamodb", region, "describe_table", table(region, MultiRegionConsistency="STRONG"))
    with pytest.raises(DeployError, match="There is nothing to drill"):
        drill.drill(context, drill.DrillRequest())


def test_processors_that_look_for_other_stamps_are_refused(aws: StubbedAws, context) -> None:
    lay_out(aws, REGION)
    lay_out(aws, OTHER, prefix="xx")
    with pytest.raises(DeployError, match="several prefixes: lw, xx"):
        drill._processors(context, [REGION, OTHER])


def test_without_a_terminal_nothing_is_paused_unless_yes_is_said(aws: StubbedAws, context, said) -> None:
    for region in (REGION, OTHER):
        aws.answer("dynamodb", region, "describe_table", table(region))
        lay_out(aws, region)
    aws.answer("cloudformation", REGION, "describe_stacks", stack("lastwriter-dev-orders-alarms", "CREATE_COMPLETE"))
    with pytest.raises(DeployError, match=f"Pause replication of orders in {REGION} of account {ACCOUNT}. This needs an answer"):
        drill.drill(context, drill.DrillRequest(), pause=lambda *_: pytest.fail("nothing may be paused"))
    assert "the alarm lastwriter-dev-orders.system-errors ends it" in said()
    assert f"PAUSE REPLICATION of orders to and from {REGION}" in said()


@pytest.mark.parametrize("kind, value, text", [
    ("S", {"S": "lastwriter-test#r#1"}, '{"id":{"S":"lastwriter-test#r#1"}}'),
    ("N", {"N": "-5"}, '{"id":{"N":"-5"}}'),
    ("B", {"B": b"ab"}, '{"id":{"B":"YWI="}}'),
])
def test_the_ledgers_key_is_the_specifications(kind: str, value: Any, text: str) -> None:
    assert writers.ledger_key({"id": value}) == text


def test_the_ledgers_key_has_its_names_sorted() -> None:
    assert writers.ledger_key({"b": {"S": "1"}, "a": {"N": "2"}}) == '{"a":{"N":"2"},"b":{"S":"1"}}'


def entry(kind: str = "update_update", loser: str = REGION, winner: str = OTHER, payload: str | None = "x") -> dict[str, Any]:
    image = {} if payload is None else {"Image": {"M": {"payload": {"S": payload}}}}
    return {"Kind": {"S": kind}, "Loser": {"M": {"Region": {"S": loser}, **image}}, "Winner": {"M": {"Region": {"S": winner}}}}


LOSS = Loss(0, REGION, "x")


@pytest.mark.parametrize("found, loss, told", [
    (entry(), LOSS, ""),
    (entry(payload=None), LOSS, ""),
    (entry("insert_insert"), Loss(1, REGION, "x"), ""),
    (entry(), None, "although no write of this Region was lost"),
    (entry("insert_insert"), LOSS, "and it was update_update"),
    (entry(loser=OTHER, winner=REGION), LOSS, "and it was lost in eu-west-1 to us-east-1"),
    (entry(payload="y"), LOSS, "the losing image is not what was written"),
])
def test_an_entry_is_compared_with_what_was_written(found: Any, loss: Any, told: str) -> None:
    answer = writers._wrong(found, loss, [REGION, OTHER])
    assert bool(answer) == bool(told) and told in answer


def test_every_role_comes_in_turn() -> None:
    assert {Role.of(number) for number in range(3)} == set(Role)


def test_a_write_that_saw_the_other_is_not_lost(context) -> None:
    replicas = {r: Replica(r, "orders", table(r)["Table"]) for r in (REGION, OTHER)}
    made = writers.Drill(context, replicas, {}, "run", 2, "lw", lambda: 0.0)
    write = writers.Write
    made.writes = {0: [write(REGION, "a", False), write(OTHER, "b", False)], 1: [write(REGION, "c", False), write(OTHER, "d", True)]}
    made.survivors = {0: "b", 1: "d"}
    assert made.losses() == ((Loss(0, REGION, "a"),), 1)
