"""The settings of the Airflow that is configured on this host, read as Airflow does, without importing it.

Settings may be secret: errors name a setting or a line, and never show a value.
"""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.format.regular_file import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)


class SettingError(ValueError):
    """A setting cannot be read."""


class ExternalSettingError(SettingError):
    """A setting gets its value from a place that dagfloe does not read."""


class AirflowSettings:
    """Airflow's configuration file, and the environment variables that override it.

    Args:
        env: the environment.

    Attributes:
        home: Airflow's folder.
        file: the configuration file; it may not exist.

    Raises:
        SettingError: if the file cannot be read.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.home = _expand_home(env.get("AIRFLOW_HOME") or "~/airflow")
        self.file = _expand_home(env.get("AIRFLOW_CONFIG") or str(self.home / "airflow.cfg"))
        self._parser = configparser.RawConfigParser()
        try:
            self._parser.read_string(read_text(self.file) if self.file.exists() else "")
        except OSError as error:
            raise SettingError(f"cannot read {self.file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SettingError(f"{self.file} is not UTF-8") from None
        except Exception as error:  # noqa: BLE001 - `configparser` raises errors of other classes than its own, too
            line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", [])), ("?",))[0]
            raise SettingError(f"{self.file} is not a valid configuration file: see line {line}") from None

    @property
    def exist(self) -> bool:
        """Whether this host has any settings of Airflow."""
        return self.file.exists() or any(name.startswith("AIRFLOW__") for name in self._env)

    def get(self, section: str, key: str) -> str:
        """Return a setting, or an empty string if it is not set.

        Raises:
            ExternalSettingError: if a command or a secrets backend gives its value.
        """
        variable = f"AIRFLOW__{section.upper()}__{key.upper()}"
        if variable in self._env:
            return self._expand(self._env[variable])
        if self._parser.has_option(section, key):
            return self._expand(self._parser.get(section, key))
        for suffix in ("_cmd", "_secret"):
            if variable + suffix.upper() in self._env or self._parser.has_option(section, key + suffix):
                raise ExternalSettingError(f"[{section}] {key} comes from {key}{suffix}, which dagfloe does not read")
        return ""

    def get_json(self, section: str, key: str, default: Any) -> Any:
        """Return a setting that is a JSON list or object, or `default` if it is not set.

        Args:
            section: the section of the setting.
            key: its name.
            default: a value of the expected type.

        Raises:
            SettingError: if the setting is not JSON, or of another type.
        """
        text = self.get(section, key)
        if not text.strip():
            return default
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            raise SettingError(f"[{section}] {key} is not valid JSON{place}") from None
        if not isinstance(value, type(default)):
            expected = "list" if isinstance(default, list) else "object"
            raise SettingError(f"[{section}] {key} is not a JSON {expected}")
        return value

    def _expand(self, text: str) -> str:
        """Replace environment variables by their values, as Airflow does in any setting."""
        return _VARIABLE.sub(lambda match: self._env.get(match[1] or match[2], match[0]), text)


def _expand_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise SettingError(f"this user has no home folder for {path}: set AIRFLOW_HOME") from None
