"""Runs cosmic-ray on modules, and writes docs/evidence/mutation.md: `python -m mutation.campaign BIN [MODULE ...]`.

The modules are changed in a copy of the repository, below .cache/mutation. Results stay there, so that a module is
tested again only after a change of its code or of its tests, and an interrupted run continues.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "mutation"
PAGE = ROOT / "docs" / "evidence" / "mutation.md"
#: Which tests are run for which module, and the survivors that no test can kill, with the reason.
MODULES_FILE = Path(__file__).with_name("modules.toml")
#: A mutant may make a test hang, and then counts as killed.
MUTANT_TIMEOUT_S = 60.0
MODULE_TIMEOUT_S = 6 * 3600
#: `int | None` in annotations is not run, and a decorator such as `property` makes no promise of its own.
EXCLUDED = ("core/ReplaceBinaryOperator_BitOr_.*", "core/Variable.*")
_INTRODUCTION = """\
# Mutation testing

`make mutation` changes one operator, number, comparison, keyword, condition or exception of a module at a time, and
runs the tests of this module. A mutant is killed if a test fails or hangs. What remains shows what no test checks.

The table is for `runtime/` and for reading bundle files. cosmic-ray makes the mutants. The last column counts the
survivors that no test of behaviour can kill; `tests/mutation/modules.toml` names them with the reason. The share is
that of the other mutants.

| module | mutants | killed | share | survivors | of these, with a reason |
|---|---|---|---|---|---|
"""


def main(arguments: Sequence[str]) -> int:
    """Run the campaign.

    Args:
        arguments: the folder with the programs of cosmic-ray, and the modules; by default all.
    """
    programs, *names = arguments
    modules = tomllib.loads(MODULES_FILE.read_text("utf-8"))
    for name in names or modules:
        result = CACHE / "results" / f"{name.replace('/', '.')}.json"
        digest = _digest(name, modules[name]["tests"])
        if not result.exists() or json.loads(result.read_text("utf-8"))["digest"] != digest:
            result.parent.mkdir(parents=True, exist_ok=True)
            found = _mutate(Path(programs), name, modules[name]["tests"])
            result.write_text(json.dumps({"digest": digest, **found}), "utf-8")
        sys.stdout.write(f"{_row(name, json.loads(result.read_text('utf-8')), modules[name])}\n")
        sys.stdout.flush()
    _write_page(modules)
    return 0


def _write_page(modules: dict[str, Any]) -> None:
    """Write the page from all results. Modules without one are named."""
    paths = {name: CACHE / "results" / f"{name.replace('/', '.')}.json" for name in modules}
    results = {name: json.loads(path.read_text("utf-8")) for name, path in paths.items() if path.exists()}
    lines = [_row(name, found, modules[name]) for name, found in results.items()]
    mutants = sum(found["mutants"] for found in results.values())
    killed = sum(found["mutants"] - len(found["survivors"]) for found in results.values())
    reasons = sum(entry["count"] for name in results for entry in modules[name].get("equivalent", []))
    share = killed / (mutants - reasons)
    lines.append(f"| all of these | {mutants} | {killed} | {share:.0%} | {mutants - killed} | {reasons} |")
    missing = [f"`{name}`" for name in modules if name not in results]
    if missing:
        lines.append(f"\nNot run yet: {', '.join(missing)}.")
    PAGE.write_text(_INTRODUCTION + "\n".join([*lines, ""]), "utf-8")


def _digest(name: str, tests: list[str]) -> str:
    """Identifies the code of a module and of its tests."""
    content = hashlib.sha256((ROOT / name).read_bytes())
    for test in tests:
        path = ROOT / test.partition("::")[0]
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            content.update(file.read_bytes())
    return content.hexdigest()


def _mutate(programs: Path, name: str, tests: list[str]) -> dict[str, Any]:
    tree = CACHE / f"tree-{name.replace('/', '.')}"
    shutil.rmtree(tree, ignore_errors=True)
    ignored = shutil.ignore_patterns(".*", "dist", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, tree, symlinks=True, ignore=ignored)
    session = tree / "session.sqlite"
    pytest = f"{sys.executable} -m pytest -x -q -p no:cacheprovider -m 'not frozen and not airflow' {' '.join(tests)}"
    config = tree / "cosmic-ray.toml"
    excluded = ", ".join(f'"{pattern}"' for pattern in EXCLUDED)
    config.write_text(
        f'[cosmic-ray]\nmodule-path = "{name}"\ntimeout = {MUTANT_TIMEOUT_S}\nexcluded-modules = []\n'
        f'test-command = "{pytest}"\n[cosmic-ray.distributor]\nname = "local"\n'
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = [{excluded}]\n",
        "utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(program: str, *arguments: str) -> str:
        return subprocess.run(
            [programs / program, *arguments],
            cwd=tree,
            env=environment,
            check=True,
            timeout=MODULE_TIMEOUT_S,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    began = time.monotonic()
    run("cosmic-ray", "init", "cosmic-ray.toml", session.name)
    run("cr-filter-operators", session.name, "cosmic-ray.toml")
    run("cosmic-ray", "baseline", "cosmic-ray.toml")
    run("cosmic-ray", "exec", "cosmic-ray.toml", session.name)
    results = list(_read(run("cosmic-ray", "dump", session.name), (ROOT / name).read_text("utf-8").splitlines()))
    shutil.rmtree(tree)
    return {
        "mutants": len(results),
        "seconds": round(time.monotonic() - began),
        "survivors": [place for place, is_killed in results if not is_killed],
    }


def _read(dump: str, source: list[str]) -> Iterator[tuple[str, bool]]:
    """The place and change of each mutant, and whether it was killed. What only type checkers see is left out."""
    for line in dump.splitlines():
        item, result = json.loads(line)
        if result is None or result["worker_outcome"] in ("skipped", "no-test"):
            continue
        mutation = item["mutations"][0]
        if "TYPE_CHECKING" in source[mutation["start_pos"][0] - 1]:
            continue
        operator = mutation["operator_name"].removeprefix("core/")
        place = f"{mutation['definition_name'] or '(module)'}, line {mutation['start_pos'][0]}: {operator}"
        yield place, result["test_outcome"] != "survived"


def _row(name: str, found: dict[str, Any], module: dict[str, Any]) -> str:
    survivors = len(found["survivors"])
    killed = found["mutants"] - survivors
    reasons = sum(entry["count"] for entry in module.get("equivalent", []))
    share = killed / (found["mutants"] - reasons)
    return f"| `{name}` | {found['mutants']} | {killed} | {share:.0%} | {survivors} | {reasons} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
