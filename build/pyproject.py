"""Reads `pyproject.toml`: tables and keys of known types. Every error names the file and the key.

`dagfloe.testing` reads the schema version here, too.
"""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagfloe.format.errors import PackError
from dagfloe.format.regular_file import read_text
from dagfloe.runtime.config import DEFAULT_SCHEMA_VERSION, SCHEMA_VERSIONS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "pyproject.toml"
#: A version of Python 3.
_PYTHON = re.compile(r"3\.\d{1,3}(\.\d{1,3})?")
#: A message may quote a value, which may be long.
_MAX_MESSAGE = 600
#: Airflow's own image is Debian 12, whose glibc is 2.36. There is one for each of several processors.
AIRFLOW_IMAGE, _AIRFLOW_GLIBC = "airflow-image", "2.36"
_TARGET_FORMAT = re.compile(r"linux-([a-z0-9_]+)-(?:(musl)|(glibc)([1-9][0-9]{0,3}\.[0-9]{1,4}))")


@dataclass(frozen=True, slots=True)
class HostTarget:
    """The oldest host that a bundle file has to run on.

    Attributes:
        name: how the project names it.
        architecture: its processor, as `platform.machine` names it.
        libc: its C library, `glibc` or `musl`.
        libc_version: the version of its glibc; empty for musl, whose symbols have no versions.
    """

    name: str
    architecture: str
    libc: str
    libc_version: str = ""


class Table:
    """A table of a `pyproject.toml`.

    Args:
        path: the file.
        name: the table's full name; empty for the whole document.
        values: the table's values.
    """

    def __init__(self, path: Path, name: str, values: dict[str, Any]) -> None:
        self._path = path
        self._name = name
        self._values = values

    def keys(self) -> list[str]:
        """The keys that the file sets."""
        return list(self._values)

    def table(self, name: str) -> Table:
        """A table in this one.

        Args:
            name: its key, or its keys with dots between them.

        Raises:
            PackError: if this table does not exist.
        """
        value: Any = self._values
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        full_name = f"{self._name}.{name}" if self._name else name
        if not isinstance(value, dict):
            raise self.error(f"the table [{full_name}] is missing")
        return Table(self._path, full_name, value)

    def value(self, key: str, default: Any) -> Any:
        """The value of a key, whatever its type."""
        return self._values.get(key, default)

    def string(self, key: str) -> str:
        """The string of a required key.

        Raises:
            PackError: if it is missing, empty or of another type.
        """
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            raise self.error(f"[{self._name}] needs the key {key} with a string")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """The list of strings of an optional key; empty by default.

        Raises:
            PackError: if it is of another type, or a string is empty.
        """
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.error(f"[{self._name}] {key} must be a list of strings")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """The value of an optional key that is true or false; false by default.

        Raises:
            PackError: if it is of another type.
        """
        value = self._values.get(key, False)
        if not isinstance(value, bool):
            raise self.error(f"[{self._name}] {key} is {value!r}: write true or false")
        return value

    def error(self, message: str) -> PackError:
        """An error about this file."""
        shown = message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}..."
        return PackError(f"{self._path}: {shown}")


def read_pyproject(folder: Path) -> Table:
    """Read the `pyproject.toml` of a folder.

    Returns:
        The whole document.

    Raises:
        PackError: if it cannot be read, or is not TOML.
    """
    path = folder / FILE_NAME
    try:
        return Table(path, "", tomllib.loads(read_text(path)))
    except FileNotFoundError:
        missing = f"it has no {FILE_NAME}" if folder.is_dir() else "there is no such folder"
        raise PackError(f"{folder} is not a bundle project: {missing}; `dagfloe new NAME` starts one") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PackError(f"{path} cannot be read: {reason}") from error
    except Exception as error:  # a number of thousands of digits is a ValueError, deep nesting a RecursionError
        raise PackError(f"{path} is not TOML: {error}") from error


def read_python(tool: Table) -> str:
    """The version or the path of a Python that `python` in [tool.dagfloe] chooses; empty without the key.

    Args:
        tool: the table.

    Raises:
        PackError: if `python` is neither.
    """
    value = tool.value("python", "")
    if not is_python(value) and value != "":
        raise tool.error(f'[tool.dagfloe] python is {value!r}: write a version such as "3.13", or a path')
    return str(value)


def is_python(value: object) -> bool:
    """Whether a value chooses a Python: a version such as 3.13, or a path."""
    return isinstance(value, str) and "\0" not in value and ("/" in value or bool(_PYTHON.fullmatch(value)))


def read_uv_table(folder: Path) -> dict[str, Any]:
    """The table [tool.uv] of the `pyproject.toml` of a folder; empty without such a table.

    Raises:
        PackError: if the file cannot be read, or is not TOML.
    """
    tool = read_pyproject(folder).value("tool", None)
    table = tool.get("uv") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else {}


