"""Roll a revision out: watch it, test it, and mark it as good, or roll it back and say why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import AWS_ERRORS, DeployError, NotRolledBackError, RolledBackError, translate
from ecs.failure.diagnosis import Cause, diagnose, other_cause
from ecs.failure.evidence import save
from ecs.foundation.stack_outputs import Foundation
from ecs.output import Output
from ecs.release import service as services
from ecs.release import service_deployment as deployments
from ecs.release import task as tasks
from ecs.release.history import is_bad, is_good, mark_bad, mark_good, rollback_target
from ecs.release.service_deployment import ServiceDeployment
from ecs.release.smoke import SmokeError
from ecs.release.snapshot import Snapshot, gather
from ecs.release.view import RolloutView
from ecs.release.watch import Outcome, follow, start, wait_for_rollback


@dataclass(frozen=True)
class Release:
    """Rolls revisions out to the service; with `ignore_alarms`, no alarm rolls them back."""

    aws: Aws
    foundation: Foundation
    output: Output
    ignore_alarms: bool = False

    def stop_other_deployment(self, arn: str, *, yes: bool) -> None:
        """Stop another deployment in progress if the operator agrees; else raise `UsageError`."""
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
            stops = bool(source and not is_bad(source))
            then = f"let {tasks.short(str(other.source))} serve again" if stops else "replace it"
            self.output.confirm(f"Stop it, {then}, then go on?", yes=yes)
        if stops:
            self.stop(other)

    def _warn_of_alarms(self) -> None:
        """Warn if an alarm rings now, because ECS then watches no alarm during the deployment."""
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

    def finish(self, deployment: ServiceDeployment, check: Callable[[], None]) -> None:
        """Watch a deployment to its end, and run the smoke test `check` once it takes all requests.

        If the test raises `SmokeError`, the release is rolled back. If it raises `DeployError`, nothing is
        known against the release: it stays, but is not marked as good.

        Raises:
            RolledBackError: the release failed, and the revision before serves again.
            NotRolledBackError: it failed and could not be rolled back, or another run has replaced it.
            DeployError: it serves, but the smoke test could not reach it.
        """
        cause: Cause | None = None
        unverified: DeployError | None = None
        outcome, snapshot = self._follow(deployment, early=True)
        if outcome in {Outcome.SERVING, Outcome.COMPLETED}:
            try:
                check()
            except SmokeError as error:
                cause = other_cause("smoke", reason=error)
            except DeployError as error:
                unverified = error
        if outcome is Outcome.SERVING and not cause:
            self.output.say(f"ECS watches its alarms for {services.BAKE_MINUTES} minutes, then completes it.")
            outcome, snapshot = self._follow(deployment, early=False)
        if outcome is Outcome.REPLACED:
            other = tasks.short(services.primary_deployment(snapshot.service)["taskDefinition"])
            raise NotRolledBackError(
                f"Another run replaced this deployment while it was under way, by one of {other}.",
                hint="See what serves now: python -m ecs status.",
            )
        if outcome is not Outcome.COMPLETED or cause:
            try:
                self._roll_back(deployment, snapshot, outcome, cause)
            except AWS_ERRORS as error:
                why, hint = cause.sentence if cause else "The deployment failed.", translate(error).hint
                raise NotRolledBackError(f"{why} Rolling it back: {translate(error)}", hint=hint) from error
        self.output.done(f"The deployment of {tasks.short(deployment.target)} completed")
        if self.ignore_alarms:  # turn the alarms on for the next deployment; this starts none
            services.update(self.aws, self.foundation, deployment.target)
        if unverified:
            raise unverified
        mark_good(self.aws, self.foundation, deployment.target, self.output.warn)

    def _follow(self, deployment: ServiceDeployment, *, early: bool) -> tuple[Outcome, Snapshot]:
        with self.output.live() as live:
            view = RolloutView(self.output, live, deployment.target)
            return follow(self.aws, self.foundation, deployment.arn, view, early=early)

    def roll_out(self, arn: str, check: Callable[[], None]) -> None:
        """Roll a revision out, or only test it if it serves already; raises as `finish` does."""
        self._warn_of_alarms()
        if deployment := start(self.aws, self.foundation, arn, alarms=not self.ignore_alarms):
            self.output.say(f"Rollout of {tasks.short(arn)}: deployment {tasks.short(deployment.arn)}")
            self.finish(deployment, check)
        else:
            self.retest(arn, check, mark=True)

    def retest(self, arn: str, check: Callable[[], None], *, mark: bool = False) -> None:
        """Test the revision that serves, without a rollback; mark it as good, again if `mark`."""
        try:
            check()
        except SmokeError as error:
            mark_bad(self.aws, arn, self.output.warn)
            raise NotRolledBackError(
                f"{tasks.short(arn)} serves, and the smoke test fails: {error}.",
                hint="See what is wrong: python -m ecs status; go back with: python -m ecs rollback.",
            ) from error
        if mark or ((described := tasks.describe(self.aws, arn)) and not is_good(described)):
            mark_good(self.aws, self.foundation, arn, self.output.warn)

    def stop(self, under_way: ServiceDeployment) -> bool:
        """Make ECS roll a deployment back, and wait for that; return whether the revision before serves.

        ECS can't roll back a deployment that has ended, or one without a completed deployment before it. A
        new deployment can still replace either.
        """
        if not under_way.status.startswith("ROLLBACK"):
            if not under_way.source or under_way.status not in deployments.ONGOING:
                return False
            try:
                self.aws.ecs.stop_service_deployment(serviceDeploymentArn=under_way.arn, stopType="ROLLBACK")
            except ClientError as error:  # it has just ended, or a permission is missing
                self.output.warn(f"ECS did not stop the deployment: {translate(error)}")
                return False
        with self.output.step(f"Waiting for {tasks.short(str(under_way.source))} to serve again"):
            return wait_for_rollback(self.aws, under_way.arn)

    def _roll_back(
        self, deployment: ServiceDeployment, snapshot: Snapshot, outcome: Outcome, smoke: Cause | None
    ) -> NoReturn:
        """Roll a failed deployment back, and raise its cause; the class says whether that succeeded."""
        mark_bad(self.aws, deployment.target, self.output.warn)
        failed = deployments.read(self.aws, deployment.arn)
        evidence = gather(self.aws, self.foundation, snapshot, failed)
        # If ECS failed the deployment during the smoke test, the test may have reached the previous revision.
        cause = None if failed.failed_by_itself else smoke
        if not cause and outcome is Outcome.FAILED and not failed.failed_by_itself:
            cause = other_cause("stopped", reason=failed.reason.rstrip(".") or "nothing")
        cause = cause or diagnose(evidence, timed_out=outcome is Outcome.TIMED_OUT)
        path = save(self.aws.settings.stack, evidence, cause.sentence, self.output.warn)
        before, back = rollback_target(self.aws, deployment.source, besides=deployment.target), False
        if before:
            back = (deployment.source == before and self.stop(failed)) or self._redeploy(before)
            ending = f"{tasks.short(before)} {'serves' if back else 'does not serve'} again."
        else:
            services.scale_to_zero(self.aws, self.foundation)
            ending = "It was the first release, so the service is scaled to zero."
        kind = RolledBackError if back else NotRolledBackError
        raise kind(f"{cause.sentence} {ending}", hint=cause.hint, evidence=path)

    def _redeploy(self, before: str) -> bool:
        """Deploy the revision before, if ECS can't roll back to it; return whether that completed."""
        self.output.say(f"Rolling back to {tasks.short(before)}.")
        with self.output.step("Waiting for the revision before to serve"):
            back = start(self.aws, self.foundation, before)
            ended = follow(self.aws, self.foundation, back.arn, lambda _: None) if back else None
        return ended is None or ended[0] is Outcome.COMPLETED
