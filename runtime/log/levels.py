"""The log levels that Airflow's two settings enable, read from the environment. Pure."""

from __future__ import annotations

import logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LEVEL_VARIABLE = "AIRFLOW__LOGGING__LOGGING_LEVEL"
NAMESPACES_VARIABLE = "AIRFLOW__LOGGING__NAMESPACE_LEVELS"

_NUMBERS = {
    "CRITICAL": logging.CRITICAL,
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARNING": logging.WARNING,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
    "NOTSET": logging.DEBUG,
}
#: The level names that the supervisor accepts. It drops records with any other level.
_NAMES = (
    (logging.CRITICAL, "critical"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)


def level_name(number: int) -> str:
    """The highest of the supervisor's level names that is not above a level number."""
    for lowest, name in _NAMES:
        if number >= lowest:
            return name
    return "debug"


class Levels:
    """The lowest enabled level of a logger, by the longest dotted prefix of its name.

    Args:
        root: the level of loggers without a setting.
        namespaces: levels by dotted prefix.
    """

    def __init__(self, root: int, namespaces: Mapping[str, int]) -> None:
        self.root = root
        self.namespaces = dict(namespaces)
        self._known: dict[str, int] = {}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Levels:
        """Read the settings. Malformed entries are ignored; a malformed root level is INFO.

        Args:
            environment: the environment variables.
        """
        namespaces = {}
        for entry in environment.get(NAMESPACES_VARIABLE, "").replace(",", " ").split():
            name, separator, level = entry.partition("=")
            if name and separator and level.upper() in _NUMBERS:
                namespaces[name] = _NUMBERS[level.upper()]
        root = _NUMBERS.get(environment.get(LEVEL_VARIABLE, "").strip().upper(), logging.INFO)
        return cls(root, namespaces)

    def is_enabled(self, name: str, number: int) -> bool:
        """Whether records of this logger and level are sent.

        Args:
            name: the logger's name.
            number: the level's number.
        """
        level = self._known.get(name)
        if level is None:
            level = self._known[name] = self._level(name)
        return number >= level

    def _level(self, name: str) -> int:
        prefix = name
        while prefix:
            if prefix in self.namespaces:
                return self.namespaces[prefix]
            prefix = prefix.rpartition(".")[0]
        return self.root
