"""What a change set would do: reading it, showing it, and what it may not do unless it is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from infra.deploy.console import Console
from infra.deploy.errors import DeployError

STATEFUL = {
    "AWS::DynamoDB::GlobalTable": "the table",
    "AWS::DynamoDB::Table": "the ledger, with the lost writes in it",
    "AWS::S3::Bucket": "a bucket, with what it holds",
    "AWS::KMS::Key": "the key that everything is encrypted with",
    "AWS::KMS::ReplicaKey": "the key that everything in this Region is encrypted with",
    "AWS::Lambda::EventSourceMapping": "where the processor stands in the stream",
}
"""By resource type: what is lost with such a resource, or with our hold on it."""

_MAX_VALUE = 70
"""Characters of a property's value that are shown."""


@dataclass(frozen=True)
class PropertyChange:
    """One property of a resource that is changed. Values are empty where CloudFormation does not tell them."""

    name: str
    before: str
    after: str
    recreates: str
    """Never, Conditionally or Always."""

    def line(self) -> str:
        """The change in one line."""
        values = f": {_short(self.before)} -> {_short(self.after)}" if self.before or self.after else ""
        return f"{self.name}{values}" + ("" if self.recreates in ("", "Never") else "  (asks for a new resource)")


@dataclass(frozen=True)
class ResourceChange:
    """What becomes of one resource."""

    action: str
    """Add, Modify, Remove, Import or Dynamic, as CloudFormation says."""
    logical_id: str
    kind: str
    replacement: str = ""
    """Of a Modify: True, False, or Conditional where CloudFormation knows only when it gets there."""
    properties: tuple[PropertyChange, ...] = ()

    @property
    def verb(self) -> str:
        """What happens to the resource, in a word for people."""
        if self.action == "Modify" and self.replacement == "True":
            return "REPLACE"
        if self.action == "Modify" and self.replacement == "Conditional":
            return "MAY REPLACE"
        return {"Add": "add", "Modify": "change", "Remove": "REMOVE", "Import": "import"}.get(self.action, self.action)

    @property
    def is_destructive(self) -> bool:
        """Whether something that holds data, or a place in the stream, would be replaced or let go."""
        return self.kind in STATEFUL and self.verb not in ("add", "change", "import")

    def lines(self) -> list[str]:
        """The change, and below it the properties."""
        return [f"{self.verb} {self.logical_id} ({self.kind})", *(f"    {change.line()}" for change in self.properties)]


def _short(value: str) -> str:
    flat = " ".join(value.split())
    return (flat if len(flat) <= _MAX_VALUE else f"{flat[:_MAX_VALUE]}...") or "(none)"


def parse(changes: Iterable[dict[str, Any]]) -> tuple[ResourceChange, ...]:
    """The changes of DescribeChangeSet's answer."""
    return tuple(_resource(change["ResourceChange"]) for change in changes if "ResourceChange" in change)


def _resource(change: dict[str, Any]) -> ResourceChange:
    properties: dict[str, PropertyChange] = {}
    for detail in change.get("Details", []):
        target = detail.get("Target", {})
        path = target.get("Path", "").removeprefix("/Properties/").replace("/", ".").lstrip(".")
        name = path or target.get("Name") or target.get("Attribute", "")
        found = PropertyChange(name, target.get("BeforeValue", ""), target.get("AfterValue", ""),
                               target.get("RequiresRecreation", ""))
        known = properties.get(name)
        # The same property comes once for each of its causes; what asks for a new resource is not to be lost in that.
        if known is None or (known.recreates in ("", "Never") and found.recreates not in ("", "Never")):
            properties[name] = found
    return ResourceChange(change["Action"], change["LogicalResourceId"], change["ResourceType"],
                          change.get("Replacement", ""), tuple(properties.values()))


def show(console: Console, changes: Iterable[ResourceChange]) -> None:
    """Print each change with its properties."""
    for change in changes:
        for line in change.lines():
            console.step(f"  {line}")


def name_of(stack_name: str, change: ResourceChange) -> str:
    """How ALLOW= names a change: the stack's last part and the resource, as `processor/Ledger`."""
    return f"{stack_name.rsplit('-', 1)[-1]}/{change.logical_id}"


def not_allowed(stack_name: str, changes: Iterable[ResourceChange], allowed: frozenset[str]) -> list[ResourceChange]:
    """The destructive changes that nobody has named."""
    return [c for c in changes if c.is_destructive and name_of(stack_name, c) not in allowed]


def refusal(refused: Iterable[tuple[str, str, ResourceChange]]) -> DeployError:
    """The error about destructive changes, each given with its Region and stack."""
    found = list(refused)
    lines = [f"  {region} {stack}: {change.verb} {change.logical_id}: {STATEFUL[change.kind]}. " + _consequence(change)
             for region, stack, change in found]
    names = sorted({name_of(stack, change) for _, stack, change in found})
    return DeployError(
        "The update would replace or remove what holds data. Nothing of the stack was changed.\n" + "\n".join(lines),
        "undo the change of PARAMS or templates that asks for it (a table's name or keys cannot change). If it is what "
        f"you want, name it: ALLOW=\"{' '.join(names)}\"",
    )


def _consequence(change: ResourceChange) -> str:
    if change.kind == "AWS::Lambda::EventSourceMapping":
        return "A new mapping begins at StartingPosition, not where the old one stood."
    if change.verb == "REMOVE":
        return "What is retained stays, and is paid for, but no stack manages it any more."
    return "A new, empty one takes its place."
