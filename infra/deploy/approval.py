"""What deploy, attach and add-region share: show what would change, refuse or ask, and only then do it."""

from __future__ import annotations

from collections.abc import Callable

from infra.deploy import change_sets
from infra.deploy.context import Context
from infra.deploy.planning import Plan
from infra.deploy.system import Builder

CHANGES = 2
"""The exit status of `plan` where something would change."""

Steps = Callable[[Builder], None]


def carry_out(context: Context, builder: Builder, steps: Steps, question: str, plan_only: bool = False) -> int:
    """Plan the steps, show the plan, ask, and do them; the exit status.

    With `plan_only` it stops after showing, with CHANGES where something would change.
    """
    context.console.title("Working out the changes ...")
    plan = builder.make_plan(steps)
    try:
        plan.show(context.console)
        refused = plan.refused()
        if plan_only:
            for region, stack, change in refused:
                context.console.step(f"{region} {stack}: {change.verb} {change.logical_id} would be refused, unless named: "
                                     f"ALLOW={change_sets.name_of(stack, change)}")
            return CHANGES if plan.changes else 0
        if refused:
            raise change_sets.refusal(refused)
        if not plan.changes:
            context.console.title("Everything was as it should be; nothing has changed.")
            return 0
        context.console.confirm(context.names.env, question)
        steps(builder)
        return 0
    finally:
        _discard(context, plan)


def _discard(context: Context, plan: Plan) -> None:
    """Take back what was not executed. A failure here must not hide why the command ends."""
    try:
        plan.discard()
    except Exception as error:
        context.console.step(f"WARNING: a change set could not be deleted, which changes nothing: {error}")
