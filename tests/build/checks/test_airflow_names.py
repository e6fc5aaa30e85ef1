"""The check of what a project takes from Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagfloe.build.author.modules import find_modules
from dagfloe.build.checks.airflow_names import check_airflow_names
from dagfloe.build.project import read_project
from dagfloe.format.errors import FreezeError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SETTINGS = '[project]\nname = "p"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\nairflow-names = true\n'


class Environment:
    """An environment in which some modules are installed."""

    def __init__(self, *installed: str) -> None:
        self._installed = installed

    def find_modules(self, names: Iterable[str]) -> set[str]:
        """The modules of these that are installed."""
        return {*names} & {*self._installed}


def check(folder: Path, source: str, *installed: str) -> None:
    """Check a project of one module."""
    (folder / "pyproject.toml").write_text(SETTINGS)
    (folder / "tasks.py").write_text(source)
    project = read_project(folder)
    modules = find_modules(project, (), lambda path: path.read_bytes())
    check_airflow_names(project, modules.values(), Environment(*installed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "source",
    [
        "from airflow.sdk import Variable, task as t, get_current_context",
        "from airflow import sdk\nsdk.Variable.get('x')",
        "import airflow.sdk.exceptions\nairflow.sdk.exceptions.AirflowException",
        "import airflow.sdk as s\ns.Asset",
        "from airflow.models import Variable, param\nparam.Param",
        "from airflow.exceptions import *",
        "try:\n    from airflow.providers.amazon import x\nexcept ImportError:\n    x = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from airflow.models import DagBag",
        "from airflow import models\ndef f(models):\n    return models.anything",
        "import airflowing\nfrom airflowing import x",
        "def f(airflow):\n    return airflow.anything",
        "airflow =",
    ],
)
def test_covered(source: str, tmp_path: Path) -> None:
    """What the modules have, what may fail, and what only type checkers read is fine."""
    check(tmp_path, source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "\nfrom airflow.providers.postgres.hooks.postgres import PostgresHook",
            "tasks.py:2: 'PostgresHook' of the module airflow.providers.postgres.hooks.postgres: use the library",
        ),
        (
            "import airflow.providers.postgres",
            "tasks.py:1: the module airflow.providers.postgres: use the",
        ),
        (
            "from airflow.sdk import Asset, ObjectStoragePath",
            "'ObjectStoragePath' of the module airflow.sdk: use the pack",
        ),
        (
            "from airflow.sdk import conf",
            "'conf' of the module airflow.sdk: read the setting from an environment variable",
        ),
        ("from airflow.models import XCom", "'XCom' of the module airflow.models: use ti.xcom_pull"),
        ("from airflow.models import DagBag", "has no access to Airflow's database, so use dagfloe's Client"),
        ("from airflow.utils.dates import days_ago", "Airflow 3 does not have it, so use datetime or pendulum"),
        ("from airflow.sensors.base import X", "wait with client.poke"),
        ("from airflow.sdk import no_such_name", "write the code without it, or leave the task in Airflow"),
        ("def f():\n    from airflow.utils.session import x", "tasks.py:2: 'x' of the module airflow.utils.session"),
        ("from airflow import sdk\n\nsdk.conf", "tasks.py:3: 'conf' of the module airflow.sdk"),
        ("import airflow.models\nx = airflow.models.DagBag()", "tasks.py:2: 'DagBag' of the module airflow.models"),
        ("import airflow.sdk as s\ns.conf.get", "tasks.py:2: 'conf' of the module airflow.sdk"),
        ("import importlib\nimportlib.import_module('airflow.www')", "tasks.py:2: the module airflow.www"),
    ],
)
def test_uncovered(source: str, message: str, tmp_path: Path) -> None:
    """The error has the file, the line, the module, the name, and what to write instead."""
    with pytest.raises(FreezeError) as caught:
        check(tmp_path, source)
    assert message in str(caught.value)
    title, first = str(caught.value).splitlines()[:2]
    assert title == "the project uses names of Airflow that a bundle does not have:"
    assert first.startswith("  tasks.py:")


def test_all_are_named(tmp_path: Path) -> None:
    """One error names all, in their order."""
    with pytest.raises(FreezeError) as caught:
        check(tmp_path, "from airflow.sdk import b, a\nfrom airflow.sdk import c\nfrom airflow.sdk import c")
    assert [line.split("'")[1] for line in str(caught.value).splitlines()[1:]] == ["a", "b", "c", "c"]


def test_real_airflow(tmp_path: Path) -> None:
    """A project with a real Airflow may import everything."""
    check(tmp_path, "from airflow.providers.postgres import x", "airflow")
