"""The table, its streams and who reads them: what attach and deploy refuse, and why."""

from __future__ import annotations

from typing import Any

import pytest
from doubles import ACCOUNT, REGIONS, StubbedAws, stack, table

from infra.deploy import preflight, readers, tables
from infra.deploy.commands import destroy
from infra.deploy.errors import DeployError

STREAM = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders/stream/2026-11-22T12:00:00.000"


def replicas(aws: StubbedAws, **changes: Any) -> dict[str, tables.Replica]:
    """Both replicas, the second one with changes."""
    aws.answer("dynamodb", "us-east-1", "describe_table", table("us-east-1"))
    aws.answer("dynamodb", "eu-west-1", "describe_table", table("eu-west-1", **changes))
    return tables.check_replicas(aws, REGIONS, "orders")


def test_the_streams_of_a_sound_table_are_taken(aws: StubbedAws) -> None:
    tables.check_streams(replicas(aws))


def test_a_table_that_is_not_there_is_named_with_its_account(aws: StubbedAws) -> None:
    aws.refuse("dynamodb", "us-east-1", "describe_table", "ResourceNotFoundException")
    with pytest.raises(DeployError, match=f"no table orders in us-east-1 .account {ACCOUNT}"):
        tables.check_replicas(aws, REGIONS, "orders")


def test_two_tables_of_one_name_are_no_global_table(aws: StubbedAws) -> None:
    aws.answer("dynamodb", "us-east-1", "describe_table", table("us-east-1", Replicas=[]))
    aws.answer("dynamodb", "eu-west-1", "describe_table", table("eu-west-1", Replicas=[]))
    with pytest.raises(DeployError, match="not one global table with eu-west-1: it replicates with no Region"):
        tables.check_replicas(aws, REGIONS, "orders")


def test_a_global_table_of_the_old_version_is_refused(aws: StubbedAws) -> None:
    with pytest.raises(DeployError, match="version 2017.11.29"):
        replicas(aws, GlobalTableVersion="2017.11.29")


def test_a_table_that_is_being_made_is_waited_for_by_hand(aws: StubbedAws) -> None:
    with pytest.raises(DeployError, match="in eu-west-1 is CREATING"):
        replicas(aws, TableStatus="CREATING")


def test_a_replica_without_a_stream_is_refused_with_the_command_for_its_owner(aws: StubbedAws) -> None:
    both = replicas(aws, StreamSpecification={"StreamEnabled": False}, MultiRegionConsistency="STRONG")
    with pytest.raises(DeployError) as raised:
        tables.check_streams(both)
    assert "eu-west-1: the table has no stream (with STRONG" in str(raised.value)
    assert "us-east-1: the table has no stream" not in str(raised.value)
    assert "--region eu-west-1 --table-name orders --stream-specification StreamEnabled=true" in str(raised.value)


def test_a_stream_of_another_view_is_refused_because_it_cannot_be_changed(aws: StubbedAws) -> None:
    both = replicas(aws, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    with pytest.raises(DeployError) as raised:
        tables.check_streams(both)
    assert "the stream holds NEW_IMAGE, not NEW_AND_OLD_IMAGES" in str(raised.value)
    assert "StreamEnabled=false" in str(raised.value) and "StreamEnabled=true" in str(raised.value)


def mapping(name: str, uuid: str, state: str = "Enabled") -> dict[str, str]:
    function = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}"
    return {"UUID": f"{uuid:0>36}", "State": state, "FunctionArn": function}


def lay_out_readers(aws: StubbedAws, mappings: list[dict[str, str]], pipes: list[dict[str, str]]) -> None:
    aws.answer("lambda", "eu-west-1", "list_event_source_mappings", {"EventSourceMappings": mappings},
               {"EventSourceArn": STREAM})
    aws.answer("pipes", "eu-west-1", "list_pipes", {"Pipes": pipes}, {"SourcePrefix": STREAM})


def check_readers(aws: StubbedAws, context, own: str = "") -> None:
    readers.check(aws, context.console, "eu-west-1", STREAM, f"{own:0>36}" if own else "")


