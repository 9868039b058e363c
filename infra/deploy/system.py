"""Bringing the parts into being, one function a step. `deploy`, `attach` and `add-region` put them in order."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.deploy import artifacts, key_parameters, regional, stacks, subscribers, tables, templates
from infra.deploy.artifacts import Artifact, Store
from infra.deploy.console import Console
from infra.deploy.context import Context
from infra.deploy.errors import DeployError
from infra.deploy.names import TEMPLATE_OF
from infra.deploy.parameters import COMPUTED, check_capacity
from infra.deploy.planning import Plan, is_pending, pending
from infra.deploy.regions import MAX_REPLICAS
from infra.deploy.tables import NEEDED_VIEW, Replica

REGIONAL_STACKS = ("processor", "reporter", "alarms", "dashboard")
MAX_WATCHED_INDEXES = 5
"""The alarms' template watches so many indexes; a table can have more."""
MAX_INDEX_NAME = 200
"""Characters of an index's name that the alarms' template takes: an alarm's name ends in it."""

_ATTACHED = {
    # What was written before somebody watched is not judged unless asked for (make rejudge).
    "processor": {"StartingPosition": "LATEST"},
    # Nobody stamps yet where nobody has heard of stamps, and an alarm that is on from the first minute is switched off.
    "alarms": {"UnstampedWritesPercent": "100"},
}
"""With what the stacks of an attached table begin. Later they keep what they have."""

_NOT_INHERITED = {"StartingPosition", "MappingEnabled", "SubnetIds", "VpcId", "RouteTableIds", "CreateVpcEndpoints"}
"""What belongs to one Region: where its mapping began, and where its function is placed."""


def inherit(context: Context, region: str) -> None:
    """Let new stacks in a Region take the primary Region's settings, so that a new Region judges as the others do."""
    if context.find(region, "processor").parameters.get("StreamArn"):
        return  # It has one. (A stack that holds an imported ledger alone has none yet.)
    for part in REGIONAL_STACKS:
        source = context.find(context.primary, part).parameters
        context.inherited[region, part] = {
            name: value for name, value in source.items()
            if name not in COMPUTED | _NOT_INHERITED and name in templates.parameters(TEMPLATE_OF[part])
        }
    placed = context.find(context.primary, "processor").parameters.get("SubnetIds")
    if placed and not context.own_parameters(region, "processor").get("SubnetIds"):
        context.console.step(f"NOTE: the processor in {context.primary} is in a VPC; the one in {region} will not be, "
                             f'unless PARAMS says where: PARAMS="{region}:SubnetIds=... {region}:VpcId=..."')


def begin_attached(context: Context, region: str) -> None:
    """Let a Region's new stacks begin as those of a table do that was there before.

    PARAMS may say otherwise, and what was taken from the primary Region counts more.
    """
    for part, values in _ATTACHED.items():
        before = context.find(region, part).parameters
        # A stack that holds an imported ledger alone has no mapping yet, so it has no position either.
        if not before or (part == "processor" and "StartingPosition" not in before):
            context.inherited[region, part] = {**values, **context.inherited.get((region, part), {})}


