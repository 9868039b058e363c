"""Names: which stack belongs to which table. infra/templates/INTERFACE.md, Names, has the rule."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from infra.deploy.errors import DeployError

ENVIRONMENTS = ("dev", "staging", "prod")
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

STACKS = tuple(TEMPLATE_OF)

_PROJECT = re.compile(r"[a-z][a-z0-9]{0,9}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?")
_TABLE = re.compile(r"[a-zA-Z0-9_.-]{3,255}")


def label_of(table: str) -> str:
    """What stands for a table in names that must be short and lower case. Two tables never share one."""
    if _LABEL.fullmatch(table):
        return table
    plain = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", table.lower())).strip("-")[:8].strip("-")
    digest = hashlib.sha256(table.encode()).hexdigest()[:6]
    return f"{plain}-{digest}".lstrip("-")


@dataclass(frozen=True)
class Names:
    """Project, environment and table, checked."""

    project: str
    env: str
    table: str

    def __post_init__(self) -> None:
        if not _PROJECT.fullmatch(self.project):
            raise DeployError(
                f"PROJECT={self.project!r} cannot be used: it starts the names of buckets, which are short.",
                "use 1 to 10 lower-case letters and digits, a letter first.",
            )
        if self.env not in ENVIRONMENTS:
            raise DeployError(f"ENV={self.env!r} is unknown.", f"one of {', '.join(ENVIRONMENTS)}.")
        if not self.table:
            raise DeployError("TABLE is empty.", "name the table, for example TABLE=orders.")
        if not _TABLE.fullmatch(self.table):
            raise DeployError(
                f"TABLE={self.table!r} is not a DynamoDB table's name.",
                "3 to 255 letters, digits, underscores, dots and hyphens; not an ARN.",
            )

    @property
    def prefix(self) -> str:
        """What every stack and resource name starts with."""
        return f"{self.project}-{self.env}-{label_of(self.table)}"

    def stack(self, part: str) -> str:
        """The name of one of the stacks."""
        if part not in STACKS:
            raise ValueError(f"no such stack: {part}")
        return f"{self.prefix}-{part}"

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that every template has."""
        return {"ProjectName": self.project, "Environment": self.env, "TableLabel": label_of(self.table)}

    @property
    def tags(self) -> dict[str, str]:
        """The tags of every stack, beside those that the templates put on its resources."""
        return {"Table": self.table, "ManagedBy": "lastwriter"}

    def arguments(self) -> str:
        """The same as arguments of make, for the hints in messages."""
        return f"PROJECT={self.project} ENV={self.env} TABLE={self.table}"
