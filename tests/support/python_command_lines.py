"""Command lines of Python, with everything that decides on their outcome."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: How the program is shown in what `normalize` returns.
PROGRAM = "PYTHON"
FILES: dict[str, str | bytes] = {
    "script.py": "import sys\nprint(__name__, __file__, sys.argv, sys.path[0], __spec__, __package__)\n",
    "globals.py": "names = sorted(globals())\nprint(names)\n",
    "fails.py": "def f():\n    return 1 / 0\n\n\nf()\n",
    "broken.py": "x = (\n",
    "latin.py": b"# coding: latin-1\nprint(ascii('\xe4'))\n",
    "asserts.py": "assert False, 'no'\nprint('not checked', __debug__)\n",
    "skips.py": "this is no Python\nprint('second line')\n",
    "neighbour.py": "print('imported', __name__)\nNAME = 'neighbour'\n",
    "imports.py": "import neighbour\nprint(neighbour.NAME)\n",
    "exits.py": "import atexit, threading\natexit.register(print, 'at exit')\n"
    "threading.Timer(0.1, print, ['thread']).start()\nexit(3)\n",
    "package/__init__.py": "print('package', __name__)\n",
    "package/__main__.py": "import sys\nfrom . import other\nprint(__name__, __package__, sys.argv[1:], other.X)\n",
    "package/other.py": "X = 1\n",
    "package/relative.py": "from .other import X\nprint(__name__, __package__, X, __spec__.name)\n",
    "empty/__init__.py": "",
    "folder/__main__.py": "import sys\nprint(__name__, __package__, sys.argv[1:])\nimport beside\n",
    "folder/beside.py": "print('beside', __name__)\n",
    "hook.py": "import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\nraise ValueError\n",
    "bad_hook.py": "import sys\ndef hook(*a):\n    raise TypeError('hook')\nsys.excepthook = hook\n"
    "raise ValueError(1)\n",
    "unraisable.py": "import sys\nsys.unraisablehook = lambda u: print('unraisable', u.exc_value)\n"
    "class A:\n    def __del__(self): 1 / 0\nA()\n",
    "warns.py": "import warnings\nwarnings.warn('old', DeprecationWarning)\nprint('end')\n",
    "spawns.py": "import multiprocessing\n\n\ndef square(n):\n    return n * n\n\n\nif __name__ == '__main__':\n"
    "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n        print(pool.map(square, range(4)))\n",
    "starts.py": "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(__name__, 1 + 1)'],"
    " capture_output=True, text=True).stdout)\n",
}
_FLAGS = "import sys; print([getattr(sys.flags, n) for n in {!r}.split()])"
_SHOWN_FLAGS = (
    "dont_write_bytecode optimize no_user_site no_site ignore_environment isolated quiet bytes_warning dev_mode"
)


@dataclass(frozen=True)
class CommandLine:
    """One command line of Python.

    Attributes:
        arguments: the arguments.
        stdin: what its stdin has.
        env: variables to add.
        cwd: where to run it.
    """

    arguments: tuple[str, ...]
    stdin: str = ""
    env: dict[str, str] | None = None
    cwd: str = ""

    def fields(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)


def command_lines(folder: Path) -> list[CommandLine]:
    """Write the files of the command lines, and list these.

    Args:
        folder: the folder to write to, and to run the command lines in.
    """
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "link.py").symlink_to(folder / "package" / "relative.py")

    def line(*arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> CommandLine:
        return CommandLine(arguments, stdin, env, str(folder))

    flags = _FLAGS.format(_SHOWN_FLAGS)
    return [
        # -c
        line("-c", "import sys; print(__name__, sys.argv, repr(sys.path[0]), sorted(globals()))", "a", "-b", "--c"),
        line("-c", "import sys; print(sys.argv)", "--comm=127.0.0.1:1", "--logs=127.0.0.1:1"),
        line("-cprint(1)"),
        line("-uc", "print(1)"),
        line("-c", "def f(): 1/0\nf()"),
        line("-c", "1 1"),
        line("-c", "x = 'ä'; print(ascii(x))"),
        line("-c", "import neighbour"),
        line("-c", "import no_such_module"),
        line("-c", "raise SystemExit"),
        line("-c", "raise SystemExit(3)"),
        line("-c", "raise SystemExit(None)"),
        line("-c", "raise SystemExit(-1)"),
        line("-c", "raise SystemExit('a message')"),
        line("-c", "raise SystemExit((1, 2))"),
        line("-c", "import sys; sys.exit(256)"),
        line("-c", "quit('bye')"),
        line("-c", "raise KeyboardInterrupt"),
        line("-c", "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('not reached')"),
        line("-c", "import os; os._exit(7)"),
        line("-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
        line("-c", "import os; os.close(1); print('x')"),
        line("-c", "import sys; print(sys.stdin.read())", stdin="input"),
        line("-c", "import sys; print(sys.stdout.encoding, sys.stdin.errors, sys.stderr.errors)"),
        line("-c", "class A(Exception): pass\ntry: 1/0\nexcept Exception as e: raise A('x') from e"),
        line("-c", "import sys; sys.argv[1:] = []; print(sys.orig_argv[1:])", "a"),
        line("-c", "import multiprocessing; print(multiprocessing.current_process().name)"),
        line("-c", "import threading; print(threading.current_thread() is threading.main_thread())"),
        # -m
        line("-m", "package", "a", "b"),
        line("-m", "package.relative"),
        line("-mneighbour"),
        line("-Im", "neighbour"),
        line("-m", "neighbour", env={"PYTHONSAFEPATH": "1"}),
        line("-m", "empty"),
        line("-m", "no_such_module"),
        line("-m", "no.such.module"),
        line("-m", ""),
        line("-m", "fails"),
        line("-m", "broken"),
        line("-m", "exits"),
        line("-m", "script", "x"),
        # a script
        line("script.py"),
        line("./script.py", "-c", "x"),
        line(str(folder / "script.py"), "--bundle-metadata"),
        line("--", "script.py", "x"),
        line("globals.py"),
        line("fails.py"),
        line("broken.py"),
        line("latin.py"),
        line("imports.py"),
        line("exits.py"),
        line("package/relative.py"),
        line("link.py"),
        line("folder", "a"),
        line("empty"),
        line("hook.py"),
        line("bad_hook.py"),
        line("unraisable.py"),
        line("no_such_file.py"),
        line("/"),
        line("spawns.py"),
        line("starts.py"),
        line("-x", "skips.py"),
        # stdin
        line(stdin="import sys; print(__name__, sys.argv, repr(sys.path[0]))"),
        line("-", "a", "b", stdin="import sys; print(__name__, sys.argv)"),
        line("-", stdin="def f():\n    1/0\n\nf()\n"),
        line("-", stdin="1 1"),
        line("-", stdin=""),
        line("-u", stdin="print(sorted(globals()))"),
        # options
        *(
            line(*options, "-c", flags)
            for options in (
                *(["-B"], ["-E"], ["-I"], ["-s"], ["-S"], ["-u"], ["-q"], ["-O"], ["-OO"], ["-b"], ["-BEs"]),
                *(["-B", "-E", "-s", "-S"], ["-X", "dev"], ["-Xfaulthandler"], ["-W", "error"], ["-Werror"]),
            )
        ),
        line("-c", flags, env={"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}),
        line("-E", "-c", flags, env={"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1"}),
        line("-O", "asserts.py"),
        line("asserts.py"),
        line("-c", "print(exit, quit)"),
        line("-S", "-c", "exit()"),
        line("warns.py"),
        line("-W", "ignore", "warns.py"),
        line("-Werror", "warns.py"),
        line("-W", "error::DeprecationWarning", "-m", "warns"),
        line("-W", "nonsense", "-c", "print(1)"),
        line("warns.py", env={"PYTHONWARNINGS": "ignore"}),
        line("-c", "import sys; print(sys.warnoptions)", env={"PYTHONWARNINGS": "error,ignore"}),
        line("-I", "-c", "import sys; print(sys.warnoptions)", env={"PYTHONWARNINGS": "error"}),
        line("-W", "default", "-c", "import sys; print(sys.warnoptions)", env={"PYTHONWARNINGS": "error"}),
        line("-X", "a=b", "-Xc", "-c", "import sys; print(sys._xoptions)"),
        line("-X", "tracemalloc=3", "-c", "import tracemalloc; print(tracemalloc.get_traceback_limit())"),
        line("-X", "faulthandler", "-c", "import faulthandler; print(faulthandler.is_enabled())"),
        line("-c", "import sys; print(sys.path[1])", env={"PYTHONPATH": "/first:/second"}),
        line("-c", "import sys; print('/first' in sys.path)", env={"PYTHONPATH": "/first"}),
        line("-E", "-c", "import sys; print('/first' in sys.path)", env={"PYTHONPATH": "/first"}),
        line("-I", "-c", "import sys; print('/first' in sys.path)", env={"PYTHONPATH": "/first"}),
        line("-m", "relative", env={"PYTHONPATH": str(folder / "package")}),
        line("-c", "import sys; print(sys.stdout.encoding, sys.stderr.errors)", env={"PYTHONIOENCODING": "latin-1"}),
        line("-c", "import os; print(1); os._exit(0)"),
        line("-u", "-c", "import os; print(1); os._exit(0)"),
        line("-c", "import os; print(1); os._exit(0)", env={"PYTHONUNBUFFERED": "1"}),
        line("-V"),
        line("--version"),
        line("-VV"),
        line("--check-hash-based-pycs", "always", "-c", "print(1)"),
        # errors
        *(line(*wrong) for wrong in (["-z"], ["--unheard"], ["-c"], ["-m"], ["-W"], ["-X"], ["-Bz"])),
        line("--check-hash-based-pycs"),
        line("--check-hash-based-pycs", "x"),
    ]


def run_with(program: Sequence[str], line: CommandLine, env: dict[str, str]) -> tuple[int, str, str]:
    """Run a command line; return its status and what it wrote to stdout and stderr.

    Args:
        program: the Python, with arguments that precede the others.
        line: the command line.
        env: the environment.
    """
    answer = subprocess.run(
        [*program, *line.arguments],
        input=line.stdin,
        cwd=line.cwd,
        env={**env, **(line.env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.returncode, answer.stdout, answer.stderr


def normalize(answer: Sequence[Any], program: str) -> tuple[int, str, str]:
    """An answer without what differs between two Pythons: the program's path, addresses, and our own advice.

    Args:
        answer: the status, stdout and stderr.
        program: the path of the Python.
    """
    status, *texts = answer
    stdout, stderr = (re.sub("0x[0-9a-f]+", "0x", text.replace(program, PROGRAM)) for text in texts)
    if sys.version_info < (3, 11):  # `runpy` is an ordinary module there, whose source a bundle file does not have
        stderr = re.sub(r' {2}File "[^"\n]*runpy\.py", .*\n(?: {4}.*\n)?', "", stderr)
    return status, stdout, re.sub(r"The bundle file does not contain the module .*\n", "", stderr)
