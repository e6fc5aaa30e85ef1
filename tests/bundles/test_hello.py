"""The example `hello`, as its author would test it: tasks are ordinary functions."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Any

import pytest

from dagfloe import Client
from support.memory import Airflow, context

PATH = Path(__file__).parents[2] / "bundles" / "hello" / "hello.py"


@pytest.fixture(scope="module")
def hello() -> Any:
    """The example's module."""
    spec = importlib.util.spec_from_file_location("hello", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tasks_are_called_as_they_are(hello: Any) -> None:
    """The decorator leaves the functions as they are: a test passes what the runtime would."""
    airflow, running = Airflow(), context()
    client = Client(airflow, running)
    airflow.variables["hello_name"] = "test"
    greeted = hello.greet(client, running, logging.getLogger("test"))
    assert greeted["greeting"] == "Hello, test!"
    assert hello.count(greeted, logging.getLogger("test")) == len("Hellotest")


def test_tasks_are_registered(hello: Any) -> None:
    """The bundle has both tasks, in the order of the file."""
    assert list(hello.bundle.dags["hello"].tasks) == ["greet", "count"]
    assert hello.dag.downstream_of("greet") == ["count"]
