"""`python -m infra.deploy`."""

import sys

from infra.deploy.cli import main

if __name__ == "__main__":
    sys.exit(main())
