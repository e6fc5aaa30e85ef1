"""Writes docs/evidence/conformance.md from the results of `make conformance`, or compares the two: `--check`."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from support.dimensions import DIMENSIONS, FURTHER, GROUPS, LIST, Dimension
from support.siblings import COLLECTED, LIST_OF_1_0, MANIFESTS, RELEASED, ROWS, SIBLINGS

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "evidence" / "conformance.md"
_CONFORMING = ("pass", "not offered")
_INPUTS = ("test_conformance.py", "test_native_conformance.py", "supervise.py", "read_native_dags.py")


def inputs_digest() -> str:
    """Return the digest of the tests, the tasks and the dimensions."""
    paths = [TESTS / "airflow" / name for name in _INPUTS]
    paths += sorted((TESTS / "airflow").glob("api_*.py"))
    paths += [TESTS / "support" / name for name in ("dimensions.py", "siblings.py")]
    demo = (TESTS / "demo" / name for name in ("demo", "native", "newer"))
    paths += sorted(path for project in demo for path in project.rglob("*") if path.suffix in (".py", ".toml"))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(TESTS).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def page(results: dict[str, dict[str, str]]) -> str:
    """Return the content of the page.

    Args:
        results: the results of the dimensions, by version of Airflow.
    """
    versions = list(results)
    lines = [
        "# Conformance",
        "",
        f"Airflow publishes [a list]({LIST}) of the capabilities that the SDK for a language must, should and may",
        "have. This page shows which of them dagfloe has. The tests run frozen bundles under Airflow's real",
        "supervisor, and check the supervisor's calls to the API server and the final state of each task. Only the",
        "API server is replaced, by one in memory, behind Airflow's own HTTP client. For *Dag definition*,",
        "Airflow's Dag processor reads a folder with a bundle file and stores its Dags in a SQLite database.",
        "`make conformance` writes this page; `.ci/run` fails if the page does not match the results.",
        "",
        f"For version 1.0 of the SDKs, Airflow splits the list into three tables ({LIST_OF_1_0}, 2026-10-23).",
        "This page follows it as far as it could be read. The tiers are those of the list before that change, and *?*",
        "for new rows; the tables of some new rows are a guess. A tier with † counts only for SDKs that define Dags.",
        "",
        "*not offered*: that version of Airflow does not have this capability.",
    ]
    for title, group in GROUPS.items():
        lines += ["", f"## {title}", "", f"| dimension | tier | {' | '.join(versions)} | what is shown |"]
        lines.append("|---|---" + "|---" * len(versions) + "|---|")
        for dimension in group:
            cells = " | ".join(_result(dimension, results[version]) for version in versions)
            lines.append(f"| {dimension.name} | {dimension.tier or '-'} | {cells} | {dimension.description} |")
    lines += ["", *_comparison(results), "", f"<!-- inputs {inputs_digest()} -->", ""]
    return "\n".join(lines)


def _result(dimension: Dimension, results: dict[str, str]) -> str:
    return dimension.untested or results.get(dimension.name, "not run")


def _comparison(results: dict[str, dict[str, str]]) -> list[str]:
    lines = [
        "## The other language SDKs",
        "",
        f"This table shows what is known of the SDKs for {', '.join(SIBLINGS[:-1])} and {SIBLINGS[-1]} as of their",
        f"version 1.0.0, of {RELEASED}. It does not come from tests, but from public sources, as read on {COLLECTED}.",
        "The manifests of version 1.0.0 could not be read. *?*: no source shows it for 1.0.0. *Last known* values and",
        "*earlier manifests* are those of the `capabilities.yaml` in apache/airflow before 1.0.0 ("
        + ", ".join(f"{name} at commit `{commit}`" for name, commit in MANIFESTS.items())
        + ").",
        "",
        "dagfloe's column summarises the tables above, for the version of Airflow that each dimension needs.",
        "",
        f"| dimension | tier | dagfloe | {' | '.join(SIBLINGS)} | sources |",
        "|---|---|---|" + "---|" * len(SIBLINGS) + "---|",
    ]
    for dimension in DIMENSIONS.values():
        if dimension in FURTHER:
            continue
        *values, source = ROWS[dimension.name]
        cells = " | ".join([dimension.tier, _own(dimension, results), *values, source or "-"])
        lines.append(f"| {dimension.name} | {cells} |")
    return lines


def _own(dimension: Dimension, results: dict[str, dict[str, str]]) -> str:
    """The value of dagfloe in the comparison."""
    if dimension.untested:
        return dimension.untested
    if any(names.get(dimension.name) not in _CONFORMING for names in results.values()):
        return "no"
    return f"yes, {dimension.extent}" if dimension.extent else "yes"


def main(arguments: list[str]) -> int:
    """Write or compare the page, and return the exit status: 1 if a dimension failed or the page is stale."""
    check = "--check" in arguments
    paths = [Path(argument) for argument in arguments if argument != "--check"]
    results = {path.stem: json.loads(path.read_text("utf-8")) for path in paths}
    content = page(results)
    tested = [name for name, dimension in DIMENSIONS.items() if not dimension.untested]
    failures = [f"{name} under {version}" for version, names in results.items() for name in tested
                if names.get(name) not in _CONFORMING]  # fmt: skip
    for failure in failures:
        print(f"does not conform: {failure}", file=sys.stderr)  # noqa: T201
    if check and (not PAGE.exists() or PAGE.read_text("utf-8") != content):
        print(f"{PAGE.name} is stale: run `make conformance`", file=sys.stderr)  # noqa: T201
        return 1
    if not check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(content, "utf-8")
    print(content.partition("## The other")[0])  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