def read_schema_version(tool: Table) -> str:
    """The version of the supervisor's schema that `airflow` in [tool.dagfloe] selects.

    Args:
        tool: the table.

    Raises:
        PackError: if `airflow` is not a version that dagfloe supports.
    """
    airflow = tool.value("airflow", None)
    if airflow is None:
        return DEFAULT_SCHEMA_VERSION
    if not isinstance(airflow, str) or airflow not in SCHEMA_VERSIONS:
        raise tool.error(
            f"[tool.dagfloe] airflow is {airflow!r}: write the oldest Airflow that is to run the bundle, "
            f"{' or '.join(map(repr, SCHEMA_VERSIONS))}, as a string"
        )
    return SCHEMA_VERSIONS[airflow]


def read_native_dags(tool: Table, schema_version: str) -> bool | tuple[str, ...]:
    """Which Dags `native-dags` in [tool.dagfloe] makes native: their dag_ids, or True for all.

    Args:
        tool: the table.
        schema_version: the version of the supervisor's schema that the bundle uses.

    Raises:
        PackError: if `native-dags` has another type, or if the Airflow that `airflow` selects has no native Dags.
    """
    value = tool.value("native-dags", False)
    is_list = isinstance(value, list) and all(isinstance(dag_id, str) and dag_id for dag_id in value)
    if not is_list and not isinstance(value, bool):
        raise tool.error("[tool.dagfloe] native-dags must be true, false or a list of dag_ids")
    if value and schema_version < SCHEMA_VERSIONS["3.4"]:
        raise tool.error(
            '[tool.dagfloe] native-dags needs Airflow 3.4: add airflow = "3.4", or remove native-dags and use stub Dags'
        )
    return value if isinstance(value, bool) else tuple(value)


def read_parse_setting(tool: Table, native_dags: bool | tuple[str, ...]) -> bool:
    """Whether `native-dags-at` in [tool.dagfloe] says that the program makes the native Dags at each parse.

    Args:
        tool: the table.
        native_dags: what `native-dags` says.

    Raises:
        PackError: if `native-dags-at` is neither `build` nor `parse`, or the bundle has no native Dags.
    """
    value = tool.value("native-dags-at", "build")
    if value not in ("build", "parse"):
        raise tool.error(f'[tool.dagfloe] native-dags-at is {value!r}: write "build" or "parse"')
    if value == "parse" and not native_dags:
        raise tool.error("[tool.dagfloe] native-dags-at needs native Dags: set native-dags, or remove native-dags-at")
    return bool(value == "parse")


def read_host_target(tool: Table) -> HostTarget | None:
    """The value of `target` in [tool.dagfloe]; None if the project does not set it.

    Args:
        tool: the table.

    Raises:
        PackError: if it is not a target.
    """
    value = tool.value("target", None)
    if value is None:
        return None
    if value == AIRFLOW_IMAGE:
        return HostTarget(AIRFLOW_IMAGE, platform.machine(), "glibc", _AIRFLOW_GLIBC)
    match = _TARGET_FORMAT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise tool.error(
            f"[tool.dagfloe] target is {value!r}: write linux-PROCESSOR-glibcVERSION such as linux-x86_64-glibc2.28, "
            f"linux-PROCESSOR-musl, or {AIRFLOW_IMAGE}"
        )
    return HostTarget(match[0], match[1], match[2] or match[3], match[4] or "")


def find_schema_version(start: Path) -> str:
    """The version of the supervisor's schema that the project of a file or folder uses.

    The project is that of the nearest `pyproject.toml`, in the folder or above it. Outside of a project it is the
    default version.

    Args:
        start: the file or folder.

    Raises:
        PackError: if the `pyproject.toml` cannot be read, is not TOML, or names an Airflow that dagfloe does not
            support.
    """
    tool = _find_tool_table(start)
    return DEFAULT_SCHEMA_VERSION if tool is None else read_schema_version(tool)


def find_names_setting(start: Path) -> bool:
    """Whether the project of a file or folder, found as by `find_schema_version`, has `airflow-names`.

    Args:
        start: the file or folder.

    Raises:
        PackError: if the `pyproject.toml` cannot be read, is not TOML, or the setting is wrong.
    """
    tool = _find_tool_table(start)
    return tool is not None and tool.flag("airflow-names")


def _find_tool_table(start: Path) -> Table | None:
    """The table [tool.dagfloe] of the nearest `pyproject.toml`; None without one."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            document = read_pyproject(folder)
            tool = document.value("tool", None)
            has_table = isinstance(tool, dict) and isinstance(tool.get("dagfloe"), dict)
            return document.table("tool.dagfloe") if has_table else None
    return None
