"""The tasks of the how-to guides run, the figures match the benchmarks, and links lead to files."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from dagfloe.testing import TaskEnvironment
from support.blocks import PAGES, ROOT, read_blocks
from support.page_runner import Page

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

HOW_TO = ROOT / "docs" / "how-to"


@pytest.fixture
def tasks(request: pytest.FixtureRequest, tmp_path: Path) -> ModuleType:
    """Run the Python blocks of a page as a module; the page has the name of the test."""
    page = Page(tmp_path)
    name = request.node.name.removeprefix("test_")
    page.run(block for block in read_blocks(HOW_TO / f"{name}.md") if block.language == "python")
    return page.module


@pytest.fixture
def env() -> TaskEnvironment:
    """Create an empty environment."""
    return TaskEnvironment()


def value(env: TaskEnvironment, task: Any, **options: Any) -> Any:
    """Run a task, and return its value."""
    return env.run(task, **options).raise_for_state().value


def test_tasks(tasks: ModuleType, env: TaskEnvironment) -> None:
    """Tasks get arguments from the block and dataclasses from JSON; the log contains all records."""
    env.variables["limit"] = "1"
    assert value(env, tasks.extract) == [{"amount": 2.5}]
    assert value(env, tasks.total) == 25.0
    assert value(env, tasks.store_total) == "totals"
    env.run(tasks.orders).raise_for_state()
    assert value(env, tasks.amounts) == [2.0]
    log = env.run(tasks.count).log
    assert log.has("^counted$", level="info", logger="shop.count")
    assert log.has("^1 rows without a day$", level="warning", logger="shop.orders")
    assert log.has("^as information, line by line$", level="info")


def test_values(tasks: ModuleType, env: TaskEnvironment) -> None:
    """Tasks get dataclasses from the fields that other tasks returned, and read decimals with all digits."""
    number = {"number": 1, "price": Decimal("12.50"), "at": datetime(2026, 7, 1, tzinfo=timezone.utc)}
    assert value(env, tasks.order) == number
    assert value(env, tasks.invoice) == (1, Decimal("14.8750"))
    env.xcoms["orders"] = [number, number]
    assert value(env, tasks.total) == 25
    assert value(env, tasks.first) == 1


def test_dags(tasks: ModuleType, env: TaskEnvironment) -> None:
    """Branches skip tasks, groups prefix ids, mapped tasks get items, and outlets cause asset events."""
    assert env.run(tasks.choose).skipped == ["large"]
    assert env.run(tasks.is_needed).skipped == []
    assert tasks.dag.downstream_of("checks.rows") == ["report"]
    env.run(tasks.shops).raise_for_state()
    for index, expected in enumerate((11, 11)):
        assert value(env, tasks.load, map_index=index) == expected
    assert value(env, tasks.add) == 22
    events = env.run(tasks.publish).raise_for_state().outlet_events
    assert [event["extra"] for event in events] == [{"rows": 2}]
    assert value(env, tasks.read) == 2
    returns = tasks.returns()
    env.dag_run.conf = {"limit": 60}
    assert [value(env, returns.tasks[task_id]) for task_id in ("read_rows", "count")] == [[*range(60)], {"rows": 60}]
    assert env.run(returns.tasks["is_large"]).skipped == []
    assert returns.downstream_of("is_large") == ["alert.mail", "done"]


def test_client(tasks: ModuleType, env: TaskEnvironment) -> None:
    """Lookups, XComs, state stores and counts work, and secrets are mwaiting."""
    env.connections["warehouse"] = "postgres://host:5432/sales"
    assert value(env, tasks.load) == "host:5432 100 0"
    assert env.variables["last_limit"] == "100"
    assert value(env, tasks.careful) == "none"
    env.run(tasks.push).raise_for_state()
    assert value(env, tasks.pull) == 4
    env.store.add_asset(tasks.FEED.name, tasks.FEED.uri)
    assert [value(env, tasks.follow) for _ in range(2)] == [1, 2]
    assert value(env, tasks.counts) >= 0
    assert value(env, tasks.named) is True
    assert env.run(tasks.signed).log.has(r"^the token is \*\*\*$")


def test_waiting(tasks: ModuleType, env: TaskEnvironment) -> None:
    """Tasks end while they wait, and resume."""
    rescheduled = env.run(tasks.file_there)
    assert rescheduled.state == "up_for_reschedule"
    env.variables["file"] = "orders.csv"
    assert env.poke_again(rescheduled).value == "orders.csv"
    deferred = env.run(tasks.wait)
    assert env.resume(deferred, event="gone").value == "2026-01-31: gone"
    waiting = env.run(tasks.publish)
    assert waiting.state == "awaiting_input"
    assert env.answer(waiting, "yes").value == "yes"
    assert env.answer(waiting, None).value == "no"
    assert env.run(tasks.not_before_six).state in ("success", "up_for_reschedule")


def test_outcomes(tasks: ModuleType, env: TaskEnvironment) -> None:
    """States and retries match the table."""
    states = {rows: env.run(tasks.load, arguments={"rows": rows}).state for rows in (0, -1, 3)}
    assert states == {0: "skipped", -1: "failed", 3: "success"}
    failed = env.run(tasks.fetch)
    assert (failed.state, failed.retry_delay_s, failed.retry_reason) == ("up_for_retry", 120.0, "the server is busy")
    assert env.run(tasks.copy).log.messages[-1] == "part 2"
    assert env.run(tasks.copy, stop_at="^part 0$").log.has("^undone$")


@pytest.mark.parametrize("name", ["README.md", "docs/evidence/comparison.md", "docs/index.md"])
def test_figures(name: str) -> None:
    """Every time and size outside generated tables is a figure of the benchmarks, or a rounded one."""
    measured = (ROOT / "docs" / "evidence" / "benchmarks.md").read_text("utf-8")
    values = {
        unit: {number(value) for value in re.findall(rf"(\d[\d,.]*) {unit}\b", measured)} for unit in ("ms", "s", "MB")
    }
    prose = re.sub(r"(<!-- the figures of [a-z -]+ -->).*?\1", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
    figures = re.findall(r"([\d,]+(?:\.\d+)?) (ms|s|MB)\b", prose)
    for figure, unit in figures:
        if (name, figure, unit) in QUOTED:
            continue
        digits = len(figure.partition(".")[2])
        assert any(round(value, digits) == number(figure) for value in values[unit]), f"{figure} {unit}"
    assert len(figures) >= {"README.md": 1, "docs/evidence/comparison.md": 15, "docs/index.md": 0}[name]


#: Figures from other sources, to which the page links.
QUOTED = {("docs/evidence/comparison.md", "30", "s"), ("docs/evidence/comparison.md", "1", "s")}


def number(value: str) -> float:
    """Parse a number with optional commas."""
    return float(value.replace(",", "").rstrip("."))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    """Every link to a file of the repository leads to an existing file."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).is_file(), target
