"""One release: from the task definition to a service that answers right, or back to the one before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ecs.aws import Aws
from ecs.errors import DeployError, NotRolledBackError, RolledBackError, UsageError
from ecs.failure.diagnosis import Cause, diagnose
from ecs.failure.evidence import save
from ecs.foundation.outputs import Foundation
from ecs.output import Output
from ecs.release import service as services
from ecs.release import task as tasks
from ecs.release.history import last_good, mark_good
from ecs.release.smoke import SmokeError
from ecs.release.snapshot import Snapshot, gather, observe
from ecs.release.view import rollout_view
from ecs.release.watch import Outcome, follow, wait_for


@dataclass(frozen=True)
class Rollout:
    """A deployment under way, and what serves if it fails.

    Attributes:
        identifier: The deployment's id.
        arn: Its task definition.
        before: The task definition to go back to; None on a first release.
    """

    identifier: str
    arn: str
    before: str | None


@dataclass(frozen=True)
class Release:
    """Rolls task definitions out on one foundation."""

    aws: Aws
    foundation: Foundation
    output: Output

    def start(self, arn: str) -> Rollout:
        """Start a deployment of a revision, or take up the one that an earlier run of ours had started.

        Raises:
            UsageError: another deployment is under way.
        """
        service = services.find(self.aws, self.foundation)
        if service:
            self._warn_of_alarms()
        if service is None:
            created = services.create(self.aws, self.foundation, arn)
            return Rollout(services.primary(created)["id"], arn, last_good(self.aws, but=arn))
        before = _completed(service, but=arn) or last_good(self.aws, but=arn)
        current = services.primary(service)
        if current.get("rolloutState") == "IN_PROGRESS" and service["desiredCount"]:
            if current["taskDefinition"] == arn:
                return Rollout(current["id"], arn, before)
            other = tasks.short(current["taskDefinition"])
            raise UsageError(
                f"Another deployment is under way: {current['id']}, of {other}.",
                hint="Watch it with `python -m ecs status --watch`, then run this again.",
            )
        # What was scaled to zero after a failed first release wants its tasks back.
        desired = None if service["desiredCount"] else self.aws.settings.min_tasks
        same = current["taskDefinition"] == arn
        force = same and (desired is not None or current.get("rolloutState") == "FAILED")
        updated = services.update(self.aws, self.foundation, arn, desired=desired, force=force)
        return Rollout(services.primary(updated)["id"], arn, before)

    def _warn_of_alarms(self) -> None:
        """Say which alarms ring already: ECS does not count those, so they can't roll this release back."""
        names = [self.foundation.unhealthy_hosts_alarm_name, self.foundation.server_errors_alarm_name]
        for alarm in self.aws.cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")[
            "MetricAlarms"
        ]:
            self.output.warn(f"{alarm['AlarmName']} rings already, so it can't roll this release back.")

    def finish(self, rollout: Rollout, check: Callable[[], None]) -> None:
        """Watch a rollout to its end, then check the site; on a failure see that it is rolled back.

        Args:
            rollout: What `start` gave.
            check: Called once the deployment has completed; `SmokeError` takes the release back, and with
                `UnreachableError` it stays, not marked as good.

        Raises:
            RolledBackError: the release failed, and what served before serves again.
            NotRolledBackError: it failed, and nothing good serves, or another run has replaced it.
            UnreachableError: it serves, and the check got no answer of it.
        """
        with rollout_view(self.output, rollout.identifier, rollout.arn) as view:
            outcome, snapshot = follow(self.aws, self.foundation, rollout.identifier, rollout.arn, view)
        if outcome is Outcome.REPLACED:
            raise NotRolledBackError(
                "Another run replaced this deployment while it was under way.",
                hint="See what serves now: python -m ecs status.",
            )
        cause = None
        if outcome is Outcome.COMPLETED:
            self.output.done(f"Deployment {rollout.identifier} completed with {tasks.short(rollout.arn)}")
            try:
                check()
            except SmokeError as error:
                hint = "Run the app here (make run) and ask it the same."
                cause = Cause("smoke", f"The smoke test failed: {error}.", hint)
            else:
                mark_good(self.aws, self.foundation, rollout.arn, self.output.warn)
                return
        self._fail(rollout, snapshot, outcome, cause)

    def _fail(self, rollout: Rollout, snapshot: Snapshot, outcome: Outcome, cause: Cause | None) -> None:
        snapshot = observe(self.aws, self.foundation) or snapshot
        evidence = gather(self.aws, self.foundation, snapshot, rollout.identifier, rollout.arn)
        cause = cause or diagnose(evidence, timed_out=outcome is Outcome.TIMED_OUT)
        path = save(self.aws.settings.stack, evidence, cause.sentence)
        if not rollout.before:
            services.scale_to_zero(self.aws, self.foundation)
            raise NotRolledBackError(
                f"{cause.sentence} It was the first release, so the service is scaled to zero.",
                hint=cause.hint,
                evidence=path,
            )
        now = observe(self.aws, self.foundation) or snapshot
        # ECS sees nothing wrong, or, as of a service that was made anew, knows no release to go back to.
        if outcome is not Outcome.FAILED or services.primary(now.service)["id"] == rollout.identifier:
            self.output.say(f"Taking it back to {tasks.short(rollout.before)}.")
            services.update(self.aws, self.foundation, rollout.before)
        back = self._what_came_back(rollout)
        error: type[DeployError] = RolledBackError if back else NotRolledBackError
        ending = f"{tasks.short(back)} serves again." if back else "What served before does not serve again."
        raise error(f"{cause.sentence} {ending}", hint=cause.hint, evidence=path)

    def _what_came_back(self, rollout: Rollout) -> str | None:
        """Wait until another deployment than the failed one has completed; give its revision."""

        def ended(snapshot: Snapshot) -> Outcome | None:
            deployment = services.primary(snapshot.service)
            if deployment["id"] == rollout.identifier:
                return None
            ends = {"COMPLETED": Outcome.COMPLETED, "FAILED": Outcome.FAILED}
            outcome = ends.get(str(deployment.get("rolloutState")))
            # The balancer's word, not this machine's: its network must not decide what serves.
            healthy = "healthy" in map(snapshot.target_state, snapshot.running)
            return None if outcome is Outcome.COMPLETED and not healthy else outcome

        with self.output.step("Waiting for what served before"):
            outcome, snapshot = wait_for(self.aws, self.foundation, ended, lambda _: None)
        served = str(services.primary(snapshot.service)["taskDefinition"])
        return served if outcome is Outcome.COMPLETED else None


def _completed(service: dict[str, Any], *, but: str) -> str | None:
    """Give what serves, as long as the service has something completed other than `but`."""
    completed = (item for item in service["deployments"] if item.get("rolloutState") == "COMPLETED")
    running = (str(item["taskDefinition"]) for item in completed if item.get("runningCount"))
    return next((arn for arn in running if arn != but), None)
