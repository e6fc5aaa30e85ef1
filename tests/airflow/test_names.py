"""The names of Airflow in the documentation."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "from-airflow.md"
CODE = """
import builtins, json, sys
import airflow.sdk, airflow.sdk.exceptions as exceptions
known = {*dir(exceptions), *airflow.sdk.__all__, *dir(builtins), *(kind.value for kind in exceptions.ErrorType)}
print(json.dumps(sorted(set(json.loads(sys.argv[1])) - known)))
"""


def test_names_exist() -> None:
    """Airflow has every exception and error code in the left column of the page."""
    tables, title, _ = PAGE.read_text("utf-8").partition("## What a task can call")
    assert title
    cells = " ".join(row.split(" | ")[0] for row in re.findall(r"^\| (.+) \|$", tables, re.MULTILINE))
    names = re.findall(r"`(\w*[A-Z]\w*)`", cells)
    assert len(names) > 15
    answer = subprocess.run(
        [os.environ["DAGFLOE_AIRFLOW_PYTHON"], "-c", CODE, json.dumps(names)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(answer.stdout.splitlines()[-1]) == []
