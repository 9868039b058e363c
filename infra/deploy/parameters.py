"""PARAMS=: reading it, and checking it against what the templates declare before anything is made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from infra.deploy import templates
from infra.deploy.errors import DeployError
from infra.deploy.names import TEMPLATE_OF

COMPUTED = {
    "ProjectName", "Environment", "TableLabel", "TableName", "PrimaryKeyArn", "GlobalTableRegions",
    "ReplicasWithPolicy", "TableKeyId", "StreamArn", "Replicas", "KeyArn", "TableKeyArn", "CodeBucket", "CodeKey", "Architecture",
    "Regions", "PrimaryRegion", "IndexNames", "EventSourceMappingId", "HasEventSourceMapping",
    "TopicArn", "FunctionTimeout",
}
"""Parameters that the commands find out themselves. PARAMS= may not set them."""


@dataclass(frozen=True)
class Parameters:
    """The values of PARAMS=: those for every Region, and those for one alone."""

    everywhere: dict[str, str] = field(default_factory=dict)
    regional: dict[str, dict[str, str]] = field(default_factory=dict)

    def of_region(self, region: str) -> dict[str, str]:
        """What counts in a Region."""
        return {**self.everywhere, **self.regional.get(region, {})}

    @property
    def names(self) -> set[str]:
        """Every parameter that is given anywhere."""
        return set(self.everywhere).union(*self.regional.values())


def parse(text: str) -> Parameters:
    """PARAMS="Name=value region:Name=value". A value with commas is one value; spaces end it."""
    answer = Parameters()
    for part in text.split():
        left, equals, value = part.partition("=")
        region, _, name = left.rpartition(":")
        if not equals or not name:
            raise DeployError(
                f"PARAMS holds {part!r}, which is neither Name=value nor region:Name=value.",
                'for example PARAMS="BillingMode=PROVISIONED eu-west-1:SubnetIds=subnet-0a,subnet-0b".',
            )
        values = answer.regional.setdefault(region, {}) if region else answer.everywhere
        if values.get(name, value) != value:
            raise DeployError(f"PARAMS gives {left} twice, as {values[name]} and as {value}.", "give it once.")
        values[name] = value
    return answer


def check(parameters: Parameters, regions: list[str], parts: tuple[str, ...]) -> None:
    """Each parameter is one that a template of these stacks has, and its value one that the template admits.

    CloudFormation checks the same, but only when it comes to the stack; here it shows before anything is made.
    """
    for name, value in parameters.everywhere.items():
        _check_one(name, value, parts)
    for region, values in parameters.regional.items():
        if region not in regions:
            raise DeployError(f"PARAMS names the Region {region!r}, which is not one of {','.join(regions)}.",
                              "correct it, or leave the Region out for a value that counts everywhere.")
        for name, value in values.items():
            _check_one(name, value, parts)
            if name in templates.parameters(TEMPLATE_OF["table"]):
                raise DeployError(f"PARAMS {region}:{name}: {name} belongs to the table, which is one in all Regions.",
                                  f"give {name}={value} without a Region.")


def check_capacity(values: dict[str, str]) -> None:
    """No minimum of auto scaling is over its maximum. The template's rules cannot compare numbers."""
    if values["BillingMode"] != "PROVISIONED":
        return
    for kind in ("Read", "Write"):
        least, most = values[f"{kind}CapacityUnits"], values[f"Max{kind}CapacityUnits"]
        if float(least) > float(most):
            raise DeployError(f"{kind}CapacityUnits={least} is over Max{kind}CapacityUnits={most}. Nothing was changed.",
                              f"raise Max{kind}CapacityUnits in PARAMS, or lower {kind}CapacityUnits.")


def _check_one(name: str, value: str, parts: tuple[str, ...]) -> None:
    if name in COMPUTED:
        raise DeployError(f"PARAMS may not set {name}: the command finds it out itself.", "leave it out.")
    declarations = [
        declared[name] for part in parts if name in (declared := templates.parameters(TEMPLATE_OF.get(part, part)))
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
