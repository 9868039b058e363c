"""`python -m infra.deploy`."""

import sys

try:
    from infra.deploy.cli import main
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] == "infra":
        raise
    sys.exit(f"ERROR: the Python package {error.name} is missing. Nothing was changed.\n"
             "  What to do: pip install -r infra/requirements.txt (`make` does it in its own virtual environment).")

if __name__ == "__main__":
    sys.exit(main())
