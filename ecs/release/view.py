"""Show the progress of a rollout: a live table on a terminal, lines in a log."""

from dataclasses import dataclass

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ecs.output import Output
from ecs.release.snapshot import Snapshot
from ecs.release.task import short

EVENTS = 4
STYLES = {"healthy": "green", "RUNNING": "green", "unhealthy": "red", "STOPPED": "red", "ALARM": "bold red"}


@dataclass
class RolloutView:
    """Shows one deployment: a live table on a terminal, a line for each change elsewhere.

    Of the service's events it shows in a log only those that come after the first snapshot.
    """

    output: Output
    live: Live | None
    task_definition: str
    _last: str = ""
    _seen: set[str] | None = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Show a snapshot; in a log, print only what has changed since the last one."""
        service = snapshot.service
        tasks = [task for task in snapshot.running if task["taskDefinitionArn"] == self.task_definition]
        healthy = sum(snapshot.target_state(task) == "healthy" for task in tasks)
        desired = service["desiredCount"]
        by_revision = {item["taskDefinition"]: item for item in reversed(service["deployments"])}
        deployment = by_revision.get(self.task_definition, {})
        state = deployment.get("rolloutState", "gone").lower().replace("_", " ")
        line = f"{short(self.task_definition)}: {state}, {healthy} of {desired} healthy, {len(tasks)} started"
        if failed := deployment.get("failedTasks", 0):
            line += f", {failed} failed"
        if self.live:
            bar = Table.grid(padding=(0, 1))
            bar.add_row(ProgressBar(total=max(1, desired), completed=healthy, width=40), line)
            self.live.update(
                Group(bar, tasks_table(snapshot), *alarm_lines(snapshot), *event_lines(snapshot))
            )
            return
        if line != self._last:
            self.output.say(line)
            self._last = line
        events = {event["id"]: event["message"] for event in reversed(service.get("events", []))}
        for key, message in events.items():
            if self._seen is not None and key not in self._seen:
                self.output.say(f"  {message}")
        self._seen = (self._seen or set()) | events.keys()


def tasks_table(snapshot: Snapshot, stopped: int = 3) -> Table:
    """Return a table of the running tasks and of the last stopped ones, with the reason."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("task", "revision", "zone", "state", "container", "balancer", ""):
        table.add_column(heading)
    ended = [task for task in snapshot.tasks if task.get("desiredStatus") == "STOPPED"]
    ended.sort(key=lambda task: str(task.get("stoppedAt", "")), reverse=True)
    for task in [*snapshot.running, *ended[:stopped]]:
        table.add_row(
            task["taskArn"].rpartition("/")[2][:8],
            short(task["taskDefinitionArn"]),
            task.get("availabilityZone", ""),
            _styled(task.get("lastStatus", "")),
            task.get("healthStatus", "").lower(),
            _styled(snapshot.target_state(task)),
            escape(task.get("stoppedReason", "")[:60]),
        )
    return table


def model_line(serving: str | None, local: str | None) -> str:
    """Name the model that serves and the one that `up` would release, where there is one."""
    return f"model: {serving or 'no known one'} serves, {local or 'no usable one'} would be released"


def alarm_lines(snapshot: Snapshot) -> list[Text]:
    """Return a line for each alarm."""
    return [
        Text.assemble("alarm  ", _styled(alarm.get("StateValue", "")), f"  {alarm['AlarmName']}")
        for alarm in snapshot.alarms
    ]


def event_lines(snapshot: Snapshot, count: int = EVENTS) -> list[Text]:
    """Return a line for each of the last events of the service, newest first."""
    return [
        Text(f"{event['createdAt'].astimezone():%H:%M:%S}  {event['message']}", style="dim")
        for event in snapshot.service.get("events", [])[:count]
    ]


def _styled(word: str) -> Text:
    return Text(word, style=STYLES.get(word, ""))
