"""What all commands share: their options, and the translation of an error to a message and an exit code."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import click

from ecs.aws import Aws, connect
from ecs.errors import AWS_ERRORS, DeployError, UsageError, translate
from ecs.foundation.stack import find_foundation
from ecs.foundation.stack_outputs import Foundation
from ecs.output import Output
from ecs.settings import Settings, load_settings

EPILOG = """\b
Exit codes: 0 done; 1 the release failed and was rolled back; 2 wrong use or settings;
3 no credentials or no permission; 4 failed and not rolled back, or not verified.
"""


@dataclass(frozen=True)
class Run:
    """One run of a command: its environment, settings, AWS session and output."""

    env: str
    region: str | None
    output: Output

    @cached_property
    def settings(self) -> Settings:
        """The settings of the environment; raises `UsageError` if they are invalid."""
        return load_settings(self.env)

    @cached_property
    def aws(self) -> Aws:
        """The AWS session."""
        return connect(self.settings, self.region)

    def foundation(self) -> Foundation:
        """Read the outputs of the stack that `up` has made; raise `UsageError` if there is none."""
        found = find_foundation(self.aws.cloudformation, self.settings.stack)
        if found is None:
            raise UsageError(
                f"There is no stack {self.settings.stack} in {self.aws.region}.",
                hint="Make it with `python -m ecs up`, or choose another --env or --region.",
            )
        return found


Function = Callable[..., dict[str, Any]]
SHARED_OPTIONS = (
    click.option("--env", default="prod", show_default=True, help="The environment of ecs/settings.toml."),
    click.option("--region", help="The AWS region, where the settings have none."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object; all else goes to stderr."),
)


def command(*options: Callable[[Any], Any]) -> Callable[[Function], click.Command]:
    """Turn a function that takes a `Run` into a command with the shared options and the given ones."""

    def decorate(function: Function) -> click.Command:
        def call(*, env: str, region: str | None, as_json: bool, **given: Any) -> None:
            output = Output(as_json=as_json)
            try:
                result = {"exit_code": 0} | function(Run(env, region, output), **given)
            except BrokenPipeError:  # the reader of the output has closed it; click exits without a message
                raise
            except (DeployError, *AWS_ERRORS, OSError, click.Abort, KeyboardInterrupt) as error:
                failed = translate(error)
                output.error(failed)
                sys.exit(failed.exit_code)
            output.result(result)
            sys.exit(result["exit_code"])

        for option in reversed((*SHARED_OPTIONS, *options)):
            call = option(call)
        name = function.__name__
        first = (function.__doc__ or "").partition("\n")[0]
        return click.command(name, help=function.__doc__, short_help=first, epilog=EPILOG)(call)

    return decorate


yes_option = click.option("--yes", is_flag=True, help="Do not ask before changing anything.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
