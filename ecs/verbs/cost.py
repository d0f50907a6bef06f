"""`cost`: what does it cost a month?"""

from typing import Any

from rich.table import Table

from ecs import cost as costs
from ecs.cli import Run, verb
from ecs.cost import Cost
from ecs.settings import Settings


@verb()
def cost(run: Run) -> dict[str, Any]:
    """Estimate the monthly cost from the settings, line by line, and what ARM64 would save.

    The prices are a dated table in this repository, so no credentials are needed; it names its source.
    """
    money = estimate(run.settings, run.aws.region)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("USD a month", justify="right")
    table.add_column("for")
    for line in money.lines:
        table.add_row(f"{line.usd:.2f}", line.what)
    run.output.show(table)
    run.output.say(costs.summary(money))
    return {"cost": money}


def estimate(settings: Settings, region: str) -> Cost:
    """Calculate the cost of an environment."""
    return costs.monthly_cost(
        region, settings.built_for, settings.cpu, settings.memory_mb, settings.min_tasks
    )
