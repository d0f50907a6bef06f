"""The command line of `python -m ecs`."""

import click

from ecs.commands import COMMANDS
from ecs.run import EPILOG


@click.group(
    commands=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def cli() -> None:
    """Deploy Perfect Puppy to Amazon ECS Fargate, watch it, roll it back, remove it.

    Begin with `verify`, read what `plan` would do, then `up`. What is deployed, and how large, stands in
    ecs/settings.toml; what to do when an alarm rings, in ecs/README.md.
    """
