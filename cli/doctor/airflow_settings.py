"""The settings of the Airflow that is configured on a host, read as Airflow does, without importing it.

They may be secret: errors name a setting or a line, and never show a value.
"""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)


class SettingError(ValueError):
    """A setting that cannot be read."""


class ElsewhereError(SettingError):
    """A setting that is kept where nobody looks here."""


class AirflowSettings:
    """The configuration file and the environment, which goes before it.

    Args:
        env: the environment.

    Raises:
        SettingError: when the file cannot be read.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.home = Path(env.get("AIRFLOW_HOME") or "~/airflow").expanduser()
        self.file = Path(env.get("AIRFLOW_CONFIG") or self.home / "airflow.cfg").expanduser()
        self._parser = configparser.RawConfigParser()
        try:
            self._parser.read_string(self.file.read_text("utf-8") if self.file.exists() else "")
        except OSError as error:
            raise SettingError(f"{self.file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SettingError(f"{self.file} is not UTF-8") from None
        except configparser.Error as error:
            line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", [])), ("?",))[0]
            raise SettingError(f"{self.file} is no configuration file: see line {line}") from None

    @property
    def are_there(self) -> bool:
        """Whether there is an Airflow at all."""
        return self.file.exists() or any(name.startswith("AIRFLOW__") for name in self._env)

    def text(self, section: str, key: str) -> str:
        """A setting; empty when it is not set.

        Raises:
            ElsewhereError: when it is given by a command or a secrets backend.
        """
        variable = f"AIRFLOW__{section.upper()}__{key.upper()}"
        if variable in self._env:
            return self._expand(self._env[variable])
        if self._parser.has_option(section, key):
            return self._expand(self._parser.get(section, key))
        for suffix in ("_cmd", "_secret"):
            if variable + suffix.upper() in self._env or self._parser.has_option(section, key + suffix):
                raise ElsewhereError(f"[{section}] {key} is given by {key}{suffix}, which is not looked at here")
        return ""

    def _expand(self, text: str) -> str:
        """Put in the values of environment variables, as Airflow does in any setting."""
        return _VARIABLE.sub(lambda found: self._env.get(found[1] or found[2], found[0]), text)

    def json(self, section: str, key: str, empty: Any) -> Any:
        """A setting that is JSON, of the type of what stands for none.

        Raises:
            SettingError: when it is not.
        """
        text = self.text(section, key)
        if not text.strip():
            return empty
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            place = f", at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            raise SettingError(f"[{section}] {key} is not JSON{place}") from None
        if not isinstance(value, type(empty)):
            expected = "list" if isinstance(empty, list) else "object"
            raise SettingError(f"[{section}] {key} is no {expected} in JSON")
        return value
