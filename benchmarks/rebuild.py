"""Builds a bundle from nothing, then with its environment kept, then with only the author's code changed.

`python -m benchmarks.rebuild hello weather`
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.builds import build

from dagfloe.build.project import read_project

BUNDLES = Path(__file__).parents[1] / "bundles"


def measure(name: str) -> dict[str, float]:
    """The seconds of each build of a bundle of `bundles/`, and the ratios of the rebuild to the other two.

    What pip has downloaded before is used; everything else that dagfloe keeps is made anew.
    """
    with tempfile.TemporaryDirectory(prefix="dagfloe-rebuild-") as folder:
        project = Path(folder, name)
        shutil.copytree(BUNDLES / name, project, ignore=shutil.ignore_patterns("__pycache__"))
        first = build(project, Path(folder))
        shutil.rmtree(Path(folder, "cache", "analyses"))
        with_environment = build(project, Path(folder))
        with read_project(project).source_file.open("a", encoding="utf-8") as file:
            file.write("\nCHANGED = True\n")
        rebuild = build(project, Path(folder))
    return {
        "first_s": first,
        "first_with_environment_s": with_environment,
        "rebuild_s": rebuild,
        "rebuild_to_first": rebuild / first,
        "rebuild_to_first_with_environment": rebuild / with_environment,
    }


def main() -> None:
    """Measure the bundles that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="+", choices=sorted(path.parent.name for path in BUNDLES.glob("*/pyproject.toml"))
    )
    for name in parser.parse_args().names:
        print(f"{name}: " + ", ".join(f"{key} {value:.2f}" for key, value in measure(name).items()), flush=True)


if __name__ == "__main__":
    main()
