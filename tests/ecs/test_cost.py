"""The estimate of the cost: its arithmetic, and what it says of itself."""

from datetime import date
from pathlib import Path

import pytest

from ecs import cost
from ecs.cost import monthly_cost, read_prices, summary

SMALLEST = ("eu-west-1", "X86_64", 256, 512, 2)


def test_the_lines_are_the_total() -> None:
    estimate = monthly_cost(*SMALLEST)
    assert estimate.total == pytest.approx(sum(line.usd for line in estimate.lines))
    assert all(line.usd > 0 for line in estimate.lines)


def test_tasks_are_priced_by_cpu_and_memory_for_every_hour() -> None:
    prices = read_prices().region["eu-west-1"]
    hourly = 0.25 * prices.fargate_x86_vcpu_hour + 0.5 * prices.fargate_x86_gb_hour
    tasks, addresses, *_ = monthly_cost(*SMALLEST).lines
    assert tasks.usd == pytest.approx(2 * 730 * hourly, abs=0.005)
    assert tasks.what == "2 tasks of 0.25 vCPU and 512 MB, X86_64"
    assert addresses.what == "4 public IPv4 addresses", "one for each task, and the balancer's two"
    assert addresses.usd == pytest.approx(4 * 730 * prices.ipv4_hour, abs=0.005)


def test_a_further_task_costs_itself_and_its_address() -> None:
    two, three = monthly_cost(*SMALLEST), monthly_cost(*SMALLEST[:-1], 3)
    assert three.total - two.total == pytest.approx(two.further_task, abs=0.02)


def test_arm64_saves_what_it_would_cost_less() -> None:
    x86, arm = monthly_cost(*SMALLEST), monthly_cost("eu-west-1", "ARM64", 256, 512, 2)
    assert x86.arm64_saves == pytest.approx(x86.total - arm.total, abs=0.02)
    assert x86.arm64_saves > 0
    assert arm.arm64_saves == 0
    assert f'architecture = "ARM64" would save ${x86.arm64_saves:.2f} of it.' in summary(x86)
    assert "ARM64" not in summary(arm)


def test_a_region_without_prices_says_whose_it_took() -> None:
    elsewhere = monthly_cost("sa-east-1", *SMALLEST[1:])
    assert elsewhere.priced_as == read_prices().default_region
    assert "The table has no prices of sa-east-1: these are those of us-east-1." in summary(elsewhere)


def test_it_says_its_date_and_that_nobody_checked_it() -> None:
    table = read_prices()
    assert date.fromisoformat(table.date)
    assert table.default_region in table.region
    assert f"from memory, not checked against AWS's pages, on {table.date}" in summary(
        monthly_cost(*SMALLEST)
    )


def test_a_checked_table_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = cost.PRICES_FILE.read_text(encoding="utf-8").replace("checked = false", "checked = true")
    checked = tmp_path / "prices.toml"
    checked.write_text(text, encoding="utf-8")
    monkeypatch.setattr(cost, "read_prices", lambda: read_prices(checked))
    assert "Prices checked on" in summary(monthly_cost(*SMALLEST))
