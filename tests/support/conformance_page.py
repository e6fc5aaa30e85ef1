"""Writes docs/evidence/conformance.md from the results of `make conformance`, or compares the two: `--check`."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from support.dimensions import CAPABILITIES, DIMENSIONS, GROUPS, LIST, STATES

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "evidence" / "conformance.md"
#: The other SDKs: the commit of apache/airflow, and the capabilities in their `capabilities.yaml` at this commit.
#: Go only reads variables.
OTHERS: dict[str, tuple[str, set[str]]] = {}
_COMMON = {
    "success",
    "failed",
    "up_for_retry",
    "removed",
    "mixed-lang-stub-target",
    "task-logging",
    "xcom-read-write",
    "connection-read",
    "self-contained-bundle",
}
OTHERS["Go"] = ("0167a919c7b1", _COMMON)
OTHERS["Java"] = ("031d2bcca60c", _COMMON | {"variable-read-write"})
OTHERS["TypeScript"] = ("20b7001efb0e", _COMMON | {"variable-read-write", "asset-state-store"})
_CONFORMING = ("pass", "not offered")
NATIVE = "native-dag-authoring"


def inputs_digest() -> str:
    """Return the digest of the tests, the tasks and the dimensions."""
    paths = [TESTS / "airflow" / name for name in ("test_conformance.py", "supervise.py")]
    paths += sorted((TESTS / "airflow").glob("api_*.py"))
    paths += [TESTS / "support" / "dimensions.py"]
    demo = (TESTS / "demo" / name for name in ("demo", "newer"))
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
        "API server is replaced, by one in memory, behind Airflow's own HTTP client. `make conformance` writes",
        "this page; `.ci/run` fails if the page does not match the results.",
        "",
        "*not offered*: the supervisor of that version does not have this capability.",
    ]
    for title, group in GROUPS.items():
        lines += ["", f"## {title}", "", f"| dimension | tier | {' | '.join(versions)} | what is shown |"]
        lines.append("|---|---" + "|---" * len(versions) + "|---|")
        for dimension in group:
            cells = " | ".join(results[version].get(dimension.name, "not run") for version in versions)
            lines.append(f"| {dimension.name} | {dimension.tier or '-'} | {cells} | {dimension.description} |")
    lines += ["", *_comparison(results), "", f"<!-- inputs {inputs_digest()} -->", ""]
    return "\n".join(lines)


def _comparison(results: dict[str, dict[str, str]]) -> list[str]:
    lines = [
        "## The other language SDKs",
        "",
        "This table comes from the `capabilities.yaml` that each SDK publishes in apache/airflow ("
        + ", ".join(f"{name} at commit `{commit}`" for name, (commit, _) in OTHERS.items())
        + ").",
        "The Go SDK reads variables and does not write them. dagfloe's column summarises the tables above, for the",
        "version of Airflow that each dimension needs.",
        "",
        f"| dimension | tier | dagfloe | {' | '.join(OTHERS)} |",
        "|---|---|---|" + "---|" * len(OTHERS),
    ]
    for dimension in (*STATES, *CAPABILITIES):
        conforms = all(names.get(dimension.name) in _CONFORMING for names in results.values())
        others = " | ".join("yes" if dimension.name in supported else "no" for _, supported in OTHERS.values())
        lines.append(f"| {dimension.name} | {dimension.tier} | {'yes' if conforms else 'no'} | {others} |")
    lines.append(f"| {NATIVE} | SHOULD | no | {' | '.join('no' for _ in OTHERS)} |")
    return lines


def main(arguments: list[str]) -> int:
    """Write or compare the page, and return the exit status: 1 if a dimension failed or the page is stale."""
    check = "--check" in arguments
    paths = [Path(argument) for argument in arguments if argument != "--check"]
    results = {path.stem: json.loads(path.read_text("utf-8")) for path in paths}
    content = page(results)
    failures = [f"{name} under {version}" for version, names in results.items() for name in DIMENSIONS
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
