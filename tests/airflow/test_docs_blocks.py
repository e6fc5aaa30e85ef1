"""A real Airflow reads the Dag files and settings of the documentation."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.readme import is_for_newer
from support import sales_project
from support.blocks import PAGES, ROOT, Block, read_blocks
from support.page_runner import PLACES

DEADLINE_S = 60
PYTHON_VARIABLE = "DAGFLOE_AIRFLOW_PYTHON"
BLOCKS = [block for page in PAGES for block in read_blocks(page)]
#: A module of a bundle may import Airflow's names, too.
DAG_FILES = [block for block in BLOCKS if block.needs_airflow and "import Bundle" not in block.content]
SETTINGS = [block for block in BLOCKS if block.language in ("ini", "yaml") and "coordinators" in block.content]
#: Creates the coordinators of all configured queues, like a worker.
LOAD = """
import json
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.coordinator import CoordinatorManager
manager = CoordinatorManager.from_config()
queues = conf.getjson("sdk", "queue_to_coordinator")
print(json.dumps(sorted({type(manager.for_queue(queue)).__name__ for queue in queues})))
"""


def ask(folder: Path, *arguments: str) -> Any:
    """Run Airflow's Python with its home in a folder; return the last line of its output, which is JSON."""
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


def as_ini(block: Block) -> str:
    """Convert settings to the format of `airflow.cfg`; a Helm chart has them below `config`."""
    if block.language == "ini":
        return block.content
    config = yaml.safe_load(block.content)["config"]
    return "\n".join(
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        for section, values in config.items()
    )


@pytest.mark.parametrize("block", DAG_FILES, ids=str)
def test_dag_file(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dag file has no import error. It has the Dag of the page, except for the file that only checks bundles."""
    bundles = tmp_path / "opt" / "airflow" / "bundles"
    bundles.mkdir(parents=True)
    sales_project.prepare(tmp_path, bundles / "sales", monkeypatch)
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "dag_file.py").write_text(PLACES.sub(lambda match: f"{tmp_path}{match[0]}", block.content), "utf-8")
    result = ask(tmp_path, str(ROOT / "tests" / "airflow" / "read_dags.py"), str(dags))
    assert result["errors"] == []
    name = Path(block.name).stem if block.name.startswith("dags/") else "sales"
    assert list(result["dags"]) == ([] if "check_bundles" in block.content else [name])


def test_settings(tmp_path: Path) -> None:
    """In the Airflow that they are for, the settings of a page give all queues a coordinator."""
    home = tmp_path / "opt" / "airflow"
    (home / "bundles").mkdir(parents=True)
    (home / "airflow.cfg").touch()
    release = ask(tmp_path, "-c", "import airflow, json; print(json.dumps(airflow.__version__.split('.')[:2]))")
    blocks = [block for block in SETTINGS if is_for_newer(block.content) == (list(map(int, release)) >= [3, 4])]
    assert blocks
    for block in blocks:
        settings = PLACES.sub(lambda match: f"{tmp_path}{match[0]}", as_ini(block))
        (home / "airflow.cfg").write_text(settings, "utf-8")
        assert ask(tmp_path, "-c", LOAD) == ["ExecutableCoordinator"], block
