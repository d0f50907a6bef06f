"""One release: from the task definition to a service that answers right, or back to the one before."""

from collections.abc import Callable
from dataclasses import dataclass

from ecs.aws import Aws
from ecs.errors import DeployError, NotRolledBackError
from ecs.failure.diagnosis import Cause
from ecs.foundation.outputs import Foundation
from ecs.output import Output
from ecs.release import deployment as deployments
from ecs.release import service as services
from ecs.release import task as tasks
from ecs.release.deployment import Deployment
from ecs.release.history import is_good, mark_good, was_left
from ecs.release.revert import Revert
from ecs.release.smoke import SmokeError
from ecs.release.snapshot import Snapshot
from ecs.release.view import RolloutView
from ecs.release.watch import Outcome, follow, start


@dataclass(frozen=True)
class Release:
    """Rolls task definitions out on one foundation; with `ignore_alarms` no alarm rolls them back."""

    aws: Aws
    foundation: Foundation
    output: Output
    ignore_alarms: bool = False

    @property
    def revert(self) -> Revert:
        """The way back."""
        return Revert(self.aws, self.foundation, self.output)

    def make_way(self, arn: str, *, yes: bool) -> None:
        """Stop a deployment of another revision that is under way, if the operator wants it so.

        Raises:
            UsageError: the operator does not, or there is nobody to ask.
        """
        service = services.find(self.aws, self.foundation)
        other = deployments.ongoing(self.aws, self.foundation, service) if service else None
        if other is None:
            return
        stops = other.status.startswith("ROLLBACK")
        if not stops:
            if other.target == arn:
                return
            self.output.warn(
                f"Another deployment is under way, of {tasks.short(str(other.target))}. What stops it is "
                "`python -m ecs rollback`, or --yes here."
            )
            source = tasks.describe(self.aws.ecs, other.source) if other.source else None
            stops = bool(source and not was_left(source))
            then = f"let {tasks.short(str(other.source))} serve again" if stops else "replace it"
            self.output.confirm(f"Stop it, {then}, then go on?", yes=yes)
        if stops:
            self.revert.stop(other)

    def _warn_of_alarms(self) -> None:
        """Say that ECS watches no alarm of a deployment at whose start one rings."""
        if self.ignore_alarms:
            self.output.warn("The alarms do not roll this release back: you said --ignore-alarms.")
            return
        names = [self.foundation.unhealthy_hosts_alarm_name, self.foundation.server_errors_alarm_name]
        answer = self.aws.cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")
        if ringing := [alarm["AlarmName"] for alarm in answer["MetricAlarms"]]:
            self.output.warn(
                f"{' and '.join(ringing)} rings already. ECS then watches none of the alarms for the whole "
                "of this deployment: only tasks that fail and the smoke test can roll it back."
            )

    def finish(self, began: Deployment, check: Callable[[], None]) -> None:
        """Watch a rollout to its end, and check the site once it takes all requests.

        A `SmokeError` of the check's takes the release back. With a `DeployError` it could not tell: the
        release stays, and is not marked as good.

        Raises:
            RolledBackError: the release failed, and what served before serves again.
            NotRolledBackError: it failed, and nothing good serves, or another run has replaced it.
            DeployError: it serves, and the check could not tell whether it is good.
        """
        cause: Cause | None = None
        unverified: DeployError | None = None
        outcome, snapshot = self._follow(began, early=True)
        if outcome in {Outcome.SERVING, Outcome.COMPLETED}:
            try:
                check()
            except SmokeError as error:
                hint = "Run the app here (make run) and ask it the same."
                cause = Cause("smoke", f"The smoke test failed: {error}.", hint)
            except DeployError as error:
                unverified = error
        if outcome is Outcome.SERVING and not cause:
            self.output.say(f"ECS watches its alarms for {services.BAKE_MINUTES} minutes, then completes it.")
            outcome, snapshot = self._follow(began, early=False)
        if outcome is Outcome.REPLACED:
            other = tasks.short(services.primary(snapshot.service)["taskDefinition"])
            raise NotRolledBackError(
                f"Another run replaced this deployment while it was under way, by one of {other}.",
                hint="See what serves now: python -m ecs status.",
            )
        if outcome is not Outcome.COMPLETED or cause:
            self.revert.take_back(began, snapshot, outcome, cause)
        self.output.done(f"The deployment of {tasks.short(began.target)} completed")
        if self.ignore_alarms:  # starts no deployment: the alarms watch the next
            services.update(self.aws, self.foundation, began.target)
        if unverified:
            raise unverified
        mark_good(self.aws, self.foundation, began.target, self.output.warn)

    def _follow(self, began: Deployment, *, early: bool) -> tuple[Outcome, Snapshot]:
        with self.output.live() as live:
            view = RolloutView(self.output, live, began.target)
            return follow(self.aws, self.foundation, began.arn, view, early=early)

    def roll_out(self, arn: str, check: Callable[[], None]) -> None:
        """Roll a revision out, or test it again where the service is on it; raises as `finish` does."""
        self._warn_of_alarms()
        if began := start(self.aws, self.foundation, arn, alarms=not self.ignore_alarms):
            self.output.say(f"Rollout of {tasks.short(arn)}: deployment {tasks.short(began.arn)}")
            self.finish(began, check)
        else:
            self.test_again(arn, check)

    def test_again(self, arn: str, check: Callable[[], None]) -> None:
        """Test what serves already: an earlier run may have been cut off before it did."""
        try:
            check()
        except SmokeError as error:
            raise NotRolledBackError(
                f"{tasks.short(arn)} serves, and the smoke test fails: {error}.",
                hint="See what is wrong: python -m ecs status; go back with: python -m ecs rollback.",
            ) from error
        if (described := tasks.describe(self.aws.ecs, arn)) and not is_good(described):
            mark_good(self.aws, self.foundation, arn, self.output.warn)
