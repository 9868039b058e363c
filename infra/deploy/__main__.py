"""`python -m infra.deploy`."""

import sys

try:
    from infra.deploy.cli import main
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] == "infra":
        raise
    sys.exit(f"ERROR: the Python package {error.name} is missing. Nothing was changed.\n"
             "  What to do: pip install -r infra/deploy/requirements.txt (the make targets do it by themselves).")

if __name__ == "__main__":
    sys.exit(main())
