"""Airflow's context: its keys, the errors for others, and the objects in it."""

from __future__ import annotations

import importlib
import sys
from datetime import datetime, timezone
from types import ModuleType
from typing import Any

import pytest

from compat.run import run
from dagfloe import Asset, AssetAlias, Bundle
from dagfloe.compat.context import describe_missing_key
from dagfloe.compat.objects.lazy import LazyValue
from dagfloe.testing import TaskEnvironment
from support.quoted_messages import shows

DATE = datetime(2026, 1, 31, 6, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("execution_date", "the context has no 'execution_date': use 'logical_date'"),
        ("tomorrow_ds", "compute it: macros.ds_add(ds, 1)"),
        ("try_number", "use context['ti'].try_number"),
        ("asset_state_store", "because the task has no inlets and no outlets"),
        ("anything", "its keys are those of Airflow 3"),
    ],
)
def test_missing_keys(key: str, advice: str) -> None:
    """A key that the context lacks is a KeyError that says what to do."""

    def read(**context):  # type: ignore[no-untyped-def]
        try:
            return importlib.import_module("airflow.sdk").get_current_context()[key]
        except KeyError as error:
            return [str(error), key in context]

    message, is_there = run(read).value
    assert advice in message
    assert not is_there


def test_key_of_a_run_without_a_logical_date() -> None:
    """The error of a key that depends on the logical date says so."""
    shows("the context has no '…', because this run has no logical date", describe_missing_key("ds"))


def test_missing_attributes() -> None:
    """An attribute that `ti`, `task`, `dag` or `dag_run` lacks is an AttributeError that says what to do."""

    def read(ti, task, dag, dag_run):  # type: ignore[no-untyped-def]
        messages = []
        for value in (ti, task, dag, dag_run):
            try:
                value.absent  # noqa: B018 - it raises
            except AttributeError as error:
                messages.append(str(error))
        return [*messages, hasattr(ti, "absent")]

    value = run(read).value
    assert [("no attribute 'absent' in a bundle" in message) for message in value[:-1]] == [True] * 4
    assert value[-1] is False


def test_map_index() -> None:
    """`map_index` is a key for reading, although Airflow's worker lists no such key."""

    def read(ti):  # type: ignore[no-untyped-def]
        context = importlib.import_module("airflow.sdk").get_current_context()
        return [
            context["map_index"],
            ti.map_index,
            "map_index" in context,
            ti.log_url.endswith("/mapped/3?try_number=1"),
        ]

    task = Bundle().dag("etl").task(read)
    assert TaskEnvironment().run(task, map_index=3).value == [3, 3, False, True]


def test_context_is_one_object() -> None:
    """What a task stores in the context, it finds there again."""

    def read(ti):  # type: ignore[no-untyped-def]
        context = importlib.import_module("airflow.sdk").get_current_context()
        context["mine"] = 5
        return ti.get_template_context()["mine"]

    assert run(read).value == 5


def test_defaults_of_context_keys() -> None:
    """A parameter named after a key may only have the default None, as in Airflow."""

    def read(ds="today"):  # type: ignore[no-untyped-def]
        return ds

    with pytest.raises(Exception, match=r"parameter 'ds' of .*read.* is a key of Airflow's context"):
        Bundle().dag("etl").task(read)


def test_dates_of_pendulum(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the project has pendulum, the dates are its own."""
    pendulum = ModuleType("pendulum")
    pendulum.instance = lambda date: f"pendulum {date:%Y}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pendulum", pendulum)
    dates = importlib.import_module("dagfloe.compat.objects.dates")
    monkeypatch.setattr(dates, "_pendulum", [])
    assert dates.to_context_date(DATE) == "pendulum 2026"
    assert dates.to_context_date(None) is None


def test_dates_without_pendulum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pendulum, the dates are Python's."""
    monkeypatch.setitem(sys.modules, "pendulum", None)  # an import then fails
    dates = importlib.import_module("dagfloe.compat.objects.dates")
    monkeypatch.setattr(dates, "_pendulum", [])
    assert dates.to_context_date(DATE) is DATE


def test_lazy_values() -> None:
    """A lazy value is computed once, at its first use, and behaves like its value."""
    calls: list[int] = []

    def compute() -> int:
        calls.append(1)
        return 5

    number: Any = LazyValue(compute)
    assert calls == []
    assert [number + 1, 1 + number, number - 1, 9 - number, f"{number:02}", str(number), repr(number)] == [
        *(6, 6, 4, 4),
        *("05", "5", "5"),
    ]
    assert [number == 5, number < 6, number <= 5, number > 4, number >= 5, bool(number), hash(number)] == [
        *(True, True, True, True, True, True),
        hash(5),
    ]
    assert number == LazyValue(lambda: 5)
    assert number.bit_length() == 3
    with pytest.raises(AttributeError):
        setattr(number, "__class__", str)  # noqa: B010 - as code does that knows no types
    assert isinstance(number, int)
    assert calls == [1]


def test_events_of_assets() -> None:
    """Inlets and triggering events are found by asset, by reference, by name, and by position."""
    orders, alias = Asset("orders", uri="s3://orders/x"), AssetAlias("all")

    def read(inlet_events, outlet_events):  # type: ignore[no-untyped-def]
        outlet_events.for_asset(name="orders", uri="s3://orders/x").extra = {"rows": 1}
        found = [inlet_events[0], inlet_events[orders], inlet_events.for_asset(name="orders")]
        found += [inlet_events.for_asset(uri="s3://orders/x"), inlet_events.for_asset_alias(name="all")]
        with pytest.raises(KeyError):
            inlet_events[Asset("absent")]
        with pytest.raises(ValueError, match="cannot both be None"):
            inlet_events.for_asset()
        limited = inlet_events[0].after("2026-01-01T00:00:00Z").before(DATE).ascending(ascending=False).limit(1)
        return [[len(list(events)) for events in found], list(inlet_events) == [orders, alias], len(limited)]

    environment = TaskEnvironment()
    task = Bundle().dag("etl").task(inlets=(orders, alias), outlets=orders)(read)
    result = environment.run(task)
    assert result.value == [[0] * 5, True, 0]
    events = importlib.import_module("dagfloe.compat.objects.assets").TriggeringAssetEvents
    event = make_event(orders)
    found = events([event])
    assert [found[orders], found.for_asset(name="orders"), found.for_asset_alias(name="all")] == [[event]] * 3


def make_event(asset: Asset) -> Any:
    """An event of an asset, under an alias."""
    module = importlib.import_module("dagfloe.model.assets")
    return module.AssetEvent(asset=asset, timestamp=DATE, source_aliases=("all",))
