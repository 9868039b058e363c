"""`make backup-plan`: daily backups by AWS Backup, beside point-in-time recovery, which reaches back 35 days and goes with the account."""

from __future__ import annotations

from infra.deploy import parameters, tables
from infra.deploy.artifacts import Store
from infra.deploy.context import Context

TEMPLATE = "backup-plan"


def backup_plan(context: Context) -> None:
    """Make or update the plan of the primary Region's replica; every replica has the same items."""
    console, names, region = context.console, context.names, context.primary
    parameters.check(context.parameters, context.regions, (TEMPLATE,))
    tables.describe(context.aws, region, names.table)
    key_arn = context.require(region, "key").output("KeyArn")
    given = context.own_parameters(region, TEMPLATE)
    name = f"{names.prefix}-{TEMPLATE}"
    console.plan(f"make backup-plan {names.arguments()}", [
        f"make or update the stack {name} in {region}: a vault, encrypted with {key_arn}, a plan, and a role for AWS Backup",
        f"back {names.table} up by it from then on; backups are kept, and paid for, for BackupRetentionDays",
        f"copy each to {given['CopyToVaultArn']}" if given.get("CopyToVaultArn") else
        "copy none into another account (PARAMS=\"CopyToVaultArn=...\" does)",
    ])
    console.confirm(names.env, f"make or update the backup plan of {names.table} in {region}.")
    deployer = context.deployer(Store(context.aws, {}).template)
    made = deployer.apply(region, name, TEMPLATE, {**given, **names.parameters, "TableName": names.table, "KeyArn": key_arn},
                          {**context.tags, **names.tags}).stack
    console.title(f"The backups of {names.table} go into the vault {made.output('VaultName')} in {region}.")
    console.step(f"`make destroy` leaves plan and vault, as it leaves the table. To end the plan: aws cloudformation delete-stack "
                 f"--region {region} --stack-name {name}; the vault and its backups stay.")
