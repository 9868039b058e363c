"""What a command would change, worked out before it asks: a change set for each stack, or the resources of a new one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.deploy import change_sets, templates
from infra.deploy.change_sets import ResourceChange
from infra.deploy.console import Console
from infra.deploy.deployer import ChangeSet, Deployer, Request, StackUpdate
from infra.deploy.names import STACKS, TEMPLATE_OF, Names
from infra.deploy.stacks import Stack, check_usable

_PENDING = "<"
"""How a value begins that is known only once the stack that it comes from is made."""


def pending(part: str, output: str) -> str:
    """Stands for an output of a stack that does not exist yet."""
    return f"{_PENDING}{part}.{output}>"


def is_pending(value: str) -> bool:
    """Whether a value is known only once another stack is made."""
    return value.startswith(_PENDING)


@dataclass(frozen=True)
class PlannedStack:
    """What is to become of one stack."""

    region: str
    part: str
    name: str
    created: dict[str, str] = field(default_factory=dict)
    """The resources of a stack that is new, with their types."""
    change_set: ChangeSet | None = None
    request: Request | None = None
    """What was asked of CloudFormation; the same asked again gives the same."""
    waits_for: tuple[str, ...] = ()
    """Parameters that are known only once another stack is made: what changes shows then."""

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.created or self.change_set or self.waits_for)


@dataclass
class Plan:
    """What a command would do, stack by stack."""

    deployer: Deployer
    stacks: dict[tuple[str, str], PlannedStack] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What is to be done beside the stacks."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def changes(self) -> bool:
        """Whether the command would change anything."""
        return bool(self.notes) or any(planned.changes for planned in self.stacks.values())

    def note(self, text: str) -> None:
        """Add something that is to be done beside the stacks."""
        with self._lock:
            self.notes.append(text)

    def add(self, region: str, names: Names, part: str, parameters: dict[str, str], tags: dict[str, str]) -> Stack:
        """Plan one stack, and give the stack that it would be, with what is known of its outputs."""
        with self._lock:
            known = self.stacks.get((region, part))
        template, name = TEMPLATE_OF[part], names.stack(part)
        before = check_usable(self.deployer.aws, region, name)
        after = _expected(before, part, parameters)
        if known is not None:  # A second update of the same stack follows from the first.
            return after
        waits_for = tuple(sorted(key for key, value in parameters.items() if is_pending(value)))
        if not before.exists:
            planned = PlannedStack(region, part, name, created=templates.resources(template, parameters, region))
        elif waits_for:
            planned = PlannedStack(region, part, name, waits_for=waits_for)
        else:
            request = self.deployer.request(before, template, parameters, tags)
            change_set = self.deployer.prepare(before, request)
            planned = PlannedStack(region, part, name, change_set=change_set, request=request)
        with self._lock:
            self.stacks[region, part] = planned
        return after

    def carry_out(self, before: Stack, part: str, request: Request) -> StackUpdate:
        """Execute the change set that was shown, where it is still what is asked for; else a new one, shown again."""
        with self._lock:
            planned = self.stacks.pop((before.region, part), None)
        if planned is None:
            return self.deployer.carry_out(before, request)
        if planned.request == request:
            return self.deployer.execute(planned.change_set) if planned.change_set else StackUpdate(before, False)
        if planned.change_set:
            self.deployer.discard(planned.change_set)
        return self.deployer.carry_out(before, request)

    def discard(self) -> None:
        """Take back the change sets that were not executed."""
        for planned in self.stacks.values():
            if planned.change_set:
                self.deployer.discard(planned.change_set)
        self.stacks.clear()

    def refused(self) -> list[tuple[str, str, ResourceChange]]:
        """The destructive changes that were not named, with their Regions and stacks."""
        return [(planned.region, planned.name, change) for planned in self._ordered() if planned.change_set
                for change in change_sets.not_allowed(planned.name, planned.change_set.changes, self.deployer.allowed)]

    def show(self, console: Console) -> None:
        """Print what each stack would become, the unchanged ones in one line."""
        console.title("What would change:" if self.changes else "Nothing would change.")
        for planned in self._ordered():
            where = f"{planned.region} {planned.name}"
            if planned.created:
                kinds = Counter(planned.created.values())
                console.step(f"{where}: create, {len(planned.created)} resource(s)")
                console.step("    " + ", ".join(f"{n} {kind}" if n > 1 else kind for kind, n in sorted(kinds.items())))
            elif planned.waits_for:
                console.step(f"{where}: update, once {', '.join(planned.waits_for)} is known")
            elif planned.change_set:
                console.step(f"{where}: update" + ("" if planned.change_set.changes else ", outputs or tags only"))
                change_sets.show(console, planned.change_set.changes)
        for note in self.notes:
            console.step(note)
        unchanged = [f"{planned.region} {planned.part}" for planned in self._ordered() if not planned.changes]
        if unchanged:
            console.step(f"as it should be: {', '.join(unchanged)}")

    def _ordered(self) -> Iterator[PlannedStack]:
        yield from sorted(self.stacks.values(), key=lambda planned: (STACKS.index(planned.part), planned.region))


def _expected(before: Stack, part: str, parameters: dict[str, str]) -> Stack:
    """The stack as it would be after the update."""
    template = TEMPLATE_OF[part]
    outputs = {name: pending(part, name) for name in templates.read(template).get("Outputs", {})}
    if before.exists:  # One that was only just imported has no outputs yet.
        known = {**before.parameters, **parameters}
        return Stack(before.name, before.region, before.status, {**outputs, **before.outputs},
                     templates.with_defaults(template, known))
    return Stack(before.name, before.region, "", outputs, templates.with_defaults(template, parameters))
