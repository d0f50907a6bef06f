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
from ecs.release.watch import Outcome, follow, proceed, start, wait_for_rollback

Check = Callable[[bool], None]
"""The smoke test: of the tasks that get users' requests, or with true of those that do not get them yet."""


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

    def finish(self, deployment: ServiceDeployment, check: Check) -> None:
        """Watch a deployment to its end, and run the smoke test `check` once it takes all requests.

        A blue/green deployment waits before it takes any; it is tested then too, and goes on if that passes.

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
        if outcome is Outcome.PAUSED:
            self.output.say("The new tasks wait beside the old ones, without users' requests.")
            cause = self._test_hidden(deployment, check)
            if not cause:
                proceed(self.aws, deployment.arn)
                outcome, snapshot = self._follow(deployment, early=True)
        if outcome in {Outcome.SERVING, Outcome.COMPLETED}:
            cause, unverified = _ask(check, hidden=False)
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
            services.update(self.aws, self.foundation, deployment.target, snapshot.service)
        if unverified:
            raise unverified
        mark_good(self.aws, self.foundation, deployment.target, self.output.warn)

    def _follow(self, deployment: ServiceDeployment, *, early: bool) -> tuple[Outcome, Snapshot]:
        with self.output.live() as live:
            view = RolloutView(self.output, live, deployment.target)
            return follow(self.aws, self.foundation, deployment.arn, view, early=early)

    def _test_hidden(self, deployment: ServiceDeployment, check: Check) -> Cause | None:
        """Test tasks that get no users' requests; return why they must not get them, or None.

        A revision that was good before may serve again untested, so that a network problem stops no rollback.
        """
        cause, unreachable = _ask(check, hidden=True)
        if unreachable:
            described = tasks.describe(self.aws, deployment.target)
            if not (described and is_good(described)):
                return other_cause("untested", reason=str(unreachable).rstrip("."))
            self.output.warn(f"{unreachable} It was good before, so it gets users' requests.")
        return cause

    def roll_out(self, arn: str, check: Check, *, again: bool = False) -> None:
        """Roll a revision out, or only test it if it serves already and not `again`; raises as `finish`."""
        self._warn_of_alarms()
        if deployment := start(self.aws, self.foundation, arn, alarms=not self.ignore_alarms, again=again):
            self.output.say(f"Rollout of {tasks.short(arn)}: deployment {tasks.short(deployment.arn)}")
            self.finish(deployment, check)
        else:
            self.retest(arn, check, mark=True)

    def retest(self, arn: str, check: Check, *, mark: bool = False) -> None:
        """Test the revision that serves, without a rollback; mark it as good, again if `mark`."""
        try:
            check(False)
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
                if under_way.hook:
                    deployments.answer_hook(self.aws, under_way.arn, under_way.hook, "ROLLBACK")
                else:
                    self.aws.ecs.stop_service_deployment(
                        serviceDeploymentArn=under_way.arn, stopType="ROLLBACK"
                    )
            except ClientError as error:  # it has just ended, or a permission is missing
                self.output.warn(f"ECS did not stop the deployment: {translate(error)}")
                return False
        with self.output.step(f"Waiting for {tasks.short(str(under_way.source))} to serve again"):
            return wait_for_rollback(self.aws, under_way.arn)

    def _roll_back(
        self, deployment: ServiceDeployment, snapshot: Snapshot, outcome: Outcome, smoke: Cause | None
    ) -> NoReturn:
        """Roll a failed deployment back, and raise its cause; the class says whether that succeeded."""
        redeployed = deployment.source == deployment.target  # what fails now has served before
        if not redeployed:
            mark_bad(self.aws, deployment.target, self.output.warn)
        failed = deployments.read(self.aws, deployment.arn)
        evidence = gather(self.aws, self.foundation, snapshot, failed)
        # If ECS failed the deployment during the smoke test, the test may have reached the previous revision.
        cause = None if failed.failed_by_itself else smoke
        if not cause and outcome is Outcome.FAILED and not failed.failed_by_itself:
            kind = "unanswered" if failed.unanswered else "stopped"
            cause = other_cause(kind, reason=failed.reason.rstrip(".") or "nothing")
        cause = cause or diagnose(evidence, timed_out=outcome is Outcome.TIMED_OUT)
        path = save(self.aws.settings.stack, evidence, cause.sentence, self.output.warn)
        before, back = deployment.source, False
        if not redeployed:
            before = rollback_target(self.aws, deployment.source, besides=deployment.target)
        if before:
            back = (deployment.source == before and self.stop(failed)) or self._redeploy(before)
            ending = f"{tasks.short(before)} {'serves' if back else 'does not serve'} again."
        else:
            if failed.hook:
                deployments.answer_hook(self.aws, failed.arn, failed.hook, "ROLLBACK")
            services.scale_to_zero(self.aws, self.foundation)
            ending = "It was the first release, so the service is scaled to zero."
        error = RolledBackError if back else NotRolledBackError
        raise error(f"{cause.sentence} {ending}", hint=cause.hint, evidence=path)

    def _redeploy(self, before: str) -> bool:
        """Deploy the revision before, if ECS can't roll back to it; return whether that completed."""
        self.output.say(f"Rolling back to {tasks.short(before)}.")
        with self.output.step("Waiting for the revision before to serve"):
            back = start(self.aws, self.foundation, before)
            if back is None:
                return True
            outcome, _ = follow(self.aws, self.foundation, back.arn, lambda _: None)
            if outcome is Outcome.PAUSED:
                proceed(self.aws, back.arn)
                outcome, _ = follow(self.aws, self.foundation, back.arn, lambda _: None)
        return outcome is Outcome.COMPLETED


def _ask(check: Check, *, hidden: bool) -> tuple[Cause | None, DeployError | None]:
    """Run the smoke test; return what it finds wrong, and why it got no answer."""
    try:
        check(hidden)
    except SmokeError as error:
        return other_cause("smoke", reason=error), None
    except DeployError as error:
        return None, error
    return None, None
