"""`python -m ecs`: see `--help`."""

import sys

if __name__ == "__main__":
    try:
        from ecs.cli import cli
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed. Run `make setup`, then .venv/bin/python -m ecs.")
    cli(prog_name="python -m ecs")
