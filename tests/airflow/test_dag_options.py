"""The page that lists Airflow's options is complete for this Airflow."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dag-options.md"
CODE = """
import inspect, json
from airflow.sdk import DAG, BaseOperator, TaskGroup
classes = (DAG, BaseOperator, TaskGroup)
print(json.dumps({cls.__name__: sorted(set(inspect.signature(cls).parameters) - {"kwargs"}) for cls in classes}))
"""


def test_the_page_lists_every_argument() -> None:
    """The tables have the arguments of Airflow's classes, and no others."""
    answer = subprocess.run(
        [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", CODE], capture_output=True, text=True, timeout=60, check=True
    )
    actual = json.loads(answer.stdout.splitlines()[-1])
    sections = PAGE.read_text("utf-8").split("\n| option of `")[1:]
    listed = {
        section.partition("`")[0]: re.findall(r"^\| `(\w+)` \|", section.partition("\n\n")[0], re.MULTILINE)
        for section in sections
    }
    assert listed == actual
