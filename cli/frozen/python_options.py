"""Parses the command line of a Python: the options that CPython knows, with its messages. Pure.

A task's process starts its own program in this way, as in `subprocess.run([sys.executable, "-m", "tool"])`.
"""

from __future__ import annotations

import sys

from dagfloe.errors import DagfloeError
from dagfloe.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The options without a value. The others take the rest of their argument or the next one.
_SWITCHES = "bBdEhiIOqRsStuvVx?"
#: The option that Python 3.11 has added.
_SAFE_PATH = "P" if sys.version_info >= (3, 11) else ""
_PYC_CHECKS = ("always", "default", "never")
#: What Python 3.14 says of every unknown option, and older ones of those with one letter.
_UNKNOWN = "Unknown option: {}"
_UNKNOWN_LONG = _UNKNOWN if sys.version_info >= (3, 14) else "unknown option {}"


class PythonUsageError(DagfloeError):
    """The command line is not one of a Python. The message is CPython's, without the usage."""


class PythonOptions(Record):
    """What a command line of Python asks for.

    Attributes:
        kind: `command`, `module`, `file` or `stdin`.
        target: the code, the module's name or the path.
        arguments: what follows it.
        switches: the letters of the options without a value, as often as they were given.
        warnings: the values of `-W`.
        extensions: the values of `-X`.
    """

    kind: str
    target: str = ""
    arguments: tuple[str, ...] = ()
    switches: str = ""
    warnings: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()

    @property
    def ignores_environment(self) -> bool:
        """Whether the variables that begin with `PYTHON` count for nothing."""
        return "E" in self.switches or "I" in self.switches


def read_options(arguments: Sequence[str]) -> PythonOptions:
    """Parse the arguments of a Python.

    Args:
        arguments: the arguments, without the program.

    Raises:
        PythonUsageError: if CPython would not accept them.
    """
    rest = list(arguments)
    switches = ""
    values: dict[str, list[str]] = {"c": [], "m": [], "W": [], "X": []}
    while rest and rest[0].startswith("-") and rest[0] != "-" and not values["c"] and not values["m"]:
        argument = rest.pop(0)
        if argument == "--":
            break
        switches += _read_long(argument, rest) if argument.startswith("--") else _read_letters(argument, rest, values)
    if values["c"]:
        kind, target = "command", values["c"][0]
    elif values["m"]:
        kind, target = "module", values["m"][0]
    else:
        target = rest.pop(0) if rest else ""
        kind = "file" if target not in ("", "-") else "stdin"
    return PythonOptions(
        kind=kind,
        target=target,
        arguments=tuple(rest),
        switches=switches,
        warnings=tuple(values["W"]),
        extensions=tuple(values["X"]),
    )


def _read_letters(argument: str, rest: list[str], values: dict[str, list[str]]) -> str:
    """The switches in an argument. Its value, if it ends with an option that takes one, is added to the values."""
    for index, letter in enumerate(argument[1:], 2):
        if letter in _SWITCHES + _SAFE_PATH:
            continue
        if letter not in values:
            raise PythonUsageError(_UNKNOWN.format(f"-{letter}"))
        if index == len(argument) and not rest:
            raise PythonUsageError(f"Argument expected for the -{letter} option")
        values[letter].append(argument[index:] or rest.pop(0))
        return argument[1 : index - 1]
    return argument[1:]


def _read_long(argument: str, rest: list[str]) -> str:
    """The switch that a long option stands for."""
    if argument in ("--help", "--help-all", "--help-env", "--help-xoptions"):
        return "h"
    if argument == "--version":
        return "V"
    if argument != "--check-hash-based-pycs":
        raise PythonUsageError(_UNKNOWN_LONG.format(argument))
    if not rest:
        raise PythonUsageError(f"Argument expected for the {argument} options")
    if rest.pop(0) not in _PYC_CHECKS:
        raise PythonUsageError(f"{argument} must be one of 'default', 'always', or 'never'")
    return ""


def read_environment(options: PythonOptions, environment: Mapping[str, str]) -> PythonOptions:
    """Add what the variables of Python ask for, unless the options make Python ignore them.

    Args:
        options: the options of the command line.
        environment: the environment.
    """
    if options.ignores_environment:
        return options
    names = {
        "PYTHONDONTWRITEBYTECODE": "B",
        "PYTHONUNBUFFERED": "u",
        "PYTHONSAFEPATH": _SAFE_PATH,
        "PYTHONNOUSERSITE": "s",
        "PYTHONVERBOSE": "v",
    }
    switches = options.switches + "".join(letter for name, letter in names.items() if environment.get(name))
    level = environment.get("PYTHONOPTIMIZE", "")
    if level:
        switches += "O" * (int(level) if level.isdecimal() and int(level) < 3 else 1)
    warnings = [item for item in environment.get("PYTHONWARNINGS", "").split(",") if item]
    named = {"PYTHONDEVMODE": "dev", "PYTHONFAULTHANDLER": "faulthandler"}
    extensions = [extension for name, extension in named.items() if environment.get(name)]
    if environment.get("PYTHONTRACEMALLOC", "0") != "0":
        extensions.append(f"tracemalloc={environment['PYTHONTRACEMALLOC']}")
    return PythonOptions(
        kind=options.kind,
        target=options.target,
        arguments=options.arguments,
        switches=switches,
        warnings=(*warnings, *options.warnings),
        extensions=(*extensions, *options.extensions),
    )
