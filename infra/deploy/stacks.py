"""CloudFormation stacks: what state they are in, and how they got stuck."""

from __future__ import annotations

from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.errors import DeployError, code_of, message_of

# States from which CreateChangeSet cannot go on, and the way out of each
# (CloudFormation user guide, "Understand stack creation events", "Stack status codes").
_UNRECOVERABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
_UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
         "IMPORT_ROLLBACK_COMPLETE"}


@dataclass(frozen=True)
class Stack:
    """One stack as CloudFormation describes it."""

    name: str
    region: str
    status: str
    outputs: dict[str, str]
    parameters: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether it has resources: REVIEW_IN_PROGRESS is a change set that was never carried out."""
        return self.status not in ("", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")

    def output(self, name: str) -> str:
        """An output, which has to be there."""
        if name not in self.outputs:
            raise DeployError(
                f"Stack {self.name} in {self.region} has no output {name}.",
                "it was made by another version of the templates: run `make deploy` again to update it.",
            )
        return self.outputs[name]


def find(aws: Aws, region: str, name: str) -> Stack:
    """The stack, with an empty status where there is none."""
    try:
        described = aws.client("cloudformation", region).describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if code_of(error) == "ValidationError" and "does not exist" in message_of(error):
            return Stack(name, region, "", {}, {})
        raise
    return Stack(
        name, region, described["StackStatus"],
        {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])},
        {p["ParameterKey"]: p.get("ParameterValue", "") for p in described.get("Parameters", [])},
        {t["Key"]: t["Value"] for t in described.get("Tags", [])},
    )


def check_usable(aws: Aws, region: str, name: str) -> Stack:
    """The stack if it can be created or updated; else an error that says how it got stuck and what to do."""
    stack = find(aws, region, name)
    status = stack.status
    if not stack.exists or status in _UPDATABLE:
        return stack
    where = f"--stack-name {name} --region {region}"
    reason = first_failure(aws, region, name)
    because = f" {reason}" if reason else ""
    if status in _UNRECOVERABLE:
        raise DeployError(
            f"Stack {name} in {region} is in {status}: it cannot be updated.{because}",
            f"fix the cause, remove the stack with `aws cloudformation delete-stack {where}`, and run this again. "
            "Resources kept by Retain stay, and their names stay taken.",
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        raise DeployError(
            f"Stack {name} in {region} is in {status}: an update failed, and so did undoing it.{because}",
            f"fix the cause, run `aws cloudformation continue-update-rollback {where}`, wait, and run this again.",
        )
    if status.endswith("_IN_PROGRESS"):
        raise DeployError(
            f"Stack {name} in {region} is in {status}: another operation is at work on it.",
            "wait until it ends (`make status` shows it), then run this again.",
        )
    raise DeployError(f"Stack {name} in {region} is in {status}.{because}", "look at its events in the console.")


def first_failure(aws: Aws, region: str, name: str) -> str:
    """The reason of the first failed resource in the stack's latest operation: the later ones follow from it."""
    try:
        events = aws.client("cloudformation", region).describe_stack_events(StackName=name)["StackEvents"]
    except ClientError:
        return ""
    failed = ""
    for event in events:  # Newest first, so the last match of the latest operation is its first failure.
        status = event.get("ResourceStatus", "")
        reason = event.get("ResourceStatusReason", "")
        if status.endswith("_FAILED") and reason and "cancelled" not in reason:
            failed = f"{event['LogicalResourceId']}: {reason}"
        if event.get("ResourceType") == "AWS::CloudFormation::Stack" and status in (
            "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"
        ):
            break
    return failed