@dataclass
class Builder:
    """Creates and updates the parts of one table's system, each idempotent."""

    context: Context
    processor: Artifact
    reporter: Artifact
    planning: bool = False
    """Whether the steps are only planned: they say what they would change, and change nothing."""
    store: Store = field(init=False)
    plan: Plan = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.context.aws, {})
        self.plan = Plan(self.context.deployer(self.store.template))

    @staticmethod
    def with_built_code(context: Context) -> Builder:
        """A builder with the zips of `make build`; fails before anything is done where they are missing."""
        return Builder(context, artifacts.load(artifacts.STREAM_PROCESSOR), artifacts.load(artifacts.TABLE_REPORTER))

    def apply(self, region: str, part: str, parameters: dict[str, str]) -> stacks.Stack:
        """Bring one stack to its template, with PARAMS= beside what the command found out."""
        names, tags = self.context.names, {**self.context.tags, **self.context.names.tags}
        wanted = {**self.context.own_parameters(region, part), **names.parameters, **parameters}
        if self.planning:
            return self.plan.add(region, names, part, wanted, tags)
        before = stacks.check_usable(self.context.aws, region, names.stack(part))
        request = self.plan.deployer.request(before, TEMPLATE_OF[part], wanted, tags)
        return self.plan.carry_out(before, part, request).stack

    def make_plan(self, steps: Callable[[Builder], None]) -> Plan:
        """What the steps would change, worked out by going through them once. Nothing is said meanwhile."""
        quiet = dataclasses.replace(self.context, console=Console(out=io.StringIO()))
        rehearsal = Builder(quiet, self.processor, self.reporter, planning=True)
        try:
            steps(rehearsal)
        except BaseException:
            rehearsal.plan.discard()
            raise
        self.plan = Plan(self.plan.deployer, rehearsal.plan.stacks, rehearsal.plan.notes)
        return self.plan

    def check_stacks(self, regions: list[str], parts: tuple[str, ...]) -> None:
        """Every template is there and no stack is stuck: said before the first one is touched."""
        for part in parts:
            templates.parameters(TEMPLATE_OF[part])
        for region in regions:
            for part in parts:
                stacks.check_usable(self.context.aws, region, self.context.names.stack(part))

    def check_rules(self, region: str, part: str, known: dict[str, str]) -> None:
        """What the stack's template refuses in PARAMS and in what the stack has: said before the first change."""
        context = self.context
        values = {**context.find(region, part).parameters, **context.own_parameters(region, part), **known}
        templates.check_rules(TEMPLATE_OF[part], values, region)
        if part == "table":
            complete = templates.with_defaults(TEMPLATE_OF[part], values)
            check_capacity(complete)
            key_parameters.check(complete)

    def buckets(self, regions: list[str]) -> None:
        """The artifact bucket of each Region, with both zips in it."""

        def one(region: str) -> str:
            return self.apply(region, "artifacts", {}).output("BucketName")

        self.store.buckets.update(regional.each(regions, one))
        for region in regions if not self.planning else ():
            for artifact in (self.processor, self.reporter):
                key = self.store.upload(region, artifact)
                self.context.console.step(f"{region}: {key} is in {self.store.buckets[region]}")

    def keys(self, regions: list[str]) -> dict[str, stacks.Stack]:
        """The multi-Region key: the primary Region's first, then its replicas side by side."""
        primary = self.context.primary
        first = self.apply(primary, "key", {"PrimaryKeyArn": ""})
        existing = first.parameters.get("ExistingKeyArn")
        others = regional.each(
            [region for region in regions if region != primary],
            lambda region: self.apply(region, "key", {"PrimaryKeyArn": "" if existing else first.output("KeyArn")}),
        )
        return {primary: first, **others}

    def table(self, regions: list[str], key_id: str, with_policy: int) -> stacks.Stack:
        """The global table, the first `with_policy` of its replicas with their resource policy.

        A replica in another Region cannot get its policy in the update that creates it, hence the count.
        """
        return self.apply(self.context.primary, "table", {
            "TableName": self.context.names.table,
            "GlobalTableRegions": ",".join(regions),
            "ReplicasWithPolicy": str(with_policy),
            "TableKeyId": key_id,
        })

    def await_replicas(self, regions: list[str]) -> dict[str, Replica]:
        """Wait until the table is ACTIVE in each Region, and give each Region's own description, with its own stream.

        With EVENTUAL consistency the stream comes with the replica; with STRONG it may be off.
        """
        context = self.context

        def one(region: str) -> Replica:
            if self.planning:
                return self._expected_replica(region)

            def poll() -> Replica | None:
                replica = tables.find(context.aws, region, context.names.table)
                if replica is None or replica.status != "ACTIVE":
                    return None
                return replica if replica.stream_arn or replica.consistency == "STRONG" else None

            return context.waiter.until(poll, f"table {context.names.table} in {region} with its stream", 1800)

        return regional.each(regions, one)

    def _expected_replica(self, region: str) -> Replica:
        """The replica as it would be: the one that there is, or one as the template makes it, with PARAMS."""
        table = self.context.names.table
        given = self.context.own_parameters(self.context.primary, "table")
        settings = templates.with_defaults(TEMPLATE_OF["table"], given)
        found = tables.find(self.context.aws, region, table)
        if found is None:
            view = {"StreamEnabled": True, "StreamViewType": settings["StreamViewType"]}
            found = Replica(region, table, {
                "StreamSpecification": view, "LatestStreamArn": pending("table", "StreamArn"),
                "MultiRegionConsistency": settings["ConsistencyMode"],
                "GlobalSecondaryIndexes": [
                    {"IndexName": name} for name in key_parameters.index_names(settings)],
                "BillingModeSummary": {"BillingMode": settings["BillingMode"]},
            })
        mode = given.get("BillingMode", found.billing_mode)
        return Replica(region, table, {**found.description, "BillingModeSummary": {"BillingMode": mode}})

    def enable_streams(self, replicas: dict[str, Replica]) -> dict[str, Replica]:
        """Each replica with its stream. With STRONG consistency streams are set per replica, and off until somebody does.

        DynamoDB developer guide, "Multi-Region strong consistency": each replica's stream is its own setting.
        """
        return regional.each(list(replicas), lambda region: self._enable_stream(replicas[region]))

    def _enable_stream(self, replica: Replica) -> Replica:
        context, region, table = self.context, replica.region, replica.table
        if replica.stream_arn or replica.consistency != "STRONG":
            return replica
        if self.planning:
            self.plan.note(f"{region} {table}: switch the stream on, with both images")
            return Replica(region, table, {**replica.description, "LatestStreamArn": pending("table", "StreamArn"),
                                           "StreamSpecification": {"StreamEnabled": True, "StreamViewType": NEEDED_VIEW}})
        context.console.step(f"{region} {table}: switching the stream on")
        context.aws.client("dynamodb", region).update_table(TableName=table, StreamSpecification={
            "StreamEnabled": True, "StreamViewType": NEEDED_VIEW})

        def poll() -> Replica | None:
            found = tables.describe(context.aws, region, table)
            return found if found.stream_arn and found.status == "ACTIVE" else None

        return context.waiter.until(poll, f"the stream of {table} in {region}", 600)

    def every_region(self, replicas: dict[str, Replica], keys: dict[str, stacks.Stack]) -> None:
        """The last step of deploy and attach: what each Region has of its own, side by side."""
        self.context.console.title("Processor, reporter, alarms, dashboard")
        regional.each(
            list(replicas),
            lambda region: self.regional_stacks(region, replicas[region], keys[region].output("KeyArn")),
        )

    def regional_stacks(self, region: str, replica: Replica, key_arn: str) -> None:
        """The processor, the reporter, the alarms and the dashboard of one Region."""
        names = self.context.names
        processor = self.apply(region, "processor", {
            "TableName": names.table,
            "StreamArn": replica.stream_arn,
            "StreamViewType": replica.view_type,
            "Replicas": str(self._replicas(replica)),
            "KeyArn": key_arn,
            "TableKeyArn": replica.key_arn if replica.key_arn != key_arn else "",
            **self._code(region, self.processor),
        })
        self._check_code(region, processor.output("FunctionName"), self.processor)
        namespace = {"MetricsNamespace": processor.parameters["MetricsNamespace"]}
        reporter = self.apply(region, "reporter", {
            "TableName": names.table, "KeyArn": key_arn, **namespace, **self._code(region, self.reporter),
        })
        self._check_code(region, reporter.output("FunctionName"), self.reporter)
        self.watch(region, replica, processor)

    def count_replicas(self, region: str, replica: Replica) -> stacks.Stack:
        """Tell a processor that exists how many replicas the table has now, and change nothing else of it."""
        return self.apply(region, "processor", {"Replicas": str(self._replicas(replica))})

    def _replicas(self, replica: Replica) -> int:
        """How many replicas the table has, or will have."""
        return max(len(self.context.regions), 1 + len(replica.other_regions))

    def watch(self, region: str, replica: Replica, processor: stacks.Stack) -> None:
        """The alarms and the dashboard of one Region."""
        context = self.context
        indexes = [name for name in replica.indexes if len(name) <= MAX_INDEX_NAME][:MAX_WATCHED_INDEXES]
        if len(replica.indexes) > len(indexes):
            context.console.step(f"{region}: the table has {len(replica.indexes)} indexes; the alarms watch the first "
                                 f"{MAX_WATCHED_INDEXES} of those whose names have at most {MAX_INDEX_NAME} characters")
        others = [] if len(context.regions) > 1 else sorted(replica.other_regions)
        common = {
            "TableName": context.names.table,
            # Where this account has one replica, the alarms still name the Regions that it replicates with.
            "Regions": ",".join([*context.regions, *others][:MAX_REPLICAS]),
            "IndexNames": ",".join(indexes),
            "ConsistencyMode": replica.consistency,
            "BillingMode": replica.billing_mode,
            "MetricsNamespace": processor.parameters["MetricsNamespace"],
            "EventSourceMappingId": processor.output("EventSourceMappingId"),
        }
        self.apply(region, "alarms", {
            **common, "TopicArn": processor.output("TopicArn"), "FunctionTimeout": processor.parameters["Timeout"],
        })
        self.apply(region, "dashboard", {**common, "PrimaryRegion": context.primary})

    def _code(self, region: str, artifact: Artifact) -> dict[str, str]:
        return {
            "CodeBucket": self.store.buckets[region], "CodeKey": artifact.key, "Architecture": artifact.architecture,
        }

    def _check_code(self, region: str, function: str, artifact: Artifact) -> None:
        """The function runs the zip that its stack names.

        `make deploy-function` replaces code behind CloudFormation's back, and then an unchanged stack changes nothing.
        """
        if is_pending(function):
            return
        client = self.context.aws.client("lambda", region)
        running = client.get_function_configuration(FunctionName=function)["CodeSha256"]
        if running == artifact.code_sha256:
            return
        if self.planning:
            part = "processor" if artifact is self.processor else "reporter"
            if not self.plan.stacks[region, part].changes:
                self.plan.note(f"{region} {function}: put back the code that its stack names")
            return
        self.context.console.step(f"{region} {function}: runs other code than its stack says, setting it right")
        client.update_function_code(
            FunctionName=function, S3Bucket=self.store.buckets[region], S3Key=artifact.key,
            Architectures=[artifact.architecture],
        )

        def poll() -> bool | None:
            state = client.get_function_configuration(FunctionName=function).get("LastUpdateStatus", "Successful")
            if state == "Failed":
                raise DeployError(f"Lambda could not put the code of {function} in {region}.", "run it again.")
            return True if state == "Successful" else None

        self.context.waiter.until(poll, f"the code of {function} in {region}", 300)


def report(context: Context, regions: list[str]) -> None:
    """What was made: the names one needs next, and the links to look at."""
    console = context.console
    console.title("Ready. In each Region:")
    rows = []
    for region in regions:
        processor = context.require(region, "processor")
        rows.append((region, processor.output("FunctionName"), processor.output("LedgerTableName"),
                     processor.output("TopicArn")))
    console.table(("REGION", "FUNCTION", "LEDGER", "ALARM TOPIC"), rows)
    for region in regions:
        silent = subscribers.problem(context.aws, region, context.require(region, "processor").output("TopicArn"))
        if silent:
            console.step(f"{region}: WARNING: {silent}")
    console.title("Dashboards:")
    for region in regions:
        dashboard = context.require(region, "dashboard")
        if "AllRegionsDashboardUrl" in dashboard.outputs:
            console.step(f"all Regions: {dashboard.outputs['AllRegionsDashboardUrl']}")
        console.step(f"{region}: {dashboard.output('DashboardUrl')}")
