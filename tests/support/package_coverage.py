"""Checks that the tests cover every package of dagfloe, lines and branches, at least as well as before.

`python -m support.package_coverage REPORT`, where REPORT is what `coverage json` wrote.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The minimum percentage of every package: the one that was measured when it was set, rounded down.
MINIMUM = {
    "dagfloe": 99,  # the modules beside the packages
    "adopt": 91,
    "authoring": 98,
    "build": 97,
    "cli": 95,
    "client": 98,
    "compat": 94,
    "format": 100,
    "local": 98,
    "model": 97,
    "native": 100,
    "runtime": 96,
    "stub": 100,
    "testing": 99,
    "values": 98,
}


def package_of(file: str) -> str:
    """The package of a file of the repository, where `runtime`, `cli` and `build` are folders at the top."""
    folders = PurePosixPath(file).parts[:-1]
    return folders[-1] if folders == ("src", "dagfloe") else folders[2] if folders[0] == "src" else folders[0]


def measure(report: Mapping[str, Any]) -> dict[str, float]:
    """The percentage of covered lines and branches, by package."""
    covered: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for file, measurements in report["files"].items():
        package, summary = package_of(file), measurements["summary"]
        covered[package] += summary["covered_lines"] + summary["covered_branches"]
        total[package] += summary["num_statements"] + summary["num_branches"]
    return {package: 100 * covered[package] / count for package, count in sorted(total.items()) if count}


def problems(percentages: Mapping[str, float], minimum: Mapping[str, int]) -> Iterator[str]:
    """Describe the packages below their minimum."""
    for package in sorted({*percentages, *minimum}):
        if package not in minimum:
            yield f"{package} has no minimum: add one to {Path(__file__).name}"
        elif package not in percentages:
            yield f"{package} was not measured"
        elif percentages[package] < minimum[package]:
            yield f"the tests cover {percentages[package]:.2f} % of {package}, and {minimum[package]} % is the minimum"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    percentages = measure(json.loads(parser.parse_args().report.read_text("utf-8")))
    for package, percentage in percentages.items():
        print(f"{package:10} {percentage:6.2f} %, minimum {MINIMUM.get(package)} %")  # noqa: T201
    failures = list(problems(percentages, MINIMUM))
    print("\n".join(failures))  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
