"""Compiles the launcher. Runs while dagfloe is being installed, so it imports nothing of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Static, so that it runs with any C library, and can say so where the program behind it cannot.
# Texts that may be cut short are: they are bounded on purpose.
_FLAGS = ("-Wno-format-truncation", "-D_GNU_SOURCE", "-std=c11", "-O2", "-static", "-pthread", "-Wall", "-Wextra")
_TIMEOUT_S = 120


def compile_launcher(folder: Path) -> Path | None:
    """Compile the launcher beside its sources.

    Args:
        folder: where the sources are.

    Returns:
        The program; None on another system than Linux, or without a C compiler and a static C library, which is told on
        stderr: bundles take the one-file form then.
    """
    launcher = folder / "launcher"
    if sys.platform != "linux":
        return None
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or "cc"
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary, "launcher")
        sources = [path.name for path in sorted(folder.glob("*.c"))]
        # Names without folders, so that no path of this machine is in the program.
        command = [*compiler.split(), *_FLAGS, "-s", "-o", str(made), *sources]
        try:
            subprocess.run(command, cwd=folder, check=True, timeout=_TIMEOUT_S)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"the launcher was not compiled, bundles take the one-file form: {error}", file=sys.stderr)  # noqa: T201
            launcher.unlink(missing_ok=True)
            return None
        shutil.copy(made, folder / "launcher.new")
        (folder / "launcher.new").replace(launcher)
    return launcher


if __name__ == "__main__":
    raise SystemExit(0 if compile_launcher(Path(__file__).parent) else 1)
