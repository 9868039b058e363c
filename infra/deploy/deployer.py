"""Bringing stacks to where a template says, through change sets, and deleting them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploy import change_sets, templates
from infra.deploy.aws import Aws
from infra.deploy.change_sets import ResourceChange
from infra.deploy.console import Console
from infra.deploy.errors import DeployError
from infra.deploy.names import TEMPLATE_OF
from infra.deploy.stacks import Stack, check_usable, find, first_failure
from infra.deploy.waiting import Waiter

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
STACK_TIMEOUT = 3600.0
"""Seconds. Adding a replica copies the whole table, which takes long for a large one."""

Request = dict[str, Any]
"""The arguments of CreateChangeSet, all but the change set's own name."""


@dataclass(frozen=True)
class StackUpdate:
    """A stack after an update, and whether the update changed it."""

    stack: Stack
    changed: bool


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation has made and nobody has carried out yet."""

    before: Stack
    name: str
    request: Request
    changes: tuple[ResourceChange, ...]


def no_template(region: str, path: Path) -> dict[str, str]:
    """Where a template would come from for a Deployer that only changes parameters, or deletes."""
    raise AssertionError(f"no template is needed here: {path} in {region}")


@dataclass(frozen=True)
class Deployer:
    """Creates, updates and deletes stacks. `template_source` puts a template where a Region's CloudFormation reads it."""

    aws: Aws
    console: Console
    waiter: Waiter
    template_source: Callable[[str, Path], dict[str, str]] = no_template
    allowed: frozenset[str] = frozenset()
    """The destructive changes that were named, as change_sets.name_of writes them."""
    service_role: str = ""
    """The role that CloudFormation works with; empty: the one that the stack has, or the caller's own rights."""

    def request(self, before: Stack, template: str, parameters: dict[str, str], tags: dict[str, str]) -> Request:
        """What to ask of CloudFormation to bring a stack to its template.

        A parameter that is not in `parameters` keeps the value it had; in a new stack it takes the template's default.
        """
        return {
            **_request(before, _parameters(templates.parameters(template), parameters, before)),
            **self.template_source(before.region, templates.path_of(template)),
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(merged_tags(before, tags).items())],
        }

    def import_request(self, before: Stack, part: str, resources: dict[str, dict[str, str]],
                       parameters: dict[str, str]) -> Request:
        """What to ask of CloudFormation to take resources that exist into a new stack, by logical id, and nothing else."""
        template = templates.reduced(TEMPLATE_OF[part], set(resources))
        values = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
                  if key in template["Parameters"]]
        wanted = [{"LogicalResourceId": logical_id, "ResourceIdentifier": identifier,
                   "ResourceType": template["Resources"][logical_id]["Type"]}
                  for logical_id, identifier in resources.items()]
        return {**_request(before, values), "ChangeSetType": "IMPORT", "ResourcesToImport": wanted,
                "TemplateBody": templates.body(template)}

    def apply(self, region: str, name: str, template: str, parameters: dict[str, str],
              tags: dict[str, str]) -> StackUpdate:
        """Create the stack or update it, wait until it is done, and give its outputs back."""
        before = check_usable(self.aws, region, name)
        return self.carry_out(before, self.request(before, template, parameters, tags))

    def set_parameters(self, region: str, name: str, values: dict[str, str]) -> StackUpdate:
        """Change some parameters of a stack that exists, and nothing else of it."""
        before = check_usable(self.aws, region, name)
        return self.carry_out(before, self.parameter_request(before, values))

    @staticmethod
    def parameter_request(before: Stack, values: dict[str, str]) -> Request:
        """What to ask of CloudFormation to change some parameters of a stack, and nothing else of it."""
        wanted = [
            {"ParameterKey": known, "ParameterValue": values[known]} if known in values
            else {"ParameterKey": known, "UsePreviousValue": True}
            for known in before.parameters
        ]
        return {**_request(before, wanted), "UsePreviousTemplate": True}

    def carry_out(self, before: Stack, request: Request) -> StackUpdate:
        """Make a change set, show it, refuse what it may not do, and execute it."""
        change_set = self.prepare(before, request)
        if change_set is None:
            self.console.step(f"{before.region} {before.name}: nothing to change.")
            return StackUpdate(find(self.aws, before.region, before.name), False)
        refused = change_sets.not_allowed(before.name, change_set.changes, self.allowed)
        if refused:
            self.discard(change_set)
            raise change_sets.refusal((before.region, before.name, change) for change in refused)
        self.console.step(f"{before.region} {before.name}:")
        change_sets.show(self.console, change_set.changes)
        return self.execute(change_set)

    def prepare(self, before: Stack, request: Request) -> ChangeSet | None:
        """Have CloudFormation work out what a request would change; None where it is nothing."""
        name = f"lastwriter-{time.time_ns()}"
        client = self.aws.client("cloudformation", before.region)
        client.create_change_set(ChangeSetName=name, **request, **self._role())
        change_set = ChangeSet(before, name, request, ())
        if not self._has_changes(client, change_set):
            client.delete_change_set(StackName=before.name, ChangeSetName=name)
            return None
        return ChangeSet(before, name, request, self._changes(client, change_set))

    def _role(self) -> dict[str, str]:
        return {"RoleARN": self.service_role} if self.service_role else {}

    def _has_changes(self, client: Any, change_set: ChangeSet) -> bool:
        """Whether the change set holds anything. CloudFormation reports an empty one as FAILED, with a reason."""
        name = change_set.before.name

        def poll() -> bool | None:
            answer = client.describe_change_set(StackName=name, ChangeSetName=change_set.name)
            status, reason = answer["Status"], answer.get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return True
            if status == "FAILED":
                if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                    return False
                self.discard(change_set)
                raise DeployError(f"CloudFormation refuses the template of {name}: {reason}",
                                  "nothing of this stack was changed. Correct the parameter that it names.")
            return None

        return self.waiter.until(poll, f"the change set of {name}", 300)

    @staticmethod
    def _changes(client: Any, change_set: ChangeSet) -> tuple[ResourceChange, ...]:
        found: list[dict[str, Any]] = []
        arguments = {"StackName": change_set.before.name, "ChangeSetName": change_set.name,
                     "IncludePropertyValues": True}
        while True:
            page = client.describe_change_set(**arguments)
            found += page.get("Changes", [])
            if not page.get("NextToken"):
                return change_sets.parse(found)
            arguments["NextToken"] = page["NextToken"]

    def discard(self, change_set: ChangeSet) -> None:
        """Take a change set back; with it the empty stack that it stands for, where there was none before."""
        client = self.aws.client("cloudformation", change_set.before.region)
        client.delete_change_set(StackName=change_set.before.name, ChangeSetName=change_set.name)
        if not change_set.before.exists:
            client.delete_stack(StackName=change_set.before.name, **self._role())

    def execute(self, change_set: ChangeSet) -> StackUpdate:
        """Carry a change set out and wait for the stack."""
        before = change_set.before
        counts: dict[str, int] = {}
        for change in change_set.changes:
            counts[change.verb] = counts.get(change.verb, 0) + 1
        summary = ", ".join(f"{count} to {verb}" for verb, count in sorted(counts.items())) or "outputs or tags only"
        self.console.step(f"{before.region} {before.name}: {'updating' if before.exists else 'creating'} "
                          f"({summary}) ...")
        self.aws.client("cloudformation", before.region).execute_change_set(
            StackName=before.name, ChangeSetName=change_set.name)
        return StackUpdate(self.wait(before.region, before.name), True)

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
        client.delete_stack(StackName=name, **self._role())

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


def merged_tags(before: Stack, given: dict[str, str]) -> dict[str, str]:
    """The stack's tags after an update: those that it has stay until they are given again, an empty value takes one away."""
    kept = {key: value for key, value in before.tags.items() if not key.startswith("aws:")}
    return {key: value for key, value in {**kept, **given}.items() if value}


def _request(before: Stack, parameters: list[dict[str, Any]]) -> Request:
    return {"StackName": before.name, "ChangeSetType": "UPDATE" if before.exists else "CREATE",
            "Parameters": parameters, "Capabilities": CAPABILITIES}


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
