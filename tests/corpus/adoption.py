"""Adopts Dag files and builds the projects: what a person does by hand, without the reading."""

from __future__ import annotations

import difflib
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.airflows import CACHE
from corpus.originals import copy_files, site_packages
from e2e.places import ROOT

if TYPE_CHECKING:
    from corpus.cases import Case

DAGFLOE = ROOT / ".venv" / "bin" / "dagfloe"
#: For one project, on a busy machine: it installs the dependencies and freezes them.
BUILD_DEADLINE_S = 900


@dataclass
class Adopted:
    """A Dag file that was adopted.

    Attributes:
        folder: has the new Dag file, and what was beside the old one.
        report: what `dagfloe adopt --json` says.
        bundles: the folder of bundle files of each queue.
        edits: the lines of the new Dag file that differ from the original.
        faults: what failed.
    """

    folder: Path
    report: dict[str, Any] = field(default_factory=dict)
    bundles: dict[str, Path] = field(default_factory=dict)
    edits: int = 0
    faults: list[str] = field(default_factory=list)


def adopt(version: str, case: Case) -> Adopted:
    """Adopt a Dag file, and build its projects.

    Args:
        version: of the Airflow that is to run them.
        case: the Dag file.
    """
    root = CACHE / version / "adopted" / case.name
    shutil.rmtree(root, ignore_errors=True)
    adopted = Adopted(root / "dags")
    adopted.folder.mkdir(parents=True)
    copy_files(version, [case], adopted.folder)
    source = case.files(site_packages(version))[0]
    release = ".".join(version.split(".")[:2])
    command = ["adopt", str(source), "--output", str(root / "projects"), "--airflow", release, "--json", *case.adopt]
    log = root / "adopt.log"
    done = _run(log, *command)
    try:
        adopted.report = json.loads(done.stdout)
    except ValueError:
        adopted.faults.append(f"dagfloe adopt ended with {done.returncode}: {_last(done)}; see {log}")
        return adopted
    new = Path(adopted.report["dag_file"])
    if adopted.report["projects"]:
        shutil.copy2(new, adopted.folder)
        before, after = (path.read_text("utf-8").splitlines() for path in (source, new))
        lines = difflib.unified_diff(before, after, n=0, lineterm="")
        adopted.edits = sum(line[0] in "+-" and line[:3] not in {"+++", "---"} for line in lines)
    for project in adopted.report["projects"]:
        bundles = CACHE / version / "bundles" / project["queue"]
        log = root / f"{project['name']}.log"
        done = _run(log, "build", project["folder"], "--output", str(bundles))
        if done.returncode:
            adopted.faults.append(f"dagfloe build ended with {done.returncode}: {_last(done)}; see {log}")
        adopted.bundles[project["queue"]] = bundles
    return adopted


def _run(log: Path, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [DAGFLOE, *command],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=BUILD_DEADLINE_S,
    )
    log.write_text(f"{done.stdout}\n{done.stderr}", "utf-8")
    return done


def _last(done: subprocess.CompletedProcess[str]) -> str:
    """The end of what a command printed."""
    return " ".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-3:])
