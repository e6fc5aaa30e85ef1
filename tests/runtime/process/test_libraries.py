"""Preparing libraries that do not expect a frozen program, and their cache folders."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dagfloe.runtime.process.late_hooks import LIBRARIES
from dagfloe.runtime.process.libraries import AFTER, BEFORE
from dagfloe.runtime.process.library_caches import NAME, UNUSED_S, find_cache_folder, is_writable
from support.peer import DEADLINE_S

#: Installs the hooks, and imports a module that prints what it finds.
PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from dagfloe.runtime.process.late_hooks import LateHooks
sys.modules.pop("venv", None)
LateHooks().install()
{code}
"""


def run(folder: Path, code: str, env: dict[str, str] | None = None) -> str:
    """The output of a new interpreter with the hooks."""
    unset = ("MPLCONFIGDIR", "NUMBA_CACHE_DIR", "PYSPARK_PYTHON", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(folder=str(folder), code=code)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env={**inherited, "HOME": str(folder / "home"), "DAGFLOE_CACHE_DIR": str(folder / "cache"), **(env or {})},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(path: Path, variable: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"import os\nprint(os.environ.get({variable!r}))\n")


def test_every_library_has_a_function() -> None:
    """The hooks know exactly the modules that there are functions for."""
    assert set(LIBRARIES) == {*BEFORE, *AFTER}


def test_matplotlib_in_the_home_folder(tmp_path: Path) -> None:
    """Matplotlib keeps its font cache where it does so unfrozen, if it can."""
    write(tmp_path / "matplotlib.py", "MPLCONFIGDIR")
    (tmp_path / "home").mkdir()
    assert run(tmp_path, "import matplotlib") == "None"
    assert run(tmp_path, "import matplotlib", {"MPLCONFIGDIR": "/chosen"}) == "/chosen"


def test_matplotlib_without_a_home_folder(tmp_path: Path) -> None:
    """Otherwise, it keeps the cache in a folder of the cache folder, the same one at each start."""
    write(tmp_path / "matplotlib.py", "MPLCONFIGDIR")
    folders = {run(tmp_path, "import matplotlib", {"HOME": "/proc/none"}) for _ in range(2)}
    (folder,) = map(Path, folders)
    assert folder.is_relative_to(tmp_path / "cache" / NAME)
    assert folder.is_dir()


def test_numba(tmp_path: Path) -> None:
    """Numba keeps compiled functions in the cache folder, unless the user chooses another one."""
    write(tmp_path / "numba" / "__init__.py", "NUMBA_CACHE_DIR")
    folder = Path(run(tmp_path, "import numba"))
    assert folder.is_relative_to(tmp_path / "cache" / NAME)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert run(tmp_path, "import numba", {"NUMBA_CACHE_DIR": "/chosen"}) == "/chosen"
    (tmp_path / "cache" / NAME).chmod(0o777)
    assert run(tmp_path, "import numba").startswith(str(tmp_path / "home"))
    nowhere = {"DAGFLOE_CACHE_DIR": "/proc/none", "HOME": "/proc/none"}
    assert run(tmp_path, "import numba", nowhere) == "None"


@pytest.mark.parametrize(
    ("master", "env", "shown"),
    [("local[2]", {}, sys.executable), ("spark://host:1", {}, "python3"), ("local", {"PYSPARK_PYTHON": "/p"}, "/p")],
)
def test_pyspark(tmp_path: Path, master: str, env: dict[str, str], shown: str) -> None:
    """The workers of a local Spark run this program."""
    (tmp_path / "pyspark").mkdir()
    (tmp_path / "pyspark" / "__init__.py").write_text("from pyspark.context import SparkContext\n")
    (tmp_path / "pyspark" / "context.py").write_text(
        "import os\n\n\nclass SparkContext:\n"
        "    def __init__(self, master): self._do_init(master)\n"
        "    def _do_init(self, master):\n        self.master = master\n"
        "        self.pythonExec = os.environ.get('PYSPARK_PYTHON', 'python3')\n"
    )
    assert run(tmp_path, f"import pyspark; print(pyspark.SparkContext({master!r}).pythonExec)", env) == shown


def test_venv(tmp_path: Path) -> None:
    """A virtual environment is refused with the reason. Nothing is created."""
    code = "import venv\ntry:\n  venv.create('{}')\nexcept Exception as error:\n  print(type(error).__name__, error)"
    assert run(tmp_path, code.format(tmp_path / "new")).startswith("DagfloeError venv cannot make")
    assert not (tmp_path / "new").exists()


def test_folders_of_other_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of versions that were not used for 30 days are deleted."""
    monkeypatch.setenv("DAGFLOE_CACHE_DIR", str(tmp_path))
    old, recent = tmp_path / NAME / "old", tmp_path / NAME / "recent"
    for folder in (old, recent):
        (folder / "numba").mkdir(parents=True)
    (tmp_path / NAME).chmod(0o700)
    os.utime(old, (0, time.time() - UNUSED_S - 60))
    own = find_cache_folder("numba")
    assert own is not None
    assert Path(own).is_dir()
    assert (old.exists(), recent.exists()) == (False, True)


def test_is_writable(tmp_path: Path) -> None:
    """A folder is writable if it exists or can be created."""
    (tmp_path / "file").write_text("")
    assert is_writable(str(tmp_path / "a" / "b"))
    assert not is_writable(str(tmp_path / "file" / "b"))
    assert not is_writable("/proc/none/b")
