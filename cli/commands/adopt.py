"""`dagfloe adopt`."""

from __future__ import annotations

import difflib
import json
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from packaging.requirements import InvalidRequirement, Requirement

from dagfloe import __version__
from dagfloe.cli.doctor.airflow_version import find_version, release_of
from dagfloe.cli.doctor.coordinator_checks import COORDINATOR_CLASS, DAG_BUNDLE_RELEASE
from dagfloe.cli.doctor.dag_bundles import DEFAULT_BUNDLE, LOCAL_BUNDLE
from dagfloe.cli.error_handling import exit_on_error
from dagfloe.cli.options import json_option
from dagfloe.cli.pair_options import check_text, check_texts
from dagfloe.cli.show.terminal_text import escape_controls, to_one_line
from dagfloe.constants import EXIT_FAILURE
from dagfloe.errors import DagfloeError
from dagfloe.format.regular_file import read_text, write_output
from dagfloe.runtime.config import SCHEMA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dagfloe.adopt.adoption import Adoption
    from dagfloe.adopt.project import KnownProject

_ENVIRONMENT_TIMEOUT_S = 30.0
#: A folder of bundle files, in the settings that are shown.
_BUNDLES = "/opt/airflow/bundles"
#: Asks a Python for the distributions that have modules.
_ASK = """
import importlib.metadata as metadata, json, sys
found = metadata.packages_distributions()
print(json.dumps({
    name: f"{found[name][0]}=={metadata.version(found[name][0])}" for name in sys.argv[1:] if name in found
}))
"""


