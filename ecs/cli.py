"""The command line: what all verbs share, and the one place where an error becomes words and an exit code."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from ecs.aws import Aws, connect
from ecs.errors import DeployError, NotTakenBackError, WrongUseError, in_words
from ecs.output import Output
from ecs.settings import Settings, load_settings
from ecs.stack import Foundation, find_foundation

EPILOG = """\b
Exit codes: 0 done; 1 the release failed and was taken back; 2 wrong use or settings;
3 no credentials or no permission; 4 failed and not taken back.
"""


@dataclass(frozen=True)
class Run:
    """One call of a verb: its settings, its way to AWS, and where it says things."""

    env: str
    region: str | None
    output: Output

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment; `WrongUseError` where they can't be."""
        return load_settings(self.env)

    @cached_property
    def aws(self) -> Aws:
        """The session."""
        return connect(self.settings, self.region)

    def foundation(self) -> Foundation:
        """Find what `up` has made.

        Raises:
            WrongUseError: there is nothing.
        """
        found = find_foundation(self.aws.cloudformation, self.settings.stack)
        if found is None:
            raise WrongUseError(
                f"There is no {self.settings.stack} in {self.aws.region}.",
                cure="Make it with `python -m ecs up`, or choose another --env or --region.",
            )
        return found


Verb = Callable[..., dict[str, Any]]


def verb(*options: Callable[[Any], Any]) -> Callable[[Verb], click.Command]:
    """Make a function of a `Run` a command, with the options that all verbs share before its own."""
    shared = (
        click.option(
            "--env", default="prod", show_default=True, help="The environment of ecs/settings.toml."
        ),
        click.option("--region", help="The AWS region, in place of the one in the settings."),
        click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON object; all else goes to stderr."
        ),
    )

    def decorate(function: Verb) -> click.Command:
        def call(*, env: str, region: str | None, as_json: bool, **given: Any) -> None:
            output = Output(as_json=as_json)
            try:
                result = function(Run(env, region, output), **given)
            except (DeployError, BotoCoreError, ClientError) as error:
                known = error if isinstance(error, DeployError) else in_words(error)
                output.error(known)
                sys.exit(known.exit_code)
            except click.Abort:
                output.error(WrongUseError("Nothing was changed."))
                sys.exit(WrongUseError.exit_code)
            except KeyboardInterrupt:
                stopped = NotTakenBackError(
                    "Stopped. What had begun on AWS goes on without this command.",
                    cure="See it with `python -m ecs status`; run this again to take it up.",
                )
                output.error(stopped)
                sys.exit(stopped.exit_code)
            output.result({**result, "exit_code": result.get("exit_code", 0)})
            sys.exit(result.get("exit_code", 0))

        for option in reversed((*shared, *options)):
            call = option(call)
        name = function.__name__
        first = (function.__doc__ or "").partition("\n")[0]
        return click.command(name, help=function.__doc__, short_help=first, epilog=EPILOG)(call)

    return decorate


yes_option = click.option("--yes", is_flag=True, help="Do not ask before changing anything.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@click.group(
    epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def cli() -> None:
    """Deploy Perfect Puppy to Amazon ECS Fargate, watch it, roll it back, remove it.

    Begin with `verify`, read what `plan` would do, then `up`. What is deployed, and how large, stands in
    ecs/settings.toml; what to do when an alarm rings, in ecs/README.md.
    """


def main() -> None:
    """Run the command line."""
    from ecs.verbs import VERBS  # noqa: PLC0415 - they import this module

    for command in VERBS:
        cli.add_command(command)
    cli(prog_name="python -m ecs")
