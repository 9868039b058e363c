"""What every command is given: clients, console, names, Regions, parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from infra.deploy import stacks, templates
from infra.deploy.aws import Aws
from infra.deploy.console import Console
from infra.deploy.errors import DeployError
from infra.deploy.names import Names
from infra.deploy.waiting import Waiter

TEMPLATE_OF = {
    "artifacts": "artifact-bucket",
    "key": "encryption-key",
    "table": "global-table",
    "processor": "stream-processor",
    "reporter": "table-reporter",
    "alarms": "alarms",
    "dashboard": "dashboard",
}
"""The template of each stack."""

COMPUTED = {
    "ProjectName", "Environment", "TableLabel", "TableName", "PrimaryKeyArn", "GlobalTableRegions",
    "ReplicasWithPolicy", "TableKeyId", "StreamArn", "KeyArn", "TableKeyArn", "CodeBucket", "CodeKey", "Architecture",
    "Regions", "PrimaryRegion", "IndexNames", "EventSourceMappingId", "HasEventSourceMapping",
    "TopicArn", "FunctionTimeout",
}
"""Parameters that the commands find out themselves. PARAMS= may not set them."""


@dataclass
class Context:
    """One run of a command."""

    aws: Aws
    console: Console
    waiter: Waiter
    names: Names
    regions: list[str]
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def primary(self) -> str:
        """The primary Region: the first of REGIONS."""
        return self.regions[0]

    def find(self, region: str, part: str) -> stacks.Stack:
        """One of our stacks, with an empty status where there is none."""
        return stacks.find(self.aws, region, self.names.stack(part))

    def require(self, region: str, part: str) -> stacks.Stack:
        """One of our stacks, which has to be there."""
        stack = self.find(region, part)
        if not stack.exists:
            raise DeployError(
                f"There is no stack {stack.name} in {region} (account {self.aws.account}).",
                f"check PROJECT, ENV, TABLE, REGIONS and AWS_PROFILE, or run `make deploy {self.names.arguments()}` "
                "or `make attach` first.",
            )
        return stack

    def one_or_all(self, region: str) -> list[str]:
        """The Region of REGION=, which has to be one of REGIONS; all of them where it is empty."""
        if region and region not in self.regions:
            raise DeployError(f"REGION={region} is not one of REGIONS={','.join(self.regions)}. Nothing was changed.",
                              "name one of them, or leave REGION out for all.")
        return [region] if region else list(self.regions)

    def own_parameters(self, part: str) -> dict[str, str]:
        """What PARAMS= holds for the template of a stack."""
        declared = templates.parameters(TEMPLATE_OF[part])
        return {name: value for name, value in self.parameters.items() if name in declared}


def parse_parameters(text: str) -> dict[str, str]:
    """PARAMS="Name=value Name=value". A value with commas is one value; spaces end it."""
    answer: dict[str, str] = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise DeployError(f"PARAMS holds {part!r}, which is not Name=value.",
                              'for example PARAMS="BillingMode=PROVISIONED ReadCapacityUnits=10".')
        answer[name] = value
    return answer


def check_parameters(parameters: dict[str, str], parts: tuple[str, ...]) -> None:
    """Each parameter is one that a template of these stacks has, and its value one that the template admits.

    CloudFormation checks the same, but only when it comes to the stack; here it shows before anything is made.
    """
    for name, value in parameters.items():
        if name in COMPUTED:
            raise DeployError(f"PARAMS may not set {name}: the command finds it out itself.", "leave it out.")
        declarations = [
            declared[name] for part in parts
            if name in (declared := templates.parameters(TEMPLATE_OF[part]))
        ]
        if not declarations:
            raise DeployError(f"No template has a parameter {name}.",
                              "infra/templates/INTERFACE.md lists the parameters of each template.")
        for declaration in declarations:
            _check_value(name, value, declaration)


def _check_value(name: str, value: str, declaration: dict[str, Any]) -> None:
    allowed = declaration.get("AllowedValues")
    if allowed and value not in [templates.text(a) for a in allowed]:
        raise DeployError(f"PARAMS {name}={value}: not an allowed value.",
                          f"one of {', '.join(templates.text(a) for a in allowed)}.")
    pattern = declaration.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        raise DeployError(f"PARAMS {name}={value}: {declaration.get('ConstraintDescription', 'wrong form')}.",
                          f"it must match {pattern}")
    if declaration.get("Type") == "Number":
        try:
            number = float(value)
        except ValueError as error:
            raise DeployError(f"PARAMS {name}={value}: not a number.", "give a number.") from error
        if not float(declaration.get("MinValue", "-inf")) <= number <= float(declaration.get("MaxValue", "inf")):
            raise DeployError(
                f"PARAMS {name}={value}: outside its limits.",
                f"from {declaration.get('MinValue', 'any')} to {declaration.get('MaxValue', 'any')}.",
            )
