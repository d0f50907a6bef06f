"""What the service costs a month, from a small dated table of prices."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

PRICES_FILE = Path(__file__).with_name("prices.toml")
HOURS = 730
"""In a month, as AWS counts it."""
ZONES = 2
"""The balancer has a public address in each."""
ALARMS = 7
"""Three in the foundation, and two that auto scaling makes for each of its two figures."""

# The part that hangs on traffic, at a million requests a month.
LOG_GB = 0.4
"""400 bytes a request: the line, and what CloudWatch adds to it."""
LCU = 0.01
"""Some 7 GB a month through the balancer; one load unit is 1 GB an hour."""
IMAGES_GB = 0.5
"""Images share most of their layers."""


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The prices of one region, in US dollars."""

    fargate_x86_vcpu_hour: float
    fargate_x86_gb_hour: float
    fargate_arm_vcpu_hour: float
    fargate_arm_gb_hour: float
    ipv4_hour: float
    balancer_hour: float
    balancer_lcu_hour: float
    log_gb: float
    log_kept_gb: float
    metric: float
    alarm: float
    image_gb: float


class PriceTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`prices.toml`."""

    date: str
    source: str
    checked: bool
    default_region: str
    region: dict[str, Prices]


@dataclass(frozen=True)
class Line:
    """One thing that is paid for; `usd` is for a month."""

    what: str
    usd: float


@dataclass(frozen=True)
class Cost:
    """An estimate of the cost of one month, in US dollars.

    Attributes:
        region: Where it runs.
        priced_as: The region whose prices were taken: another one, where the table does not have this one.
        lines: What is paid for.
        total: Their sum.
        further_task: What each task beyond the least number costs, were it there all month.
        arm64_saves: What the same tasks would cost less on ARM64; 0 where they are on it.
        date: The day of the prices.
        source: Where they are from.
        checked: Whether anybody has compared them with their source on that day.
    """

    region: str
    priced_as: str
    lines: tuple[Line, ...]
    total: float
    further_task: float
    arm64_saves: float
    date: str
    source: str
    checked: bool


def read_prices(path: Path = PRICES_FILE) -> PriceTable:
    """Read the table of prices."""
    return msgspec.toml.decode(path.read_bytes(), type=PriceTable)


def monthly_cost(region: str, architecture: str, cpu: int, memory_mb: int, min_tasks: int) -> Cost:
    """Estimate the cost of a month with the least number of tasks; `cpu` is in units, 1024 a vCPU."""
    table = read_prices()
    priced_as = region if region in table.region else table.default_region
    prices = table.region[priced_as]
    task = _task(prices, architecture, cpu, memory_mb)
    address = prices.ipv4_hour * HOURS
    lines = (
        Line(
            f"{min_tasks} tasks of {cpu / 1024:g} vCPU and {memory_mb:,} MB, {architecture}", min_tasks * task
        ),
        Line(f"{min_tasks + ZONES} public IPv4 addresses", (min_tasks + ZONES) * address),
        Line("load balancer", (prices.balancer_hour + LCU * prices.balancer_lcu_hour) * HOURS),
        Line(f"logs of a million requests ({LOG_GB} GB)", LOG_GB * (prices.log_gb + prices.log_kept_gb)),
        Line(f"{ALARMS} alarms and a metric", ALARMS * prices.alarm + prices.metric),
        Line(f"images ({IMAGES_GB} GB)", IMAGES_GB * prices.image_gb),
    )
    return Cost(
        region=region,
        priced_as=priced_as,
        lines=tuple(Line(line.what, round(line.usd, 2)) for line in lines),
        total=round(sum(round(line.usd, 2) for line in lines), 2),
        further_task=round(task + address, 2),
        arm64_saves=round(min_tasks * (task - _task(prices, "ARM64", cpu, memory_mb)), 2),
        date=table.date,
        source=table.source,
        checked=table.checked,
    )


def _task(prices: Prices, architecture: str, cpu: int, memory_mb: int) -> float:
    if architecture == "ARM64":
        vcpu, gigabyte = prices.fargate_arm_vcpu_hour, prices.fargate_arm_gb_hour
    else:
        vcpu, gigabyte = prices.fargate_x86_vcpu_hour, prices.fargate_x86_gb_hour
    return HOURS * (cpu / 1024 * vcpu + memory_mb / 1024 * gigabyte)


def summary(cost: Cost) -> str:
    """Say the estimate in a few lines: the sum, what would change it, and what it is worth."""
    lines = [f"About ${cost.total:.2f} a month in {cost.region}; each further task ${cost.further_task:.2f}."]
    if cost.arm64_saves:
        lines.append(f'architecture = "ARM64" would save ${cost.arm64_saves:.2f} of it.')
    if cost.priced_as != cost.region:
        lines.append(f"The table has no prices of {cost.region}: these are those of {cost.priced_as}.")
    worth = "checked" if cost.checked else "written down from memory, not checked against AWS's pages,"
    lines.append(f"Prices {worth} on {cost.date}: ecs/prices.toml. Taxes and free tiers are left out.")
    return "\n".join(lines)
