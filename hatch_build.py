"""Compiles the launcher when a wheel is built, or when dagfloe is installed for development."""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LauncherHook(BuildHookInterface[Any]):
    """Compiles the launcher and adds it to the wheel. A wheel with a launcher is for this platform only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - required by the interface
        """Compile the launcher before hatchling collects the wheel's files."""
        folder = Path(self.root) / "build" / "launcher"
        launcher = runpy.run_path(str(folder / "compile.py"))["compile_launcher"](folder)
        if launcher is not None:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
            build_data["force_include"][str(launcher)] = "dagfloe/build/launcher/launcher"
