"""The cells in which the host is difficult: limits, the environment, files, and the standard streams."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from trust.grid.authors import SUCCESS
from trust.grid.cell import Cell, End, Impossible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trust.grid.trial import Trial

WHO = "the host"
WHENS = ("at the start", "in the task")
_MIB = 1 << 20


def _limit(name: int, value: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(name, (value, value))


def _close(*descriptors: int) -> Callable[[], None]:
    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


def _deleted_folder() -> None:
    folder = f"{os.environ.get('TMPDIR', '/tmp')}/dagfloe-trust-{os.getpid()}"  # noqa: S108
    os.mkdir(folder)  # noqa: PTH102 - in a process that is about to become another program
    os.chdir(folder)
    os.rmdir(folder)  # noqa: PTH106


PREPARED: dict[str, Callable[[], object]] = {
    "16 descriptors": _limit(resource.RLIMIT_NOFILE, 16),
    "64 descriptors": _limit(resource.RLIMIT_NOFILE, 64),
    "1 GiB of address space": _limit(resource.RLIMIT_AS, 1024 * _MIB),
    "no file size": _limit(resource.RLIMIT_FSIZE, 0),
    "a stack of 1 MiB": _limit(resource.RLIMIT_STACK, _MIB),
    "no core files": _limit(resource.RLIMIT_CORE, 0),
    "stdin closed": _close(0),
    "stdout closed": _close(1),
    "stderr closed": _close(2),
    "all standard streams closed": _close(0, 1, 2),
    "the working folder is deleted": _deleted_folder,
    "umask 777": lambda: os.umask(0o777),
}
ENVIRONMENTS = {
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "an unknown locale": {"LC_ALL": "xx_YY.KOI8-R"},
    "an unknown TZ": {"TZ": "Nowhere/Never:\x01"},
    "PYTHONPATH with a planted module": {"PYTHONPATH": "{planted}"},
    "PYTHONWARNINGS=error": {"PYTHONWARNINGS": "error"},
    "PYTHONOPTIMIZE=2": {"PYTHONOPTIMIZE": "2"},
    "PYTHONHASHSEED=0, PYTHONDEVMODE=1": {"PYTHONHASHSEED": "0", "PYTHONDEVMODE": "1"},
    "PYTHONEXECUTABLE": {"PYTHONEXECUTABLE": "/nowhere/python"},
    "PYTHONSTARTUP, PYTHONINSPECT": {"PYTHONSTARTUP": "/nowhere", "PYTHONINSPECT": "1"},
    "PYTHONIOENCODING": {"PYTHONIOENCODING": "ascii:strict"},
    "a planted library on LD_LIBRARY_PATH": {"LD_LIBRARY_PATH": "{planted}"},
    "a missing LD_PRELOAD": {"LD_PRELOAD": "/nowhere/libnothing.so"},
    "an environment of 1.5 MiB": {f"LARGE_{number}": "x" * 100_000 for number in range(15)},
    "a variable with bytes that are not UTF-8": {"NOT_UTF8": os.fsdecode(b"\xff\xfe")},
    "HOME is missing": {"HOME": "/nowhere"},
    "a bad log level": {"AIRFLOW__LOGGING__LOGGING_LEVEL": "LOUD", "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "=,a=b=c"},
}
#: What only a frozen program withstands: an ordinary Python obeys its variables before any code of dagfloe runs.
_FROZEN_ONLY = (
    "PYTHONEXECUTABLE",
    "PYTHONPATH with a planted module",
    "PYTHONSTARTUP, PYTHONINSPECT",
    "PYTHONOPTIMIZE=2",
    "PYTHONWARNINGS=error",
    "a planted library on LD_LIBRARY_PATH",
)
DURING = ("the temporary folder is deleted", "the working folder is deleted", "the unpacked program is deleted")
HOWS = (*PREPARED, *ENVIRONMENTS, *(name for name in DURING if name not in PREPARED))
_BEFORE_START = "a limit is set before the start; the author's code sets its own: see there"
_OF_START = "the environment is the start's"
_FOLDERS = "full, missing and foreign folders: see the first starts on the page on deaths"
IMPOSSIBLE = (
    *(Impossible(WHO, WHENS[1], how, _BEFORE_START) for how in PREPARED if how not in DURING),
    *(Impossible(WHO, WHENS[1], how, _OF_START) for how in ENVIRONMENTS),
    *(Impossible(WHO, WHENS[0], how, _FOLDERS) for how in DURING if how not in PREPARED),
)
#: What cannot be shown here at all.
NOT_SHOWN = (
    "the clock of the host is set: containers may not do this; see *frozen clock*",
    "the number of processes is used up (`RLIMIT_NPROC`): the limit does not hold for root, who runs these tests",
    "the kernel kills for lack of memory: see *killed for lack of memory* on the page on deaths",
)


def cells() -> Iterator[Cell]:
    """All cells with the host."""
    for how, prepare in PREPARED.items():
        yield _cell(how, {"prepare": prepare})
    for how, variables in ENVIRONMENTS.items():
        yield _cell(how, {"env": variables})
    for how in DURING:
        yield Cell(
            who=WHO,
            when=WHENS[1],
            how=how,
            ends=(SUCCESS,),
            task="stages",
            act=_delete(how),
            only=("frozen",) if "program" in how else ("frozen", "not frozen"),
            start={"own_cache": "program" in how},
            bound_s=60.0,
        )


def _cell(how: str, start: dict[str, object]) -> Cell:
    ends: tuple[End, ...] = (SUCCESS,)
    if how == "16 descriptors":
        ends = (SUCCESS, End(None, 1), End("failed", 0))
    return Cell(
        who=WHO,
        when=WHENS[0],
        how=how,
        ends=ends,
        task="host",
        start=start,
        only=("frozen",) if how in _FROZEN_ONLY else ("frozen", "not frozen"),
        is_quick=how in ("all standard streams closed", "LANG=C", "no file size"),
        bound_s=60.0,
    )


def _delete(how: str) -> Callable[[Trial], None]:
    def act(trial: Trial) -> None:
        if how.startswith("the unpacked program"):
            pid = trial.reached("in the task")
            program = Path(f"/proc/{pid}/exe").readlink()
            shutil.rmtree(program.parent)
        else:
            trial.reached("in the task")
            if how.startswith("the temporary"):
                trial.temporary.rmdir()
        trial.go()
        trial.wait_for(lambda: trial.process.poll() is not None)
        trial.temporary.mkdir(exist_ok=True)

    return act
