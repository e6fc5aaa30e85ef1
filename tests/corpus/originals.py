"""The runs of the Dag files as they are. Their results are kept, because they do not depend on dagfloe."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.airflows import CACHE, ENVIRONMENT, LOGICAL_DATE, run_dags
from corpus.observation import Observation
from e2e.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corpus.cases import Case


def originals(version: str, cases: Sequence[Case]) -> dict[str, Observation]:
    """Return what the original Dags left, by dag_id; run those whose results are not there.

    Args:
        version: of Airflow.
        cases: the Dag files.
    """
    missing = [case for case in cases if not _file(version, case).exists()]
    if missing:
        owners = {dag_id: case for case in missing for dag_id in case.dags}
        found: dict[str, Observation] = {}

        def save(observation: Observation) -> None:
            found[observation.dag_id] = observation
            case = owners[observation.dag_id]
            if found.keys() >= set(case.dags):
                file = _file(version, case)
                file.parent.mkdir(parents=True, exist_ok=True)
                for outdated in file.parent.glob(f"{case.name}-*.json"):
                    outdated.unlink()
                file.write_text(json.dumps([found[dag_id].to_json() for dag_id in case.dags], indent=1), "utf-8")

        with tempfile.TemporaryDirectory(prefix="dagfloe-originals-") as folder:
            copy_files(version, missing, Path(folder))
            run_dags(version, Path(folder), {dag_id: owners[dag_id].conf for dag_id in owners}, save)
    read = (Observation.from_json(body) for case in cases for body in json.loads(_file(version, case).read_text()))
    return {observation.dag_id: observation for observation in read}


def copy_files(version: str, cases: Iterable[Case], folder: Path) -> None:
    """Copy Dag files and what is beside them.

    Args:
        version: of Airflow.
        cases: the Dag files.
        folder: where to.
    """
    for case in cases:
        for path in case.files(site_packages(version)):
            if path.is_dir():
                shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
            else:
                shutil.copy2(path, folder)


def site_packages(version: str) -> Path:
    """The folder of the packages of the Airflow that runs the corpus."""
    (folder,) = (ROOT / ".venvs" / f"{ENVIRONMENT}-{version}" / "lib").glob("python3.*/site-packages")
    return folder


def _file(version: str, case: Case) -> Path:
    digest = hashlib.sha256(f"{LOGICAL_DATE} {sorted(case.conf.items())}".encode())
    for path in case.files(site_packages(version)):
        if path.is_file():
            digest.update(path.read_bytes())
    return CACHE / version / "originals" / f"{case.name}-{digest.hexdigest()[:12]}.json"
