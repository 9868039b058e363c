"""What DescribeTable says of one replica of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError, code_of

NEEDED_VIEW = "NEW_AND_OLD_IMAGES"

AT_WORK = ("ACTIVE", "UPDATING")
"""In what states a replica answers reads and writes as ever."""


@dataclass(frozen=True)
class Replica:
    """The table as one Region has it."""

    region: str
    table: str
    description: dict[str, Any]

    @property
    def arn(self) -> str:
        """The table's ARN in this Region."""
        return self.description["TableArn"]

    @property
    def status(self) -> str:
        """TableStatus. DescribeTable's Replicas leaves out the Region that is asked, so this is its state."""
        return self.description["TableStatus"]

    @property
    def other_regions(self) -> dict[str, str]:
        """The other replicas' Regions and their ReplicaStatus."""
        return {r["RegionName"]: r.get("ReplicaStatus", "") for r in self.description.get("Replicas", [])}

    @property
    def stream_arn(self) -> str:
        """This replica's own stream; empty where streams are off."""
        enabled = self.description.get("StreamSpecification", {}).get("StreamEnabled")
        return self.description.get("LatestStreamArn", "") if enabled else ""

    @property
    def view_type(self) -> str:
        """What the stream's records hold."""
        return self.description.get("StreamSpecification", {}).get("StreamViewType", "")

    @property
    def key_arn(self) -> str:
        """The KMS key that encrypts the table here; empty where DynamoDB owns the key."""
        return self.description.get("SSEDescription", {}).get("KMSMasterKeyArn", "")

    @property
    def indexes(self) -> list[str]:
        """The names of the global secondary indexes."""
        return sorted(i["IndexName"] for i in self.description.get("GlobalSecondaryIndexes", []))

    @property
    def billing_mode(self) -> str:
        """PAY_PER_REQUEST or PROVISIONED, which DescribeTable leaves out where it never was another."""
        return self.description.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")

    @property
    def consistency(self) -> str:
        """EVENTUAL or STRONG; absent means EVENTUAL."""
        return self.description.get("MultiRegionConsistency", "EVENTUAL")

    @property
    def deletion_protection(self) -> bool:
        """Whether DeleteTable is refused."""
        return bool(self.description.get("DeletionProtectionEnabled"))

    @property
    def key_schema(self) -> list[tuple[str, str]]:
        """The key's attribute names with their types (S, N or B), partition key first."""
        types = {a["AttributeName"]: a["AttributeType"] for a in self.description["AttributeDefinitions"]}
        keys = sorted(self.description["KeySchema"], key=lambda k: k["KeyType"] != "HASH")
        return [(key["AttributeName"], types[key["AttributeName"]]) for key in keys]


def find(aws: Aws, region: str, table: str) -> Replica | None:
    """The table in a Region, or None."""
    try:
        return Replica(region, table, aws.client("dynamodb", region).describe_table(TableName=table)["Table"])
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise


def describe(aws: Aws, region: str, table: str) -> Replica:
    """The table in a Region, which has to be there."""
    replica = find(aws, region, table)
    if replica is None:
        raise DeployError(
            f"There is no table {table} in {region} (account {aws.account}).",
            "check TABLE, REGIONS and AWS_PROFILE. `make deploy` makes a table, `make attach` uses one that exists.",
        )
    return replica


def check_replicas(aws: Aws, regions: list[str], table: str) -> dict[str, Replica]:
    """The table in every Region, each ACTIVE and each a replica of the same global table."""
    replicas = {region: describe(aws, region, table) for region in regions}
    for region, replica in replicas.items():
        if replica.status not in AT_WORK:
            raise DeployError(f"Table {table} in {region} is {replica.status}.", "wait until it is ACTIVE.")
        version = replica.description.get("GlobalTableVersion")
        if version and version != "2019.11.21":
            raise DeployError(
                f"Table {table} is a global table of version {version}.",
                "upgrade it to 2019.11.21 first (DynamoDB developer guide, \"Upgrading global tables\").",
            )
        known = {region, *replica.other_regions}
        missing = [other for other in regions if other not in known]
        if missing:
            raise DeployError(
                f"Table {table} in {region} is not one global table with {', '.join(missing)}: "
                f"it replicates with {', '.join(sorted(replica.other_regions)) or 'no Region'}.",
                "correct REGIONS, or add the replica first.",
            )
    return replicas


def check_streams(replicas: dict[str, Replica]) -> None:
    """Every replica has a stream with both images: without the old one a lost write leaves no trace.

    The commands change nothing on a table's stream, so the message says what its owner does.
    """
    problems = []
    for region, replica in replicas.items():
        command = (
            f"aws dynamodb update-table --region {region} --table-name {replica.table} "
            f"--stream-specification StreamEnabled=true,StreamViewType={NEEDED_VIEW}"
        )
        if not replica.stream_arn:
            problems.append((f"{region}: the table has no stream (with STRONG consistency they are off by default, "
                             "and set per replica).", command))
        elif replica.view_type != NEEDED_VIEW:
            problems.append((f"{region}: the stream holds {replica.view_type}, not {NEEDED_VIEW}. A view type cannot "
                             "be changed: switch the stream off and on again, which loses what it holds.",
                             command.replace("true,StreamViewType=" + NEEDED_VIEW, "false") + f" && {command}"))
    if problems:
        raise DeployError(
            "The table's streams cannot show lost writes. Nothing was changed.\n"
            + "\n".join(f"  {what}" for what, _ in problems),
            "where nothing else reads the stream:\n" + "\n".join(f"    {todo}" for _, todo in problems),
        )


def recovery_window(aws: Aws, region: str, table: str) -> str:
    """From when to when point-in-time recovery can restore, in words."""
    try:
        answer = aws.client("dynamodb", region).describe_continuous_backups(TableName=table)
    except ClientError as error:
        return f"unknown ({error})"
    recovery = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        return "OFF: only backups can be restored"
    first, last = recovery.get("EarliestRestorableDateTime"), recovery.get("LatestRestorableDateTime")
    return f"from {first} to {last}" if first and last else "on"
