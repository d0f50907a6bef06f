"""One release: from the task definition to a service that answers right, or back to the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import AWS_ERRORS, DeployError, NotRolledBackError, RolledBackError, in_words
from ecs.failure.diagnosis import Cause, diagnose, named
from ecs.failure.evidence import save
from ecs.foundation.outputs import Foundation
from ecs.output import Output
from ecs.release import deployment as deployments
from ecs.release import service as services
from ecs.release import task as tasks
from ecs.release.deployment import Deployment
from ecs.release.history import is_good, mark_good, mark_left, was_left, way_back
from ecs.release.smoke import SmokeError
from ecs.release.snapshot import Snapshot, gather
from ecs.release.view import RolloutView
from ecs.release.watch import Outcome, follow, start, wait_for_rollback


@dataclass(frozen=True)
class Release:
    """Rolls task definitions out on one foundation; with `ignore_alarms` no alarm rolls them back."""

    aws: Aws
    foundation: Foundation
    output: Output
    ignore_alarms: bool = False

    def make_way(self, arn: str, *, yes: bool) -> None:
        """Stop a deployment of another revision that is under way; `UsageError` if the operator won't."""
        service = services.find(self.aws, self.foundation)
        other = deployments.ongoing(self.aws, self.foundation, service) if service else None
        if other is None:
            return
        stops = other.status.startswith("ROLLBACK")
        if not stops:
            if other.target == arn:
                return
            self.output.warn(
                f"Another deployment is under way, of {tasks.short(other.target)}. What stops it is "
                "`python -m ecs rollback`, or --yes here."
            )
            source = tasks.describe(self.aws, other.source) if other.source else None
            stops = bool(source and not was_left(source))
            then = f"let {tasks.short(str(other.source))} serve again" if stops else "replace it"
            self.output.confirm(f"Stop it, {then}, then go on?", yes=yes)
        if stops:
            self.stop(other)

    def _warn_of_alarms(self) -> None:
        """Say that ECS watches no alarm of a deployment at whose start one rings."""
        if self.ignore_alarms:
            self.output.warn("The alarms do not roll this release back: you said --ignore-alarms.")
            return
        names = self.foundation.release_alarms
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
                cause = named("smoke", reason=error)
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
            try:
                self._take_back(began, snapshot, outcome, cause)
            except AWS_ERRORS as error:
                why, hint = cause.sentence if cause else "The deployment failed.", in_words(error).hint
                raise NotRolledBackError(f"{why} Rolling it back: {in_words(error)}", hint=hint) from error
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
            self.test_again(arn, check, mark=True)

    def test_again(self, arn: str, check: Callable[[], None], *, mark: bool = False) -> None:
        """Test what serves already, after a run that was cut off; with `mark` it is good anew from now on."""
        try:
            check()
        except SmokeError as error:
            mark_left(self.aws, arn, self.output.warn)
            raise NotRolledBackError(
                f"{tasks.short(arn)} serves, and the smoke test fails: {error}.",
                hint="See what is wrong: python -m ecs status; go back with: python -m ecs rollback.",
            ) from error
        if mark or ((described := tasks.describe(self.aws, arn)) and not is_good(described)):
            mark_good(self.aws, self.foundation, arn, self.output.warn)

    def stop(self, under_way: Deployment) -> bool:
        """Have ECS roll a deployment back, and wait until what served before serves again.

        False is for a deployment that ECS does not roll back: it has ended, or none completed before it.
        Another deployment can still replace it.
        """
        if not under_way.status.startswith("ROLLBACK"):
            if not under_way.source or under_way.status not in deployments.ONGOING:
                return False
            try:
                self.aws.ecs.stop_service_deployment(serviceDeploymentArn=under_way.arn, stopType="ROLLBACK")
            except ClientError as error:  # it ended a moment ago, or this may not be done: replacing helps
                self.output.warn(f"ECS did not stop the deployment: {in_words(error)}")
                return False
        with self.output.step(f"Waiting for {tasks.short(str(under_way.source))} to serve again"):
            return wait_for_rollback(self.aws, under_way.arn)

    def _take_back(
        self, began: Deployment, snapshot: Snapshot, outcome: Outcome, smoke: Cause | None
    ) -> NoReturn:
        """See that a failed rollout is taken back, and raise why it failed, with the exit code for that."""
        mark_left(self.aws, began.target, self.output.warn)
        record = deployments.read(self.aws, began.arn)
        evidence = gather(self.aws, self.foundation, snapshot, record)
        # Where ECS failed it meanwhile, the smoke test may have asked the version before.
        cause = None if record.failed_by_itself else smoke
        if not cause and outcome is Outcome.FAILED and not record.failed_by_itself:
            cause = named("stopped", reason=record.reason.rstrip(".") or "nothing")
        cause = cause or diagnose(evidence, timed_out=outcome is Outcome.TIMED_OUT)
        path = save(self.aws.settings.stack, evidence, cause.sentence, self.output.warn)
        before, back = way_back(self.aws, began.source, but=began.target), False
        if before:
            back = (began.source == before and self.stop(record)) or self._go_back(before)
            ending = f"{tasks.short(before)} {'serves' if back else 'does not serve'} again."
        else:
            services.scale_to_zero(self.aws, self.foundation)
            ending = "It was the first release, so the service is scaled to zero."
        kind = RolledBackError if back else NotRolledBackError
        raise kind(f"{cause.sentence} {ending}", hint=cause.hint, evidence=path)

    def _go_back(self, before: str) -> bool:
        """Roll out what served before, where ECS sees nothing wrong or knows no deployment to go back to."""
        self.output.say(f"Taking it back to {tasks.short(before)}.")
        with self.output.step("Waiting for what served before"):
            back = start(self.aws, self.foundation, before)
            ended = follow(self.aws, self.foundation, back.arn, lambda _: None) if back else None
        return ended is None or ended[0] is Outcome.COMPLETED
