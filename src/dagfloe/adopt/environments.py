"""The environment that an isolated task asks for: requirements, Python, variables. Each becomes a project. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dagfloe.adopt.reading.values import Unknown, is_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagfloe.adopt.reading.values import Site

#: The distributions that have Airflow's names.
_AIRFLOW = ("apache-airflow", "apache-airflow-core", "apache-airflow-task-sdk")
#: The oldest Python that dagfloe supports, as a minor version.
_OLDEST_MINOR, _NEWEST_MINOR = 10, 14
_ANY_PYTHON = f">=3.{_OLDEST_MINOR}"


@dataclass(frozen=True)
class Problem:
    """Why a task cannot be moved, or what is different after it was moved.

    Attributes:
        line: the line of the Dag file.
        why: the reason.
        advice: what to write instead.
    """

    line: int
    why: str
    advice: str


@dataclass(frozen=True)
class Environment:
    """What tasks of one project share.

    Attributes:
        requirements: the packages, as in `dependencies`.
        requires_python: the versions of Python.
        variables: environment variables that are set before a task runs.
        indexes: the URLs of package indexes.
        python: the Python of an external environment, whose packages are unknown; an empty string for none.
        is_open: whether the packages are those of Airflow's environment, or of another one, which is unknown.
    """

    requirements: tuple[str, ...] = ()
    requires_python: str = _ANY_PYTHON
    variables: tuple[tuple[str, str], ...] = ()
    indexes: tuple[str, ...] = ()
    python: str = ""
    is_open: bool = False


@dataclass
class Reading:
    """What the options of a task say.

    Attributes:
        environment: its environment.
        problems: why it cannot be moved.
        notes: what is left out of the project.
    """

    environment: Environment = field(default_factory=Environment)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


#: The options that say how a Python is started. The Dag file does not need them any more.
ISOLATION_OPTIONS = frozenset(
    """
    env_vars expect_airflow expect_pendulum index_urls index_urls_from_connection_ids inherit_env pip_install_options
    python python_version requirements serializer show_return_value_in_logs skip_on_exit_code string_args
    system_site_packages templates_dict templates_exts use_dill venv_cache_path
    """.split()  # noqa: SIM905 - as a list it would be a page long
)


def is_isolated(flavor: str) -> bool:
    """Whether a kind of task runs in an environment of its own."""
    return flavor.removeprefix("branch_") in ("virtualenv", "external_python")


def read_environment(site: Site, options: Mapping[str, Any]) -> Reading:
    """Read the environment of a task.

    Args:
        site: where the task is created.
        options: the values of its options.
    """
    return _Reader(site, options).read()


class _Reader:
    """Reads the options of one task."""

    def __init__(self, site: Site, options: Mapping[str, Any]) -> None:
        self._site = site
        self._options = options
        self._reading = Reading(Environment(is_open=not is_isolated(site.flavor)))

    def read(self) -> Reading:
        """Read all options."""
        for name in sorted(ISOLATION_OPTIONS & self._options.keys() - {"python", "venv_cache_path", "requirements"}):
            if isinstance(self._options[name], Unknown):
                self._refuse(name, f"its {name} cannot be read", "write the value")
        if self._site.flavor.endswith("external_python"):
            python = self._options.get("python")
            self._set(is_open=True, python=python if isinstance(python, str) else "")
        requirements, problem = read_requirements(self._options.get("requirements"))
        if problem is not None:
            self._refuse("requirements", *problem)
        own = tuple(text for text in requirements if canonicalize_name(Requirement(text).name) not in _AIRFLOW)
        for text in requirements:
            if text not in own:
                self._note(
                    "requirements",
                    f"{text} is left out: the bundle file has the names of Airflow that the function uses",
                    "there is nothing to write",
                )
        self._set(requirements=own)
        self._read_python()
        self._read_variables()
        self._read_indexes()
        self._refuse_what_airflow_does()
        if self._options.get("pip_install_options"):
            self._note(
                "pip_install_options",
                "pip_install_options is left out: uv installs the packages of a build",
                "write what is still needed into [tool.uv] of pyproject.toml",
            )
        return self._reading

    def _value(self, name: str) -> Any:
        """The value of an option; None also if it cannot be read."""
        value = self._options.get(name)
        return None if isinstance(value, Unknown) else value

    def _set(self, **fields: Any) -> None:
        self._reading.environment = replace(self._reading.environment, **fields)

    def _line(self, name: str) -> int:
        return int(getattr(self._site.nodes.get(name), "lineno", self._site.line))

    def _refuse(self, name: str, why: str, advice: str) -> None:
        self._reading.problems.append(Problem(self._line(name), why, advice))

    def _note(self, name: str, why: str, advice: str) -> None:
        self._reading.notes.append(Problem(self._line(name), why, advice))

    def _read_python(self) -> None:
        version = self._value("python_version")
        if version is None:
            return
        requires = _requires_python(version)
        if requires is not None:
            self._set(requires_python=requires)
            return
        self._refuse(
            "python_version",
            f"its python_version is {version!r}: bundle files have Python 3.{_OLDEST_MINOR} to 3.{_NEWEST_MINOR}",
            "choose one of these versions",
        )

    def _read_variables(self) -> None:
        variables = self._value("env_vars") or {}
        if not isinstance(variables, dict) or not all(
            isinstance(key, str) and isinstance(value, str) for key, value in variables.items()
        ):
            self._refuse("env_vars", "its env_vars cannot be read", "write them as a dict of strings")
        elif any("{{" in value for value in variables.values()):
            self._refuse("env_vars", "its env_vars are templates", "render them in the function, or write the values")
        else:
            self._set(variables=tuple(sorted(variables.items())))

    def _read_indexes(self) -> None:
        indexes = self._value("index_urls") or []
        indexes = [indexes] if isinstance(indexes, str) else indexes
        if not isinstance(indexes, (list, tuple)) or not all(isinstance(item, str) for item in indexes):
            self._refuse("index_urls", "its index_urls cannot be read", "write them as a list of strings")
        elif any("{{" in item for item in indexes):
            self._refuse("index_urls", "its index_urls are templates", "write the URLs")
        else:
            self._set(indexes=tuple(indexes))
        if self._options.get("index_urls_from_connection_ids"):
            self._note(
                "index_urls_from_connection_ids",
                "index_urls_from_connection_ids is left out: a build does not ask Airflow for connections",
                "set UV_INDEX when you build, or write the index into pyproject.toml",
            )

    def _refuse_what_airflow_does(self) -> None:
        """Refuse what Airflow does around a task in an environment of its own, and a bundle file does not do."""
        serializer = "dill" if self._value("use_dill") is True else self._value("serializer")
        if serializer not in (None, "pickle"):
            self._note(
                "serializer" if "serializer" in self._options else "use_dill",
                f"{serializer} is left out: arguments and results pass as XComs",
                "return values that Airflow can store, as in any task",
            )
        if self._value("expect_airflow") is True:
            self._refuse(
                "expect_airflow",
                "expect_airflow=True: it expects Airflow itself in its environment",
                "remove the option if the function uses only names of airflow.sdk; a bundle file has these",
            )
        if self._value("skip_on_exit_code") not in (None, [], ()):
            self._refuse(
                "skip_on_exit_code",
                "it is skipped by its exit code",
                "raise AirflowSkipException in the function instead of sys.exit",
            )
        if self._value("string_args"):
            self._refuse("string_args", "string_args sets a global variable", "pass the strings as an argument")
        if self._value("inherit_env") is False:
            self._refuse(
                "inherit_env",
                "inherit_env=False: a bundle file inherits the environment of the worker",
                "remove the option if the function does not depend on it",
            )
        templates = [name for name in ("templates_dict", "templates_exts") if self._value(name)]
        if templates:
            self._refuse(templates[0], f"{templates[0]} is rendered by Airflow", "pass the templates as arguments")


def read_requirements(value: Any) -> tuple[tuple[str, ...], tuple[str, str] | None]:
    """The requirements of an option.

    Args:
        value: the option's value.

    Returns:
        The requirements, sorted; and why they cannot be read with advice, or None.
    """
    advice = "write them as a list of strings, such as ['pandas==2.2.3']"
    if isinstance(value, str):
        if value.strip().endswith(".txt"):
            return (), (f"its requirements are in the file {value.strip()}", advice)
        value = value.splitlines()
    if not isinstance(value, (list, tuple, set, frozenset, type(None))) or not is_known(value):
        return (), ("its requirements cannot be read", advice)
    found = set()
    for item in value or ():
        stripped = re.sub(r"(^|\s)#.*$", "", str(item)).strip()
        if stripped:
            problem = _requirement_problem(stripped)
            if problem is not None:
                return (), problem
            found.add(stripped)
    return tuple(sorted(found, key=str.lower)), None


def _requirement_problem(text: str) -> tuple[str, str] | None:
    if "{{" in text or "{%" in text:
        return "its requirements are a template", "write them as a list of strings, such as ['pandas==2.2.3']"
    try:
        Requirement(text)
    except InvalidRequirement:
        return (
            f"its requirement {text!r} is not in the form that pyproject.toml has",
            "write NAME==VERSION, or NAME @ URL",
        )
    return None


def _requires_python(version: Any) -> str | None:
    match = re.fullmatch(r"3(?:\.(\d+)(?:\.\d+)?)?", str(version).strip())
    if match is None:
        return None
    if match[1] is None:
        return _ANY_PYTHON
    minor = int(match[1])
    return f">=3.{minor},<3.{minor + 1}" if _OLDEST_MINOR <= minor <= _NEWEST_MINOR else None
