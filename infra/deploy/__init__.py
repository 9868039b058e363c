"""The commands that bring lastwriter into an AWS account, run it and take it away again.

Run `python -m infra.deploy --help` from the repository's root, or use the make targets of infra/deploy.mk.
infra/COMMANDS.md describes every command.
"""
