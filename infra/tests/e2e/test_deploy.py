"""`make deploy` against the emulator: from nothing to a lost write in the ledger, and again without a change."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from emulator import Emulator, eventually
from scenes import check_lost_write_is_found, metric_sum

TABLE = "orders"
REGIONS = ("us-east-1", "eu-west-1")
SYSTEM = ("--table", TABLE, "--regions", ",".join(REGIONS))
PREFIX = f"lastwriter-dev-{TABLE}"
PARTS = ("artifacts", "key", "processor", "reporter", "alarms", "dashboard")


@dataclass
class Deployed:
    """The emulator with the system in it, and what the deploy said."""

    emulator: Emulator
    said: str

    def events(self) -> dict[str, int]:
        """How many events every stack has had: an update of any kind adds some."""
        answer = {}
        for region in REGIONS:
            client = self.emulator.client("cloudformation", region)
            for stack in client.describe_stacks()["Stacks"]:
                name = stack["StackName"]
                if name.startswith(f"{PREFIX}-"):
                    pages = client.get_paginator("describe_stack_events").paginate(StackName=name)
                    answer[f"{region} {name}"] = sum(len(page["StackEvents"]) for page in pages)
        return answer

    def output(self, region: str, part: str, name: str) -> str:
        """An output of a stack."""
        stack, = self.emulator.client("cloudformation", region).describe_stacks(StackName=f"{PREFIX}-{part}")["Stacks"]
        return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}[name]


@pytest.fixture(scope="module")
def deployed(emulator: Emulator) -> Deployed:
    return Deployed(emulator, emulator.run("deploy", *SYSTEM).stdout)


def test_every_stack_stands_in_every_region(deployed: Deployed) -> None:
    for region in REGIONS:
        client = deployed.emulator.client("cloudformation", region)
        states = {s["StackName"]: s["StackStatus"] for s in client.describe_stacks()["Stacks"]}
        parts = (*PARTS, "table") if region == REGIONS[0] else PARTS
        mine = {name: state for name, state in states.items() if name.startswith(f"{PREFIX}-")}
        assert mine.keys() == {f"{PREFIX}-{part}" for part in parts}
        assert all(state in ("CREATE_COMPLETE", "UPDATE_COMPLETE") for state in mine.values()), mine


def test_every_mapping_reads_the_stream_of_its_own_region(deployed: Deployed) -> None:
    streams = set()
    for region in REGIONS:
        table = deployed.emulator.client("dynamodb", region).describe_table(TableName=TABLE)["Table"]
        mapping = deployed.emulator.client("lambda", region).get_event_source_mapping(
            UUID=deployed.output(region, "processor", "EventSourceMappingId"))
        assert mapping["EventSourceArn"] == table["LatestStreamArn"]
        assert f":{region}:" in mapping["EventSourceArn"]
        streams.add(mapping["EventSourceArn"])
    assert len(streams) == len(REGIONS)


def test_the_replicas_get_their_policies_in_a_second_update(deployed: Deployed) -> None:
    stack, = deployed.emulator.client("cloudformation", REGIONS[0]).describe_stacks(
        StackName=f"{PREFIX}-table")["Stacks"]
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert parameters["ReplicasWithPolicy"] == "2"


def test_the_keys_of_all_regions_are_one_multi_region_key(deployed: Deployed) -> None:
    keys = {deployed.output(region, "key", "KeyId") for region in REGIONS}
    assert len(keys) == 1
    for region in REGIONS:
        metadata = deployed.emulator.client("kms", region).describe_key(KeyId=keys.copy().pop())["KeyMetadata"]
        kind = "PRIMARY" if region == REGIONS[0] else "REPLICA"
        assert metadata["MultiRegionConfiguration"]["MultiRegionKeyType"] == kind


def test_the_deploy_ends_with_names_and_dashboard_links(deployed: Deployed) -> None:
    for region in REGIONS:
        assert f"{region}: {deployed.output(region, 'dashboard', 'DashboardUrl')}" in deployed.said
    assert deployed.output(REGIONS[0], "dashboard", "AllRegionsDashboardUrl") in deployed.said
    assert deployed.output(REGIONS[0], "processor", "LedgerTableName") in deployed.said


def test_a_second_deploy_changes_nothing(deployed: Deployed) -> None:
    before = deployed.events()
    said = deployed.emulator.run("deploy", *SYSTEM).stdout
    assert "nothing has changed" in said
    assert "creating" not in said and "updating" not in said
    assert deployed.events() == before


def test_a_plan_ends_with_0_where_nothing_would_change(deployed: Deployed) -> None:
    before = deployed.events()
    done = deployed.emulator.run("plan", *SYSTEM, check=False)
    assert (done.returncode, "Nothing would change." in done.stdout) == (0, True), done.stdout + done.stderr
    assert deployed.events() == before


def test_a_plan_shows_the_change_changes_nothing_and_ends_with_2(deployed: Deployed) -> None:
    before = deployed.events()
    done = deployed.emulator.run("plan", *SYSTEM, "--params", "eu-west-1:BatchSize=500", check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert f"eu-west-1 {PREFIX}-processor: update" in lines
    assert f"us-east-1 {PREFIX}-processor: update" not in lines
    assert "change EventSourceMapping (AWS::Lambda::EventSourceMapping)" in lines and "BatchSize" in lines
    assert deployed.events() == before
    for region in REGIONS:
        client = deployed.emulator.client("cloudformation", region)
        kept = client.list_change_sets(StackName=f"{PREFIX}-processor")["Summaries"]
        assert not [one for one in kept if one["ExecutionStatus"] == "AVAILABLE"]


def test_what_would_move_the_mapping_is_refused_unless_it_is_named(deployed: Deployed) -> None:
    """As where a stream was switched off and on: its ARN is another, and a new mapping would begin anew."""
    before = deployed.events()
    client = deployed.emulator.client("dynamodb", "eu-west-1")
    for enabled in (False, True):
        view = {"StreamViewType": "NEW_AND_OLD_IMAGES"} if enabled else {}
        client.update_table(TableName=TABLE, StreamSpecification={"StreamEnabled": enabled, **view})
    done = deployed.emulator.run("deploy", *SYSTEM, check=False)
    assert done.returncode == 1
    assert f"eu-west-1 {PREFIX}-processor: REPLACE EventSourceMapping" in done.stderr
    assert 'ALLOW="processor/EventSourceMapping"' in done.stderr
    assert deployed.events() == before
    deployed.emulator.run("deploy", *SYSTEM, "--allow", "processor/EventSourceMapping")
    stream = client.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    mapping = deployed.emulator.client("lambda", "eu-west-1").get_event_source_mapping(
        UUID=deployed.output("eu-west-1", "processor", "EventSourceMappingId"))
    assert mapping["EventSourceArn"] == stream


def test_a_lost_write_is_found_by_the_deployed_function(deployed: Deployed) -> None:
    ledger = deployed.output("us-east-1", "processor", "LedgerTableName")
    check_lost_write_is_found(deployed.emulator, TABLE, ledger, "customer#1")


def test_the_reporter_publishes_the_replicas_states(deployed: Deployed) -> None:
    client = deployed.emulator.client("lambda", "eu-west-1")
    answer = client.invoke(FunctionName=deployed.output("eu-west-1", "reporter", "FunctionName"), Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()
    for region in REGIONS:
        eventually(lambda: metric_sum(deployed.emulator, "eu-west-1", "ReplicaHealthy", TableName=TABLE,
                                      ReplicaRegion=region) >= 1, f"ReplicaHealthy of {region}")


def test_the_reporter_counts_what_is_open_in_the_regions_ledger(deployed: Deployed) -> None:
    # The write that was lost above is in the ledger of its Region.
    client = deployed.emulator.client("lambda", "us-east-1")

    def reported() -> bool:
        answer = client.invoke(FunctionName=deployed.output("us-east-1", "reporter", "FunctionName"), Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        metrics = ("OpenEntries", "OldestOpenEntryAge")
        return all(metric_sum(deployed.emulator, "us-east-1", metric, TableName=TABLE) >= 1 for metric in metrics)

    eventually(reported, "an open entry that is a second old")


def test_the_logs_of_all_regions_come_in_one_stream(deployed: Deployed) -> None:
    def look() -> str:
        said = deployed.emulator.run("logs", *SYSTEM, "--since", "1h").stdout
        return said if " batch records=" in said else ""

    assert "us-east-1  " in eventually(look, "a log line of a batch")


def test_a_write_is_timed_from_region_to_region(deployed: Deployed) -> None:
    said = deployed.emulator.run("global-test", *SYSTEM).stdout
    assert "us-east-1   eu-west-1" in said and " ms" in said
    left = deployed.emulator.client("dynamodb", "eu-west-1").scan(TableName=TABLE)["Items"]
    assert not [item for item in left if "lastwriter-test" in item["PK"]["S"]]


def test_a_load_test_reports_and_cleans_up(deployed: Deployed) -> None:
    said = deployed.emulator.run("load-test", *SYSTEM, "--rate", "20", "--seconds", "1", "--keys", "5").stdout
    written = {line.split()[0]: line.split()[1:4] for line in said.splitlines() if line.strip().startswith(REGIONS)}
    assert written == {region: ["20", "0", "0"] for region in REGIONS}, said
    left = deployed.emulator.client("dynamodb", "us-east-1").scan(TableName=TABLE)["Items"]
    assert not [item for item in left if "lastwriter-test" in item["PK"]["S"]]


def test_a_paused_mapping_stays_paused_through_a_deploy_and_resumes(deployed: Deployed) -> None:
    said = deployed.emulator.run("pause", *SYSTEM).stdout
    assert "24 hours" in said and "Run `make resume" in said

    def states() -> set[str]:
        return {
            deployed.emulator.client("lambda", region).get_event_source_mapping(
                UUID=deployed.output(region, "processor", "EventSourceMappingId"))["State"]
            for region in REGIONS
        }

    assert states() == {"Disabled"}
    paused = deployed.emulator.run("status", *SYSTEM, check=False)
    assert paused.returncode == 2 and "the mapping is Disabled" in paused.stdout
    assert "nothing has changed" in deployed.emulator.run("deploy", *SYSTEM).stdout
    assert states() == {"Disabled"}
    said = deployed.emulator.run("resume", *SYSTEM).stdout
    assert "nothing is lost" in said
    assert states() == {"Enabled"}


def test_status_shows_every_part(deployed: Deployed) -> None:
    done = deployed.emulator.run("status", *SYSTEM, check=False)
    said = done.stdout
    assert (done.returncode == 0) == ("Nothing needs attention." in said), said + done.stderr
    for word in ("eu-west-1 ACTIVE", "NEW_AND_OLD_IMAGES", "event source mapping", f"{PREFIX}-stream-processor",
                 "CREATE_COMPLETE", "INSUFFICIENT_DATA"):
        assert word in said, word


def test_a_backup_is_made_and_listed(deployed: Deployed) -> None:
    said = deployed.emulator.run("backup", *SYSTEM).stdout
    assert f"Made {TABLE}-" in said and "BACKUP=arn:" in said


def test_other_regions_than_the_tables_are_refused_with_the_way_out(deployed: Deployed) -> None:
    before = deployed.events()
    for regions, hint in (
        ("eu-west-1,us-east-1", "put it first: REGIONS=us-east-1,eu-west-1"),
        ("us-east-1,eu-west-1,ap-south-1", "REGION=ap-south-1"),
        ("us-east-1,ap-south-1", "deploy removes no replica"),
    ):
        done = deployed.emulator.run("deploy", "--table", TABLE, "--regions", regions, check=False)
        assert done.returncode == 1
        assert hint in done.stderr, done.stderr
    assert deployed.events() == before
