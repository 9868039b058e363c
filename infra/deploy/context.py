"""What every command is given: clients, console, names, Regions, parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra.deploy import stacks, templates
from infra.deploy.aws import Aws
from infra.deploy.console import Console
from infra.deploy.deployer import Deployer, no_template
from infra.deploy.errors import DeployError
from infra.deploy.names import TEMPLATE_OF, Names
from infra.deploy.parameters import Parameters
from infra.deploy.waiting import Waiter


@dataclass
class Context:
    """One run of a command."""

    aws: Aws
    console: Console
    waiter: Waiter
    names: Names
    regions: list[str]
    parameters: Parameters = field(default_factory=Parameters)
    allowed: frozenset[str] = frozenset()
    """The destructive changes that ALLOW= names."""
    import_existing: bool = False
    """Whether IMPORT=1 says that what exists already is to be taken into the stacks."""
    service_role: str = ""
    """The role that CloudFormation works with (ROLE=)."""
    tags: dict[str, str] = field(default_factory=dict)
    """The tags of TAGS=, for every stack and what is in it."""
    inherited: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """By Region and stack: what a new stack takes where PARAMS says nothing, instead of the template's defaults."""

    @property
    def primary(self) -> str:
        """The primary Region: the first of REGIONS."""
        return self.regions[0]

    def deployer(self, template_source: Callable[[str, Path], dict[str, str]] = no_template, *also: str) -> Deployer:
        """What changes stacks. `also` names the destructive changes that the command itself is about."""
        return Deployer(self.aws, self.console, self.waiter, template_source, self.allowed | set(also),
                        self.service_role)

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

    def own_parameters(self, region: str, part: str) -> dict[str, str]:
        """What PARAMS= holds for a stack: what is said for its Region before what is said for all."""
        declared = templates.parameters(TEMPLATE_OF.get(part, part))
        given = {**self.inherited.get((region, part), {}), **self.parameters.of_region(region)}
        return {name: value for name, value in given.items() if name in declared}
