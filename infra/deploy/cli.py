"""The command line. Each command is a function of a Context; this module reads the arguments and reports errors."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import artifacts, parameters, tags
from infra.deploy.aws import BotoClients, check_regions_enabled
from infra.deploy.commands import (
    add_region,
    attach,
    backup,
    backup_plan,
    deploy,
    deploy_function,
    destroy,
    drill,
    global_test,
    load_test,
    logs,
    pause_resume,
    redrive,
    rejudge,
    remove_region,
    restore,
    status,
)
from infra.deploy.console import Console
from infra.deploy.context import Context
from infra.deploy.errors import DeployError, explain
from infra.deploy.names import ENVIRONMENTS, STACKS, Names
from infra.deploy.regions import check_region, parse_regions
from infra.deploy.waiting import Waiter

EPILOG = """\
Each command says what it will do before it does it, asks before it changes prod (YES=1 answers), and can be run again
after an interruption. The first Region of REGIONS is the primary. Credentials come from AWS_PROFILE or whatever else
the AWS SDK finds. From nothing to a dashboard:

  make setup
  make deploy TABLE=orders REGIONS=us-east-1,eu-west-1
  make status TABLE=orders REGIONS=us-east-1,eu-west-1

infra/COMMANDS.md describes every command, infra/templates/INTERFACE.md every parameter for PARAMS."""

Command = Callable[[Context, argparse.Namespace], int | None]
"""Carries a command out; the exit status, None for 0."""


class _Parser(argparse.ArgumentParser):
    """argparse ends with 2 after a wrong argument, which here means that something would change or needs attention."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m infra.deploy", epilog=EPILOG,
                                     description="Deploy lastwriter, run it, take it away.",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, epilog=EPILOG,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
        command.set_defaults(run=run)
        command.add_argument("--project", default="lastwriter", help="first part of every name (PROJECT=)")
        command.add_argument("--env", default="dev", help=f"one of {', '.join(ENVIRONMENTS)} (ENV=)")
        command.add_argument("--table", default="", help="the table (TABLE=)")
        command.add_argument("--regions", default="", help="its Regions, comma-separated, the primary first (REGIONS=)")
        command.add_argument("--params", default="", metavar="'Name=value ...'",
                             help="parameters of the templates, or region:Name=value for one Region (PARAMS=)")
        command.add_argument("--allow", default="", metavar="'processor/Ledger ...'",
                             help="replacements and removals of what holds data that may happen (ALLOW=)")
        command.add_argument("--role", default="", metavar="ARN",
                             help="the role that CloudFormation works with; a stack keeps it (ROLE=)")
        command.add_argument("--tags", default="", metavar="'Key=value ...'",
                             help="tags for every stack and what is in it, kept until given again (TAGS=)")
        command.add_argument("--import", action="store_true", dest="import_existing",
                             help="take what exists already into the stacks (IMPORT=1)")
        command.add_argument("--before-build", action="store_true", help="check arguments and credentials, and stop")
        command.add_argument("--yes", action="store_true", help="do not ask (YES=1)")
        return command

    add("deploy", lambda c, _: deploy.deploy(c),
        "make or update everything: buckets, keys, table, policies, processors, alarms, dashboards")
    command = add("plan", lambda c, a: (attach.attach if a.attach else deploy.deploy)(c, plan_only=True),
                  "what deploy would change, stack by stack; ends with 2 where something would")
    command.add_argument("--attach", action="store_true", help="what attach would change (ATTACH=1)")
    add("attach", lambda c, _: attach.attach(c),
        "processors, alarms and dashboards for a global table that exists; the table is left as it is")
    command = add("deploy-function", lambda c, a: deploy_function.deploy_function(c, a.function),
                  "new code for a function in every Region, by cargo lambda, and nothing else")
    command.add_argument("--function", default=artifacts.STREAM_PROCESSOR, choices=list(artifacts.ZIP_VARIABLES))
    add("pause", lambda c, _: pause_resume.pause(c), "disable the event source mappings; the streams keep 24 hours")
    add("resume", lambda c, _: pause_resume.resume(c), "enable the event source mappings, and say what was lost")
    add("status", lambda c, _: status.status(c), "table, replicas, streams, readers, stacks, mappings, alarms")
    command = add("logs", lambda c, a: logs.logs(c, a.since, a.follow, a.filter, a.function),
                  "what the functions logged, all Regions in order of time")
    command.add_argument("--since", default="15m", help="how far back: 90s, 15m, 2h, 1d (SINCE=)")
    command.add_argument("--follow", action="store_true", help="go on until interrupted (FOLLOW=1)")
    command.add_argument("--filter", default="", help="a CloudWatch Logs filter pattern (FILTER=)")
    command.add_argument("--function", default=artifacts.STREAM_PROCESSOR, choices=list(artifacts.ZIP_VARIABLES))
    command = add("redrive", lambda c, a: redrive.redrive(c, a.region, a.since),
                  "judge the batches in the failure bucket again, and move each to done/ once it was taken")
    command.add_argument("--region", default="", help="one of REGIONS alone (REGION=)")
    command.add_argument("--since", default="", help="only what failed in the last 90s, 15m, 2h, 1d (SINCE=)")
    command = add("rejudge", lambda c, a: rejudge.rejudge(c, a.region),
                  "make the event source mappings anew at TRIM_HORIZON: what the streams still hold is judged again")
    command.add_argument("--region", default="", help="one of REGIONS alone (REGION=)")
    command = add("load-test", lambda c, a: load_test.load_test(
        c, load_test.Load(a.rate, a.seconds, a.keys, a.shared)), "stamped writes at a steady rate, for a bounded time")
    command.add_argument("--rate", type=int, default=20, help="writes a second in each Region (RATE=)")
    command.add_argument("--seconds", type=int, default=30, help="for how long (SECONDS=)")
    command.add_argument("--keys", type=int, default=100, help="how many items (KEYS=)")
    command.add_argument("--shared", action="store_true", help="the same items everywhere: makes conflicts (SHARED=1)")
    add("global-test", lambda c, _: global_test.global_test(c), "write in each Region, read in the others, time it")
    command = add("drill", lambda c, a: drill.drill(c, drill.DrillRequest(a.region, a.items, a.stop_alarm)),
                  "pause replication with AWS FIS, lose writes on purpose, and compare the ledgers with what the writers know")
    command.add_argument("--region", default="", help="the Region that is cut off (REGION=); else the last of REGIONS")
    command.add_argument("--items", type=int, default=30, help="how many items to write (ITEMS=)")
    command.add_argument("--stop-alarm", default="", metavar="ARN",
                         help="an alarm of that Region that ends the pause (STOP_ALARM=); else ours on DynamoDB's errors")
    add("backup", lambda c, _: backup.backup(c), "an on-demand backup of the table in the primary Region")
    add("backup-plan", lambda c, _: backup_plan.backup_plan(c),
        "daily backups of the table by AWS Backup, in a vault of their own")
    command = add("restore", lambda c, a: restore.restore(c, restore.RestoreRequest(a.to, a.backup, a.at)),
                  "a new table from a backup or a point in time, with the settings that a restore leaves out")
    command.add_argument("--to", default="", help="the new table (TO=)")
    command.add_argument("--backup", default="", help="a backup's ARN (BACKUP=)")
    command.add_argument("--at", default="", help="a moment, as 2026-11-22T10:30:00Z (AT=); else the latest there is")
    command = add("add-region", lambda c, a: add_region.add_region(c, check_region(a.region)),
                  "one more replica of a deployed table, with its policy and its processor")
    command.add_argument("--region", default="", help="the new Region (REGION=)")
    command = add("remove-region", lambda c, a: remove_region.remove_region(c, check_region(a.region)),
                  "one replica less: its data there, its processor and what belongs to it")
    command.add_argument("--region", default="", help="the Region that goes (REGION=)")
    add("destroy", lambda c, _: destroy.destroy(c), "delete the stacks; refuses while deletion protection is on")
    return parser


