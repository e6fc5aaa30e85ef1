"""The committed files are those that the generator makes from Airflow's schemas."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "schemas" / "generate.py"


def load() -> Any:
    """The generator's module."""
    spec = importlib.util.spec_from_file_location("generate", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load()


def test_committed_files_are_current() -> None:
    """Generating the types and the table again gives what is in the repository."""
    for path, source in generate.generated_files().items():
        assert path.read_text("utf-8") == source, f"{path.name} is stale: run `make messages`"


@pytest.mark.parametrize("version", generate.VERSIONS)
def test_schemas_are_reduced(version: str) -> None:
    """The schema files hold no prose, and are named after their version."""
    schema = json.loads(generate.schema_path(version).read_text("utf-8"))
    assert schema["api_version"] == version
    assert generate.strip(schema) == schema
