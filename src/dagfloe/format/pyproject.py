"""Reads from a project's `pyproject.toml` what both the build and `dagfloe.testing` need."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import PackError
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION, SCHEMA_VERSIONS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "pyproject.toml"


def read_pyproject(path: Path) -> dict[str, Any]:
    """Parse a `pyproject.toml`.

    Raises:
        FileNotFoundError: if there is no such file.
        PackError: if it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise PackError(f"{path} is not TOML: {error}") from error


def schema_version_of(tool: Mapping[str, Any], path: Path) -> str:
    """The supervisor schema version that `airflow` in the table `[tool.dagfloe]` selects.

    Args:
        tool: the table.
        path: the file, for the error message.

    Raises:
        PackError: if `airflow` names no Airflow that dagfloe supports.
    """
    airflow = tool.get("airflow")
    if airflow is None:
        return DEFAULT_SCHEMA_VERSION
    if not isinstance(airflow, str) or airflow not in SCHEMA_VERSIONS:
        raise PackError(
            f"{path}: [tool.dagfloe] airflow is {airflow!r}, expected {' or '.join(map(repr, SCHEMA_VERSIONS))} as "
            "text: the oldest Airflow that is to run the bundle"
        )
    return SCHEMA_VERSIONS[airflow]


def find_schema_version(start: Path) -> str:
    """The supervisor schema version of the project that a file or folder belongs to.

    The project is that of the nearest `pyproject.toml` in its folder or one above; the version is the default one
    outside of any project.

    Raises:
        PackError: if the file cannot be read, is not TOML, or names no Airflow that dagfloe supports.
    """
    for folder in (start, *start.parents):
        path = folder / FILE_NAME
        if path.is_file():
            tool = read_pyproject(path).get("tool")
            table = tool.get("dagfloe") if isinstance(tool, dict) else None
            return schema_version_of(table if isinstance(table, dict) else {}, path)
    return DEFAULT_SCHEMA_VERSION
