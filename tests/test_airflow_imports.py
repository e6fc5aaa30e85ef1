"""The packages that the loader for Airflow's Dags folder needs."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires

from packaging.requirements import Requirement

#: Airflow installs these two. `pip install --no-deps` of dagfloe adds nothing to them.
FROM_AIRFLOW = {"jsonschema", "pyyaml"}
LOAD = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # an import of it raises
from dagfloe.airflow import load_bundles
from dagfloe.format.manifest import load_validator
load_validator()
"""


def test_loader_needs_only_packages_of_airflow() -> None:
    """The loader works without dagfloe's other dependencies."""
    names = {requirement.name.lower() for requirement in map(Requirement, requires("dagfloe") or ())}
    blocked = names - FROM_AIRFLOW
    assert {"click", "lz4", "msgpack", "packaging", "rich"} <= blocked
    command = [sys.executable, "-c", LOAD, *blocked]
    process = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (process.returncode, process.stderr) == (0, "")