def run(arguments: Sequence[str], aws: BotoClients, console: Console, waiter: Waiter) -> int:
    """Carry out one command; its exit status. Raises DeployError, or what AWS's SDK raises."""
    chosen = _parser().parse_args(arguments)
    console.assume_yes = console.assume_yes or chosen.yes
    names = Names(chosen.project, chosen.env, chosen.table)
    # A deploy needs two replicas; everything else may look at one Region alone: the others may be in other accounts.
    deploys = chosen.command == "deploy" or (chosen.command == "plan" and not chosen.attach)
    regions = parse_regions(chosen.regions, minimum=2 if deploys else 1)
    context = Context(aws, console, waiter, names, regions, parameters.parse(chosen.params),
                      frozenset(chosen.allow.split()), chosen.import_existing, _role(chosen.role), tags.parse(chosen.tags))
    console.step(f"account and role: {aws.identify(regions[0])}")
    if chosen.before_build:
        parameters.check(context.parameters, regions_of(chosen, regions), STACKS)
        check_regions_enabled(aws, regions)
        return 0
    return chosen.run(context, chosen) or 0


def _role(arn: str) -> str:
    if arn and not re.fullmatch(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+", arn):
        raise DeployError(f"ROLE={arn!r} is not the ARN of a role.", "for example ROLE=arn:aws:iam::123456789012:role/deploy.")
    return arn


def regions_of(chosen: argparse.Namespace, regions: list[str]) -> list[str]:
    """The Regions that PARAMS may name: those of REGIONS, and the one that add-region adds."""
    added = check_region(chosen.region) if chosen.command == "add-region" else None
    return regions if added is None or added in regions else [*regions, added]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 stopped with a message, 2 as the command says, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    console = Console(assume_yes=os.environ.get("YES") == "1")
    try:
        return run(arguments, BotoClients(), console, Waiter())
    except (DeployError, ClientError, BotoCoreError) as error:
        print(f"\nERROR: {explain(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was begun at AWS goes on there; `make status` shows it. Run the command again to go "
              "on where it stopped.", file=sys.stderr)
        return 130