def _check_requirements(_ctx: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> Sequence[str]:
    for value in values:
        try:
            Requirement(value)
        except InvalidRequirement:
            raise click.BadParameter("write NAME==VERSION, or NAME @ URL") from None
    return values


@click.command()
@click.argument("dag_file", metavar="DAGFILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("adopted"),
    show_default=True,
    help="The folder for the projects, and for the new Dag file.",
)
@click.option(
    "--task", "task_ids", metavar="ID", multiple=True, callback=check_texts, help="Move this task, too. Repeatable."
)
@click.option("--all", "is_all", is_flag=True, help="Move all tasks that run a Python function.")
@click.option(
    "--requirement",
    "requirements",
    metavar="SPEC",
    multiple=True,
    callback=_check_requirements,
    help="A dependency of tasks whose requirements DAGFILE does not have, such as pandas==2.2.3. Repeatable.",
)
@click.option("--write", is_flag=True, help="Replace DAGFILE by the new Dag file.")
@click.option(
    "--native",
    "is_native",
    is_flag=True,
    help="If all tasks move, make the Dags native: no Dag file is left. Needs Airflow 3.4.",
)
@click.option("--diff", is_flag=True, help="Show how the new Dag file differs. Write nothing.")
@click.option(
    "--queue",
    metavar="NAME",
    show_default="the name of the project",
    callback=check_text,
    help="The queue of the tasks. Further projects add their own ending.",
)
@click.option(
    "--airflow",
    "release",
    type=click.Choice([*SCHEMA_VERSIONS]),
    default="3.3",
    show_default=True,
    help="The oldest release of Airflow that is to run the tasks.",
)
@json_option
@exit_on_error
def adopt(
    dag_file: Path,
    output: Path,
    task_ids: Sequence[str],
    requirements: Sequence[str],
    queue: str | None,
    release: str,
    *,
    is_all: bool,
    write: bool,
    is_native: bool,
    diff: bool,
    as_json: bool,
) -> None:
    """Move tasks of the Dag file DAGFILE into bundles.

    It moves the tasks that run in an environment of their own, such as those of @task.virtualenv, and those that you
    name. It reads DAGFILE without running it, and needs no Airflow. Each set of requirements becomes a project; the new
    Dag file has a stub for each task. The exit status is 1 if a task cannot be moved.

    \b
    dagfloe adopt dags/sales.py --diff
    dagfloe adopt dags/sales.py --task report --write
    """
    from dagfloe.adopt.adoption import Surroundings  # noqa: PLC0415 - LibCST takes long to import
    from dagfloe.adopt.adoption import adopt as adopt_file  # noqa: PLC0415 - as above
    from dagfloe.adopt.plan import Choice  # noqa: PLC0415 - as above

    content = dag_file.read_bytes()
    folder = dag_file.resolve().parent
    known = dict(_known_projects(output, dag_file))
    around = Surroundings(
        lambda module: bool(module) and ((folder / f"{module}.py").is_file() or (folder / module).is_dir()),
        _find_versions,
        known,
        __version__,
    )
    adoption = adopt_file(
        content,
        str(dag_file),
        dag_file.stem,
        Choice(task_ids, is_all, "3.4" if is_native else release, requirements, is_native),
        queue,
        around,
    )
    changes = _Changes()
    target = output / dag_file.name
    if not diff and adoption.projects:
        _write_projects(adoption, output, dag_file, changes)
        if write and not changes.kept:  # else the functions of the Dag file would be lost
            target = dag_file
        if adoption.dag_file:
            changes.write(target, adoption.dag_file)
        elif write and not changes.kept:
            dag_file.unlink()
            changes.written.append(dag_file)
    if as_json:
        click.echo(json.dumps(_describe(adoption, output, target, changes), indent=2))
    elif diff:
        _show_diff(dag_file, content, adoption.dag_file)
        _show_refusals(adoption, is_error=True)
    else:
        _show(adoption, output, dag_file, target, changes, release)
    if adoption.plan.refusals or adoption.native_problem or changes.kept:
        raise click.exceptions.Exit(EXIT_FAILURE)


@dataclass
class _Changes:
    """What was written.

    Attributes:
        written: new and changed files.
        same: files that had the content already.
        kept: what somebody changed, and was not written.
        gone: the tasks of projects that the Dag file does not have any more.
    """

    written: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    gone: list[tuple[Path, str, str]] = field(default_factory=list)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, unless it has the content already."""
        if path.is_file() and path.read_bytes() == content:
            self.same.append(path)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        write_output(path, content)
        self.written.append(path)


def _known_projects(output: Path, dag_file: Path) -> Iterator[tuple[str, KnownProject]]:
    """Yield the projects that an earlier run wrote for a Dag file."""
    from dagfloe.adopt.project import RECORD, KnownProject  # noqa: PLC0415 - as above

    for path in sorted(output.glob(f"*/{RECORD}")):
        record = _read_record(path)
        if record["dag_file"] == dag_file.name:
            tasks = tuple((str(dag_id), str(task_id)) for dag_id, task_id in record["tasks"])
            yield path.parent.name, KnownProject(record["queue"], tasks, record["environment"])


def _read_record(path: Path) -> dict[str, Any]:
    """Read what an earlier run wrote about a project.

    Raises:
        DagfloeError: if the file is damaged.
    """
    from dagfloe.adopt.project import NO_RECORD  # noqa: PLC0415 - as above

    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return dict(NO_RECORD)
    except (OSError, ValueError) as error:
        raise DagfloeError(f"{path} cannot be read: {error}. Remove it, and adopt the Dag file again") from error
    if not isinstance(record, dict) or not all(
        isinstance(record.get(name), type(value)) for name, value in NO_RECORD.items()
    ):
        raise DagfloeError(f"{path} is damaged. Remove it, and adopt the Dag file again")
    return record


def _write_projects(adoption: Adoption, output: Path, dag_file: Path, changes: _Changes) -> None:
    from dagfloe.adopt.project import RECORD, describe_environment  # noqa: PLC0415 - as above
    from dagfloe.adopt.update import update_files  # noqa: PLC0415 - as above

    for project in adoption.projects:
        root = output / project.name
        record = _read_record(root / RECORD)
        wanted = adoption.files[project.name]
        present = {name: read_text(root / name) for name in wanted if (root / name).is_file()}
        update = update_files(wanted, present, record["digests"])
        for name, text in update.files.items():
            changes.write(root / name, text.encode())
        changes.kept += [str(root / name) for name in update.kept]
        before = {(str(dag_id), str(task_id)) for dag_id, task_id in record["tasks"]}
        changes.gone += [(root, *task) for task in sorted(before - adoption.task_ids)]
        written = {
            "dag_file": dag_file.name,
            "queue": project.queue,
            "environment": describe_environment(project.environment),
            "tasks": sorted({*project.task_ids, *(before & adoption.task_ids)}),
            "digests": dict(sorted(update.digests.items())),
        }
        changes.write(root / RECORD, (json.dumps(written, indent=2) + "\n").encode())


def _find_versions(python: str, modules: Collection[str]) -> Mapping[str, str]:
    """Return the distributions that have modules: with the versions of a Python, if this host has it."""
    from dagfloe.adopt.distributions import distribution_of  # noqa: PLC0415 - as above

    found = {module: distribution_of(module) for module in modules}
    if python and Path(python).is_file() and os.access(python, os.X_OK):
        try:
            done = subprocess.run(
                [python, "-I", "-c", _ASK, *modules],
                capture_output=True,
                check=True,
                timeout=_ENVIRONMENT_TIMEOUT_S,
                stdin=subprocess.DEVNULL,
            )
            found |= {str(key): str(value) for key, value in json.loads(done.stdout).items()}
        except (OSError, subprocess.SubprocessError, ValueError):
            pass  # the names stay without versions, and a note says so
    return found


# What is shown


def _show(adoption: Adoption, output: Path, dag_file: Path, target: Path, changes: _Changes, release: str) -> None:
    if not adoption.projects and not adoption.plan.refusals:
        click.echo(f"Nothing to move: {to_one_line(str(dag_file))} has no isolated tasks.")
        if adoption.plan.others:
            click.echo("To move other tasks that run a Python function, name them with --task ID, or use --all.")
        return
    _show_moved(adoption, output)
    _show_refusals(adoption)
    for path in changes.kept:
        click.echo(to_one_line(f"Not written, because somebody changed it: {path}"))
    for root, dag_id, task_id in changes.gone:
        click.echo(to_one_line(f"Not in the Dag file any more: {dag_id}.{task_id}. Delete it from {root}"))
    if not adoption.projects:
        return
    if not changes.written:
        click.echo("All files are up to date.")
        return
    _show_next_steps(adoption, output, dag_file, target, release)


def _show_next_steps(adoption: Adoption, output: Path, dag_file: Path, target: Path, release: str) -> None:
    if adoption.native_problem:
        click.echo(to_one_line(f"The Dags need a Dag file: {adoption.native_problem}."))
    if adoption.dag_file:
        click.echo(to_one_line(f"New Dag file: {target}"))
    else:
        click.echo(to_one_line(f"The Dags are native: Airflow does not need {dag_file} any more."))
    click.echo("\nNext:\n")
    for project in adoption.projects:
        click.echo(to_one_line(f"  dagfloe build {shlex.quote(str(output / project.name))}"))
    if adoption.dag_file:
        click.echo("\n" + escape_controls(_settings(adoption, release)))
    else:
        click.echo("\nCopy the bundle file into Airflow's Dags folder. `dagfloe settings` prints the settings for it.")


def _show_moved(adoption: Adoption, output: Path) -> None:
    for project in adoption.projects:
        label = click.style(to_one_line(str(output / project.name)), bold=True)
        click.echo(f"{label}  queue {to_one_line(project.queue)}")
        for unit in project.units:
            for task in unit.tasks:
                click.echo("  " + to_one_line(f"line {task.line}: {task.dag.dag_id}.{task.task_id}"))
            for note in unit.notes:
                click.echo("    " + to_one_line(f"line {note.line}: {note.why}; {note.advice}"))


def _show_refusals(adoption: Adoption, *, is_error: bool = False) -> None:
    if adoption.plan.refusals:
        click.echo(click.style("Not moved:", fg="yellow"), err=is_error)
    for refusal in adoption.plan.refusals:
        place = f"line {refusal.problem.line}: " if refusal.problem.line else ""
        name = f"{refusal.dag_id}.{refusal.name}" if refusal.dag_id else refusal.name
        click.echo("  " + to_one_line(f"{place}{name}: {refusal.problem.why}; {refusal.problem.advice}"), err=is_error)


def _show_diff(path: Path, before: bytes, after: bytes) -> None:
    old, new = (content.decode("utf-8", "replace").splitlines(keepends=True) for content in (before, after))
    lines = difflib.unified_diff(old, new, str(path), f"{path} (adopted)")
    click.echo(escape_controls("".join(line if line.endswith("\n") else f"{line}\n" for line in lines)), nl=False)


def _settings(adoption: Adoption, release: str) -> str:
    """Return the settings of airflow.cfg with which a worker finds each project's bundle file, by its queue."""
    number = release_of(find_version(os.environ)) or release_of(release) or (3, 3)
    folders = {project.queue: f"{_BUNDLES}/{project.name}" for project in adoption.projects}
    lines = [
        f"Put each bundle file into a folder of its own. Settings of airflow.cfg for Airflow {number[0]}.{number[1]}:",
        "",
    ]
    kwargs: dict[str, dict[str, Any]] = {}
    if number < DAG_BUNDLE_RELEASE:
        kwargs = {queue: {"executables_root": [folder]} for queue, folder in folders.items()}
    else:
        kwargs = {queue: {"task_handler_bundle_name": queue} for queue in folders}
        own = [
            json.dumps({"name": queue, "classpath": LOCAL_BUNDLE, "kwargs": {"path": folder}})
            for queue, folder in folders.items()
        ]
        lines += [
            "[dag_processor]",
            "dag_bundle_config_list = [",
            *(f"    {entry}," for entry in (json.dumps(DEFAULT_BUNDLE), *own[:-1])),
            f"    {own[-1]}]",
            "",
        ]
    entries = [
        f'"{queue}": ' + json.dumps({"classpath": COORDINATOR_CLASS, "kwargs": own_kwargs})
        for queue, own_kwargs in kwargs.items()
    ]
    lines += ["[sdk]", "coordinators = {", *(f"    {entry}," for entry in entries[:-1]), f"    {entries[-1]}}}"]
    lines.append(f"queue_to_coordinator = {json.dumps({queue: queue for queue in folders})}")
    return "\n".join(lines)


def _describe(adoption: Adoption, output: Path, target: Path, changes: _Changes) -> dict[str, Any]:
    return {
        "dag_file": str(target) if adoption.dag_file else None,
        "projects": [
            {
                "folder": str(output / project.name),
                "name": project.name,
                "queue": project.queue,
                "airflow_names": project.uses_airflow,
                "dependencies": list(project.dependencies),
            }
            for project in adoption.projects
        ],
        "moved": [
            {
                "dag_id": task.dag.dag_id,
                "task_id": task.task_id,
                "line": task.line,
                "project": project.name,
                "notes": [_problem(note) for note in unit.notes],
            }
            for project in adoption.projects
            for unit in project.units
            for task in unit.tasks
        ],
        "not_moved": [
            {"dag_id": refusal.dag_id, "name": refusal.name, **_problem(refusal.problem)}
            for refusal in adoption.plan.refusals
        ],
        "written": [str(path) for path in changes.written],
        "kept": changes.kept,
    }


def _problem(problem: Any) -> dict[str, Any]:
    """Return a problem's line, reason and advice."""
    return {"line": problem.line, "why": problem.why, "instead": problem.advice}
