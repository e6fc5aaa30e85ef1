"""Checks the Kubernetes manifests of the documentation against the schemas of Kubernetes: `make workflows`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from support.blocks import PAGES, ROOT, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The oldest and the newest Kubernetes whose schemas are used.
VERSIONS = ("1.30.0", "1.37.0")
DEADLINE_S = 120


def documented_manifests() -> dict[str, str]:
    """Return the YAML of all blocks with manifests, by page and line."""
    blocks = [block for page in PAGES for block in read_blocks(page) if block.language == "yaml"]
    return {
        f"{block.page.relative_to(ROOT)}-{block.line}": block.content
        for block in blocks
        if any(isinstance(part, dict) and "kind" in part for part in yaml.safe_load_all(block.content))
    }


def check(validator: str, manifests: Iterable[tuple[str, str]]) -> int:
    """Run the validator, which prints its results, with each version of Kubernetes. Returns its exit status.

    Args:
        validator: the program `kubernetes-validate`.
        manifests: names of manifests, and their YAML.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, content in manifests:
            files.append(Path(folder, f"{name.replace('/', '-')}.yaml"))
            files[-1].write_text(content, "utf-8")
        if not files:
            sys.stderr.write("found no manifest to check\n")
            return 1
        for version in VERSIONS:
            # Unknown fields are errors, because a server ignores them.
            command = [validator, "--strict", "--quiet", "--kubernetes-version", version, *map(str, files)]
            if status := subprocess.run(command, timeout=DEADLINE_S, check=False).returncode:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(check(sys.argv[1], documented_manifests().items()))
