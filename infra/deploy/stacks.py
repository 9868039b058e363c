"""CloudFormation stacks: what state they are in, and bringing them to where a template says, through change sets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy import templates
from infra.deploy.aws import Aws
from infra.deploy.console import Console
from infra.deploy.errors import DeployError, code_of, message_of
from infra.deploy.waiting import Waiter

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
STACK_TIMEOUT = 3600.0
"""Seconds. Adding a replica copies the whole table, which takes long for a large one."""

# States from which CreateChangeSet cannot go on, and the way out of each
# (CloudFormation user guide, "Understand stack creation events", "Stack status codes").
_UNRECOVERABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
_UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
         "IMPORT_ROLLBACK_COMPLETE"}
_STATEFUL = {"AWS::DynamoDB::GlobalTable", "AWS::KMS::Key", "AWS::KMS::ReplicaKey"}


@dataclass(frozen=True)
class Stack:
    """One stack as CloudFormation describes it."""

    name: str
    region: str
    status: str
    outputs: dict[str, str]
    parameters: dict[str, str]

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


@dataclass(frozen=True)
class StackUpdate:
    """A stack after an update, and whether the update changed it."""

    stack: Stack
    changed: bool


@dataclass(frozen=True)
class Deployer:
    """Creates and updates stacks. `template_url` puts a template where CloudFormation of a Region can read it."""

    aws: Aws
    console: Console
    waiter: Waiter
    template_url: Any

    def apply(self, region: str, name: str, template: str, parameters: dict[str, str],
              tags: dict[str, str]) -> StackUpdate:
        """Create the stack or update it, wait until it is done, and give its outputs back.

        A parameter that is not in `parameters` keeps the value it had; in a new stack it takes the template's default.
        An update that would replace a table or a key is refused.
        """
        before = check_usable(self.aws, region, name)
        wanted = _parameters(templates.parameters(template), parameters, before)
        labels = [{"Key": k, "Value": v} for k, v in sorted(tags.items())]
        return self._change(before, wanted, {**self.template_url(region, templates.path_of(template)), "Tags": labels})

    def set_parameters(self, region: str, name: str, values: dict[str, str]) -> StackUpdate:
        """Change some parameters of a stack that exists, and nothing else of it."""
        before = check_usable(self.aws, region, name)
        wanted = [
            {"ParameterKey": known, "ParameterValue": values[known]} if known in values
            else {"ParameterKey": known, "UsePreviousValue": True}
            for known in before.parameters
        ]
        return self._change(before, wanted, {"UsePreviousTemplate": True})

    def _change(self, before: Stack, parameters: list[dict[str, Any]], rest: dict[str, Any]) -> StackUpdate:
        region, name = before.region, before.name
        client = self.aws.client("cloudformation", region)
        change_set = f"lastwriter-{time.time_ns()}"
        client.create_change_set(
            StackName=name, ChangeSetName=change_set, ChangeSetType="UPDATE" if before.exists else "CREATE",
            Parameters=parameters, Capabilities=CAPABILITIES, **rest,
        )
        if not self._has_changes(client, before, change_set):
            self.console.step(f"{region} {name}: nothing to change.")
            client.delete_change_set(StackName=name, ChangeSetName=change_set)
            return StackUpdate(find(self.aws, region, name), False)
        self._check_changes(client, before, change_set)
        self.console.step(f"{region} {name}: {'updating' if before.exists else 'creating'} ...")
        client.execute_change_set(StackName=name, ChangeSetName=change_set)
        return StackUpdate(self.wait(region, name), True)

    def _has_changes(self, client: Any, before: Stack, change_set: str) -> bool:
        """Whether the change set holds anything. CloudFormation reports an empty one as FAILED, with a reason."""
        name = before.name

        def poll() -> bool | None:
            answer = client.describe_change_set(StackName=name, ChangeSetName=change_set)
            status, reason = answer["Status"], answer.get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return True
            if status == "FAILED":
                if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                    return False
                self._drop(client, before, change_set)
                raise DeployError(f"CloudFormation refuses the template of {name}: {reason}",
                                  "nothing of this stack was changed. Correct the parameter that it names.")
            return None

        return self.waiter.until(poll, f"the change set of {name}", 300)

    @staticmethod
    def _drop(client: Any, before: Stack, change_set: str) -> None:
        """Take a change set back; with it the empty stack that it stands for, where there was none before."""
        client.delete_change_set(StackName=before.name, ChangeSetName=change_set)
        if not before.exists:
            client.delete_stack(StackName=before.name)

    def _check_changes(self, client: Any, before: Stack, change_set: str) -> None:
        """Say what will change, and refuse to replace what holds data."""
        region, name = before.region, before.name
        changes: list[dict[str, Any]] = []
        arguments = {"StackName": name, "ChangeSetName": change_set}
        while True:
            page = client.describe_change_set(**arguments)
            changes += [c["ResourceChange"] for c in page.get("Changes", []) if "ResourceChange" in c]
            if not page.get("NextToken"):
                break
            arguments["NextToken"] = page["NextToken"]
        for change in changes:
            replaces = change.get("Replacement") == "True"
            if replaces and change["ResourceType"] in _STATEFUL and change["Action"] == "Modify":
                self._drop(client, before, change_set)
                raise DeployError(
                    f"The update of {name} in {region} would replace {change['LogicalResourceId']} "
                    f"({change['ResourceType']}) by a new, empty one. Nothing was changed.",
                    "undo the change of the parameter that asks for it (a table's name or keys cannot change).",
                )
        counts: dict[str, int] = {}
        for change in changes:
            counts[change["Action"]] = counts.get(change["Action"], 0) + 1
        summary = ", ".join(f"{count} to {action.lower()}" for action, count in sorted(counts.items()))
        self.console.step(f"{region} {name}: {summary or 'outputs or tags only'}.")

    def wait(self, region: str, name: str) -> Stack:
        """Wait until the stack's operation has ended, showing what fails and how long it takes."""
        seen = [""]

        def poll() -> Stack | None:
            stack = find(self.aws, region, name)
            if stack.status != seen[0]:
                self.console.step(f"{region} {name}: {stack.status or 'gone'}")
                seen[0] = stack.status
            return None if stack.status.endswith("_IN_PROGRESS") else stack

        stack = self.waiter.until(poll, f"stack {name} in {region}", STACK_TIMEOUT)
        if "ROLLBACK" in stack.status or stack.status.endswith("_FAILED"):
            raise DeployError(
                f"Stack {name} in {region} ended in {stack.status}. "
                f"{first_failure(self.aws, region, name) or 'Its events say why.'}",
                "CloudFormation has undone this stack's change; stacks before it stand. Fix the cause and run the "
                "command again. A stack that was being created has to be removed first: aws cloudformation "
                f"delete-stack --stack-name {name} --region {region}",
            )
        return stack

    def delete(self, region: str, name: str) -> None:
        """Delete the stack and wait until it is gone."""
        if not find(self.aws, region, name).status:
            self.console.step(f"{region} {name}: is not there.")
            return
        self.console.step(f"{region} {name}: deleting ...")
        client = self.aws.client("cloudformation", region)
        client.delete_stack(StackName=name)

        def poll() -> str | None:
            status = find(self.aws, region, name).status
            return status or "gone" if not status.endswith("_IN_PROGRESS") else None

        status = self.waiter.until(poll, f"the deletion of {name} in {region}", STACK_TIMEOUT)
        if status not in ("gone", "DELETE_COMPLETE"):
            raise DeployError(
                f"Stack {name} in {region} is in {status}. {first_failure(self.aws, region, name)}",
                "remove what it names, then run `make destroy` again.",
            )
        self.console.step(f"{region} {name}: deleted.")


def _parameters(declared: dict[str, Any], given: dict[str, str], before: Stack) -> list[dict[str, Any]]:
    """The request's parameters: given values first, then those the stack has, then the template's defaults."""
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise DeployError(f"The template has no parameter {', '.join(unknown)}.", f"one of: {', '.join(declared)}.")
    answer: list[dict[str, Any]] = []
    for name in declared:
        if name in given:
            answer.append({"ParameterKey": name, "ParameterValue": given[name]})
        elif before.exists and name in before.parameters:
            answer.append({"ParameterKey": name, "UsePreviousValue": True})
    return answer
