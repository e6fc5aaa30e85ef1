"""The documentation's Dag files and settings, read by a real Airflow."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from support import sales_project
from support.blocks import PAGES, ROOT, Block, read_blocks
from support.page_runner import PLACES

if TYPE_CHECKING:
    from pathlib import Path

DEADLINE_S = 60
PYTHON_VARIABLE = "DAGFLOE_AIRFLOW_PYTHON"
BLOCKS = [block for page in PAGES for block in read_blocks(page)]
DAG_FILES = [block for block in BLOCKS if block.needs_airflow]
SETTINGS = [block for block in BLOCKS if block.language in ("ini", "yaml") and "coordinators" in block.text]
#: Builds the coordinator of every queue that is set, as a worker does.
LOAD = """
import json
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.coordinator import CoordinatorManager
manager = CoordinatorManager.from_config()
queues = conf.getjson("sdk", "queue_to_coordinator")
print(json.dumps(sorted({type(manager.for_queue(queue)).__name__ for queue in queues})))
"""


def ask(folder: Path, *arguments: str) -> Any:
    """Let Airflow's Python run something, its home being in a folder; the last line that it prints is JSON."""
    python = os.environ.get(PYTHON_VARIABLE)
    assert python, f"{PYTHON_VARIABLE} is not set: run `make airflow-test`"
    env = {
        "AIRFLOW_HOME": str(folder / "opt" / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "src"),
    }
    answer = subprocess.run(
        [python, *arguments], capture_output=True, text=True, env=env, timeout=DEADLINE_S, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def is_for_newer(block: Block) -> bool:
    """Whether it is a setting of Airflow 3.4."""
    return "task_handler_bundle_name" in block.text


def as_ini(block: Block) -> str:
    """Settings as `airflow.cfg` has them; those of a Helm chart are below `config`."""
    if block.language == "ini":
        return block.text
    config = yaml.safe_load(block.text)["config"]
    return "\n".join(
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        for section, values in config.items()
    )


@pytest.mark.parametrize("block", DAG_FILES, ids=str)
def test_dag_file(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no import error, and but for the one that only checks it has the Dag of the page."""
    bundles = tmp_path / "opt" / "airflow" / "bundles"
    bundles.mkdir(parents=True)
    sales_project.prepare(tmp_path, bundles / "sales", monkeypatch)
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "dag_file.py").write_text(PLACES.sub(lambda place: f"{tmp_path}{place[0]}", block.text), "utf-8")
    found = ask(tmp_path, str(ROOT / "tests" / "airflow" / "read_dags.py"), str(dags))
    assert found["errors"] == []
    assert list(found["dags"]) == ([] if "check_bundles" in block.text else ["sales"])


def test_settings(tmp_path: Path) -> None:
    """Each gives its queues their coordinator, in the Airflow that it is for."""
    home = tmp_path / "opt" / "airflow"
    (home / "bundles").mkdir(parents=True)
    (home / "airflow.cfg").touch()
    release = ask(tmp_path, "-c", "import airflow, json; print(json.dumps(airflow.__version__.split('.')[:2]))")
    chosen = [block for block in SETTINGS if is_for_newer(block) == (list(map(int, release)) >= [3, 4])]
    assert chosen
    for block in chosen:
        text = PLACES.sub(lambda place: f"{tmp_path}{place[0]}", as_ini(block))
        (home / "airflow.cfg").write_text(text, "utf-8")
        assert ask(tmp_path, "-c", LOAD) == ["ExecutableCoordinator"], block
