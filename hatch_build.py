"""Adds a launcher to a wheel, or compiles it when dagfloe is installed for development.

`DAGFLOE_WHEEL_FOR` names a processor: the wheel is then for all Linux hosts with this processor. Otherwise it is for
this host, or for any host if the launcher cannot be compiled.
"""

from __future__ import annotations

import os
import runpy
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_INSTALLED_LAUNCHER = "dagfloe/build/launcher/launcher"


class LauncherHook(BuildHookInterface[Any]):
    """Compiles the launcher and adds it to the wheel. A wheel with a launcher is for one platform only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - required by the interface
        """Compile the launcher before hatchling collects the wheel's files."""
        folder = Path(self.root) / "build" / "launcher"
        compiling = runpy.run_path(str(folder / "compile.py"))
        architecture = os.environ.get("DAGFLOE_WHEEL_FOR")
        if architecture:
            self._temporary = tempfile.TemporaryDirectory()
            launcher = Path(self._temporary.name, "launcher")
            compiling["cross_compile_launcher"](folder, architecture, launcher)
            # The launcher is static, so it needs no C library. These are the oldest that Python itself needs.
            platform = f"manylinux_2_17_{architecture}.musllinux_1_1_{architecture}"
        else:
            launcher = compiling["compile_launcher"](folder)
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        if launcher is not None:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform}"
            build_data["force_include"][str(launcher)] = _INSTALLED_LAUNCHER
