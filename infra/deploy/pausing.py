"""Pausing replication of one replica with an AWS FIS experiment, and ending the pause whatever happens meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from infra.deploy.context import Context
from infra.deploy.errors import DeployError

STATE_TIMEOUT = 600.0
_OVER = ("completed", "stopped", "failed", "cancelled")


@contextmanager
def paused(context: Context, region: str, template_id: str) -> Iterator[None]:
    """Start the experiment, and stop it at the end. Raises where it does not start, or was over before the end."""
    client, console = context.aws.client("fis", region), context.console

    def state(experiment_id: str) -> tuple[str, str]:
        found = client.get_experiment(id=experiment_id)["experiment"]["state"]
        return found["status"], found.get("reason", "")

    started = client.start_experiment(experimentTemplateId=template_id, clientToken=str(uuid.uuid4()))["experiment"]["id"]
    try:
        def running() -> bool | None:
            status, reason = state(started)
            if status in _OVER:
                raise DeployError(f"The experiment {started} in {region} is {status}: {reason or 'FIS gives no reason'}.",
                                  "the stop condition's alarm may be on, or the role may lack a right: FIS, Experiments, in the console.")
            return True if status == "running" else None

        context.waiter.until(running, f"the experiment {started} in {region}", STATE_TIMEOUT)
        console.step(f"{region}: experiment {started} runs")
        yield
        status, reason = state(started)
        if status != "running":
            raise DeployError(
                f"The pause was over before the writers were done: the experiment {started} is {status} ({reason or 'no reason'}).",
                "look at the alarm of its stop condition, then run the drill again.")
    finally:
        if state(started)[0] not in _OVER:
            client.stop_experiment(id=started)
        context.waiter.until(lambda: True if state(started)[0] in _OVER else None,
                             f"the end of experiment {started} in {region}", STATE_TIMEOUT)
        console.step(f"{region}: experiment {started} is over, replication goes on")
