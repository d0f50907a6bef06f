"""The way back: a deployment is stopped, what served before serves again, and it is said why."""

from dataclasses import dataclass
from typing import NoReturn

from botocore.exceptions import ClientError

from ecs.aws import Aws
from ecs.errors import NotRolledBackError, RolledBackError, in_words
from ecs.failure.diagnosis import Cause, diagnose
from ecs.failure.evidence import save
from ecs.foundation.outputs import Foundation
from ecs.output import Output
from ecs.release import deployment as deployments
from ecs.release import service as services
from ecs.release import task as tasks
from ecs.release.deployment import Deployment
from ecs.release.history import last_good, mark_left, was_left
from ecs.release.snapshot import Snapshot, gather
from ecs.release.watch import Outcome, follow, start, wait_for_rollback


@dataclass(frozen=True)
class Revert:
    """Takes deployments back on one foundation."""

    aws: Aws
    foundation: Foundation
    output: Output

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

    def take_back(
        self, began: Deployment, snapshot: Snapshot, outcome: Outcome, smoke: Cause | None
    ) -> NoReturn:
        """See that a failed rollout is taken back, and say why it failed.

        Raises:
            RolledBackError: what served before serves again.
            NotRolledBackError: nothing good serves.
        """
        mark_left(self.aws, began.target)
        record = deployments.read(self.aws, began.arn)
        evidence = gather(self.aws, self.foundation, snapshot, record)
        # Where ECS failed it meanwhile, the smoke test may have asked the version before.
        cause = None if record.failed_by_itself else smoke
        if not cause and outcome is Outcome.FAILED and not record.failed_by_itself:
            said = f"Somebody stopped this deployment; ECS says: {record.reason.rstrip('.') or 'nothing'}."
            cause = Cause("stopped", said, "Ask who did (CloudTrail has StopServiceDeployment), then up.")
        cause = cause or diagnose(evidence, timed_out=outcome is Outcome.TIMED_OUT)
        hint = cause.hint
        if cause.kind == "alarm":
            hint += " If it is the version before that rings it: up --ignore-alarms."
        path = save(self.aws.settings.stack, evidence, cause.sentence)
        before, back = self._before(began), False
        if before:
            back = (began.source == before and self.stop(record)) or self._go_back(before)
            ending = f"{tasks.short(before)} {'serves' if back else 'does not serve'} again."
        else:
            services.scale_to_zero(self.aws, self.foundation)
            ending = "It was the first release, so the service is scaled to zero."
        error = RolledBackError if back else NotRolledBackError
        raise error(f"{cause.sentence} {ending}", hint=hint, evidence=path)

    def _before(self, began: Deployment) -> str | None:
        """Choose what to go back to: what served, unless that was left and there is another good one."""
        described = tasks.describe(self.aws.ecs, began.source) if began.source else None
        if described and not was_left(described):
            return began.source
        return last_good(self.aws, but=began.target) or began.source

    def _go_back(self, before: str) -> bool:
        """Roll out what served before, where ECS sees nothing wrong or knows no deployment to go back to."""
        self.output.say(f"Taking it back to {tasks.short(before)}.")
        with self.output.step("Waiting for what served before"):
            back = start(self.aws, self.foundation, before)
            ended = follow(self.aws, self.foundation, back.arn, lambda _: None) if back else None
        return ended is None or ended[0] is Outcome.COMPLETED
