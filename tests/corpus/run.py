"""Adopts the Dag files of the corpus, runs both Dags of each, and compares them: `make adopt-corpus`.

The exit status is 1 if something differs. The results of the originals are kept in `.cache/corpus`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.adoption import Adopted, adopt
from corpus.airflows import CACHE, run_dags
from corpus.cases import CASES, EXAMPLES, Case
from corpus.comparison import compare
from corpus.originals import originals
from corpus.page import about
from corpus.results import Result, Results
from e2e.processes import interrupt_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from corpus.observation import Observation


def main() -> int:
    """Run the corpus in one version of Airflow."""
    parser = argparse.ArgumentParser(prog="python -m corpus.run", description=__doc__)
    parser.add_argument("version", help="of Airflow, such as 3.3.2; its environment is in .venvs")
    parser.add_argument("--quick", action="store_true", help="a few Dag files")
    parser.add_argument("--only", metavar="NAMES", help="these Dag files, separated by commas")
    parser.add_argument("--results", type=Path, help="write the results to this JSON file, for the page")
    args = parser.parse_args()
    interrupt_once("\nStopping Airflow ...")
    names = set(args.only.split(",")) if args.only else {case.name for case in (*CASES, *EXAMPLES)}
    cases = [case for case in (*CASES, *EXAMPLES) if case.name in names and (case.quick or not args.quick)]
    expected = originals(args.version, cases)
    adopted = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, one in zip(cases, pool.map(lambda case: adopt(args.version, case), cases), strict=True):
            adopted[case.name] = one
            _say(f"{case.name}: {len(one.bundles)} projects {' '.join(one.faults)}")
    found = _run(args.version, [case for case in cases if not adopted[case.name].faults], adopted)
    results = {case.name: _result(case, adopted[case.name], expected, found) for case in cases}
    for result in results.values():
        for difference in result.differences:
            _say(f"{result.name}: {difference}")
    if args.results:
        ours, theirs = ([results[case.name] for case in group if case.name in results] for group in (CASES, EXAMPLES))
        Results(args.version, about(args.version), ours, theirs).write(args.results)
    equal = sum(not result.differences for result in results.values())
    _say(f"Airflow {args.version}: {equal} of {len(results)} Dag files are equal. Logs are in {CACHE / args.version}")
    return 0 if equal == len(results) else 1


def _run(version: str, cases: Sequence[Case], adopted: Mapping[str, Adopted]) -> dict[str, Observation]:
    found = {}

    def save(observation: Observation) -> None:
        found[observation.dag_id] = observation
        log = CACHE / version / "adopted" / f"{observation.dag_id}.json"
        log.write_text(json.dumps([observation.to_json()], indent=1), "utf-8")

    with tempfile.TemporaryDirectory(prefix="dagfloe-adopted-") as folder:
        for case in cases:
            shutil.copytree(adopted[case.name].folder, folder, dirs_exist_ok=True)
        bundles = {queue: path for case in cases for queue, path in adopted[case.name].bundles.items()}
        runs = {dag_id: case.conf for case in cases for dag_id in case.dags}
        run_dags(version, Path(folder), runs, save, bundles)
    return found


def _result(
    case: Case, adopted: Adopted, expected: Mapping[str, Observation], found: Mapping[str, Observation]
) -> Result:
    """Compare the runs of a Dag file, and what `dagfloe adopt` said with what ran."""
    shape = case.shape + (" `--all`" if case.adopt else "")
    stays = [[item["name"], item["why"]] for item in adopted.report.get("not_moved", [])]
    tasks = {(dag_id, instance.task_id) for dag_id in case.dags for instance in expected[dag_id].instances}
    if adopted.faults:
        return Result(case.name, shape, len(tasks), [], stays, len(adopted.bundles), adopted.edits, adopted.faults)
    moved = {
        (dag_id, instance.task_id)
        for dag_id in case.dags
        for instance in found[dag_id].instances
        if instance.queue in adopted.bundles
    }
    differences = {difference: _intention(case, difference) for difference in _differences(case, expected, found)}
    unintended = [difference for difference, reason in differences.items() if not reason]
    return Result(
        case.name,
        shape,
        len(tasks),
        sorted(".".join(names) for names in moved),
        stays,
        len(adopted.bundles),
        adopted.edits,
        [*unintended, *_unsaid(case, adopted, moved)],
        sorted({reason for reason in differences.values() if reason}),
    )


def _intention(case: Case, difference: str) -> str:
    """Why a difference is meant to be; empty if it is not."""
    return next((reason for pattern, reason in case.differs.items() if re.fullmatch(pattern, difference)), "")


def _differences(case: Case, expected: Mapping[str, Observation], found: Mapping[str, Observation]) -> Iterator[str]:
    for dag_id in case.dags:
        prefix = f"{dag_id}: " if len(case.dags) > 1 else ""
        for difference in compare(expected[dag_id], found[dag_id], case.varies, case.alike):
            yield prefix + difference


def _unsaid(case: Case, adopted: Adopted, moved: set[tuple[str, str]]) -> Iterator[str]:
    """Yield what `dagfloe adopt` said wrong, or did not say."""
    said = {(item["dag_id"], item["task_id"]) for item in adopted.report["moved"]}
    for dag_id, task_id in sorted(said ^ moved):
        what = "did not move" if (dag_id, task_id) in said else "moved, which the command did not say"
        yield f"{dag_id}.{task_id} {what}"
    stays: dict[str, str] = {}
    for item in adopted.report["not_moved"]:
        stays[item["name"]] = f"{stays.get(item['name'], '')} {item['why']}".strip()
    for name, reason in case.stays.items():
        if reason not in stays.get(name, ""):
            yield f"the command does not say of {name} that {reason!r}, but {stays.get(name, 'nothing')!r}"
    for name in sorted(stays.keys() - case.stays.keys()):
        yield f"the command refuses {name}: {stays[name]}"


def _say(message: str) -> None:
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
