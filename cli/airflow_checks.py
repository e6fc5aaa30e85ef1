"""Whether the Airflow that is configured on a host finds its bundle files. Airflow itself is not imported.

Values of its configuration may be secret: none is shown but names of coordinators and queues, and folders.
"""

from __future__ import annotations

import configparser
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.build.bundle_file import read_bundle
from dagfloe.build.errors import PackError
from dagfloe.cli.checks import FAILED, OK, WARNING, Check
from dagfloe.cli.file_checks import problem_on_host
from dagfloe.cli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLASS = "airflow.sdk.coordinators.executable.ExecutableCoordinator"
_COORDINATORS, _QUEUES = "coordinators", "queue_to_coordinator"
_ADVICE = (
    f"""write coordinators = {{"dagfloe": {{"classpath": "{_CLASS}", "kwargs": {{"executables_root": [FOLDER]}}}}}}"""
)


class SettingError(ValueError):
    """A setting that cannot be read; the text has nothing of its value."""


class ElsewhereError(SettingError):
    """A setting that is kept where doctor does not look."""


def check_airflow(env: Mapping[str, str]) -> Iterator[Check]:
    """What Airflow's configuration says of coordinators, and the bundle files in the folders that it names."""
    home = Path(env.get("AIRFLOW_HOME") or Path("~/airflow").expanduser())
    file = Path(env.get("AIRFLOW_CONFIG") or home / "airflow.cfg")
    if not file.exists() and not any(name.startswith("AIRFLOW__SDK__") for name in env):
        yield Check("Airflow", OK, f"no configuration of it here: there is no {file}")
        return
    try:
        section = _read_section(file)
        coordinators = _read(section, env, _COORDINATORS)
        queues = _read(section, env, _QUEUES)
    except ElsewhereError as error:
        yield Check("Airflow", WARNING, str(error), "see there that it names the folder of the bundle files")
        return
    except SettingError as error:
        yield Check("Airflow", FAILED, str(error), "correct it: Airflow would not start a task of a bundle file either")
        return
    ours = {name: told for name, told in coordinators.items() if _is_ours(told)}
    if not ours:
        yield Check("coordinators", WARNING, "none is for bundle files", f"in [sdk] {_ADVICE}")
        return
    yield Check("coordinators", OK, f"for bundle files: {one_line(', '.join(ours))}")
    yield _check_queues(queues, set(coordinators), set(ours))
    seen: dict[str, Path] = {}
    folders = dict.fromkeys(each for told in ours.values() for each in _roots(told))
    for folder in folders:
        yield from _check_folder(folder, seen)
    if not folders:
        yield Check("bundle folder", FAILED, "executables_root names none", f"in [sdk] {_ADVICE}")


def _read_section(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(file.read_text("utf-8") if file.exists() else "")
    except OSError as error:
        raise SettingError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(f"{file} is not UTF-8") from None
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", [])), ("?",))[0]
        raise SettingError(f"{file} is no configuration file: see line {line}") from None
    return dict(parser["sdk"]) if parser.has_section("sdk") else {}


def _read(section: Mapping[str, str], env: Mapping[str, str], key: str) -> dict[str, Any]:
    """A setting that is a JSON mapping; the environment goes before the file. Empty where it is not set."""
    variable = f"AIRFLOW__SDK__{key.upper()}"
    where, text = (variable, env[variable]) if variable in env else (f"[sdk] {key}", section.get(key, ""))
    if not text.strip():
        for suffix in ("_cmd", "_secret"):
            if f"{key}{suffix}" in section or f"{variable}{suffix.upper()}" in env:
                raise ElsewhereError(f"[sdk] {key} is given by {key}{suffix}, which is not looked at here")
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f", at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise SettingError(f"{where} is not JSON{place}") from None
    if not isinstance(value, dict):
        raise SettingError(f"{where} is no JSON object")
    return value


def _is_ours(told: object) -> bool:
    return isinstance(told, dict) and str(told.get("classpath")).endswith(".ExecutableCoordinator")


def _roots(told: Mapping[str, Any]) -> list[Path]:
    kwargs = told.get("kwargs")
    roots = kwargs.get("executables_root") if isinstance(kwargs, dict) else None
    listed = roots if isinstance(roots, list) else [roots]
    return [Path(each) for each in listed if isinstance(each, str) and each]


def _check_queues(queues: Mapping[str, Any], known: set[str], ours: set[str]) -> Check:
    lost = sorted(str(queue) for queue, name in queues.items() if str(name) not in known)
    if lost:
        text = f"the coordinator of {one_line(', '.join(lost))} is not among the coordinators"
        return Check("queues", FAILED, text, "in [sdk] correct queue_to_coordinator")
    found = sorted(str(queue) for queue, name in queues.items() if str(name) in ours)
    if not found:
        cure = f'in [sdk] write queue_to_coordinator = {{"dagfloe": "{min(ours)}"}}'
        return Check("queues", WARNING, "none leads to bundle files", cure)
    return Check("queues", OK, f"to bundle files: {one_line(', '.join(found))}")


def _check_folder(folder: Path, seen: dict[str, Path]) -> Iterator[Check]:
    """A folder of bundle files; `seen` holds the files by the Dags that were found in other folders."""
    name, shown = "bundle folder", one_line(str(folder))
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        what = "cannot be read" if folder.exists() else "is not there"
        yield Check(name, FAILED, f"{shown} {what}", "make it, or correct executables_root; Airflow's user reads it")
        return
    bundles: list[str] = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            bundle = read_bundle(path)
            dag_ids = sorted(map(str, bundle.manifest["dags"]))
        except (PackError, LookupError, TypeError):
            continue  # Airflow passes over other files, too
        bundles.append(path.name)
        yield from _check_bundle(path, dag_ids, problem_on_host(bundle), seen)
    yield Check(
        name, OK if bundles else WARNING, f"{shown}: {len(bundles)} bundle files", "" if bundles else "put some"
    )


def _check_bundle(path: Path, dag_ids: list[str], problem: str, seen: dict[str, Path]) -> Iterator[Check]:
    name, dags = "bundle file", one_line(", ".join(dag_ids))
    twice = [dag_id for dag_id in dag_ids if dag_id in seen]
    seen.update(dict.fromkeys(dag_ids, path))
    shown = one_line(str(path))
    if problem:
        yield Check(name, FAILED, f"{shown}: {problem}", "build it for this host")
    elif not os.access(path, os.X_OK):
        yield Check(name, FAILED, f"{shown} is not executable", f"chmod +x {shown}")
    elif twice:
        yield Check(name, WARNING, f"{shown}: other files have {one_line(', '.join(twice))}, too", "remove one of them")
    else:
        yield Check(name, OK, f"{shown}: {dags}")