def test_a_stream_that_nobody_reads_is_taken(aws: StubbedAws, context, said) -> None:
    lay_out_readers(aws, [], [])
    check_readers(aws, context)
    assert "nothing reads the stream yet" in said() and "WARNING" not in said()


def test_a_second_reader_is_warned_of(aws: StubbedAws, context, said) -> None:
    lay_out_readers(aws, [mapping("indexer", "1")], [])
    check_readers(aws, context)
    assert "read by event source mapping indexer, Enabled" in said()
    assert "WARNING" in said() and "AWS recommends one" in said()


def test_a_third_reader_is_refused_even_where_one_of_the_two_is_disabled(aws: StubbedAws, context) -> None:
    lay_out_readers(aws, [mapping("indexer", "1"), mapping("audit", "2", "Disabled")], [])
    with pytest.raises(DeployError) as raised:
        check_readers(aws, context)
    assert "has 2 readers already: event source mapping indexer, event source mapping audit" in str(raised.value)
    assert "a disabled one counts" in str(raised.value)


def test_a_pipe_is_a_reader_and_another_streams_pipe_is_none(aws: StubbedAws, context) -> None:
    pipes = [{"Name": "to-bus", "Source": STREAM, "CurrentState": "RUNNING"},
             {"Name": "other", "Source": f"{STREAM}-other", "CurrentState": "RUNNING"}]
    lay_out_readers(aws, [mapping("indexer", "1")], pipes)
    with pytest.raises(DeployError, match="mapping indexer, pipe to-bus. DynamoDB allows two"):
        check_readers(aws, context)


def test_our_own_mapping_is_no_other_reader(aws: StubbedAws, context, said) -> None:
    lay_out_readers(aws, [mapping("indexer", "1"), mapping("lastwriter", "ours")], [])
    check_readers(aws, context, own="ours")
    assert "lastwriter, Enabled (ours)" in said() and "indexer, Enabled (ours)" not in said()


def test_pipes_that_may_not_be_listed_stop_nothing(aws: StubbedAws, context) -> None:
    aws.answer("lambda", "eu-west-1", "list_event_source_mappings", {"EventSourceMappings": []})
    aws.refuse("pipes", "eu-west-1", "list_pipes", "AccessDeniedException")
    check_readers(aws, context)


def no_stack(aws: StubbedAws, region: str) -> None:
    aws.refuse("cloudformation", region, "describe_stacks", "ValidationError", "Stack with id x does not exist")


def our_table(aws: StubbedAws, region: str, regions: str) -> None:
    aws.answer("cloudformation", region, "describe_stacks",
               stack("lastwriter-dev-orders-table", "UPDATE_COMPLETE", {"GlobalTableRegions": regions}))


def test_a_table_of_our_stack_is_updated(aws: StubbedAws, context) -> None:
    our_table(aws, "us-east-1", "us-east-1,eu-west-1")
    assert preflight.check_table(context) is True


def test_the_primary_region_has_to_stand_first(aws: StubbedAws, context) -> None:
    no_stack(aws, "us-east-1")
    our_table(aws, "eu-west-1", "eu-west-1,us-east-1")
    with pytest.raises(DeployError, match="put it first: REGIONS=eu-west-1,us-east-1"):
        preflight.check_table(context)


@pytest.mark.parametrize(("existing", "expected"), [
    ("us-east-1", "REGIONS=us-east-1 REGION=eu-west-1"),
    ("us-east-1,eu-west-1,eu-west-2", "deploy removes no replica"),
    ("us-east-1,eu-west-2", "deploy removes no replica"),
    ("eu-west-1,us-east-1", "keep the order"),
])
def test_other_regions_than_the_tables_name_the_command_for_it(
        aws: StubbedAws, context, existing: str, expected: str) -> None:
    our_table(aws, "us-east-1", existing)
    with pytest.raises(DeployError) as raised:
        preflight.check_table(context)
    assert expected in str(raised.value) and "Nothing was changed" in str(raised.value)


def test_destroy_takes_all_regions_or_none(aws: StubbedAws, context) -> None:
    our_table(aws, "us-east-1", "us-east-1,eu-west-1,eu-west-2")
    with pytest.raises(DeployError, match="use REGIONS=us-east-1,eu-west-1,eu-west-2"):
        destroy.destroy(context)
