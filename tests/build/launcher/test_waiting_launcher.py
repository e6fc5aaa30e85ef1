"""The launcher waits for a program that runs a task: it passes signals on, and decides on the exit status."""

from __future__ import annotations

import os
import pty
import random
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dagfloe.cli.frozen.main import read_supervisor_flags
from support.launcher import environment, payload, start, write_bundle
from support.peer import DEADLINE_S, until

TASK = ("--comm=a", "--logs=b")
LOST = (
    "the task's process ended with status 0, but the supervisor received no terminal message: the status is 1 instead"
)
#: Longer than the 15 s that the launcher gives a program after its confirmation, on a host under load.
LONG_S = 90
PREAMBLE = f"""#!{sys.executable} -SE
import os, signal, subprocess, sys, time
launcher, number = map(int, os.environ.get("_DAGFLOE_WAITS", "0,0").split(","))
def confirm():
    os.kill(launcher, number)
def say(*words):
    os.write(1, " ".join(map(str, words)).encode() + b"\\n")
"""


class Program:
    """A bundle whose program is a Python script, and its processes."""

    def __init__(self, folder: Path, script: str, **options: Any) -> None:
        self.bundle = str(write_bundle(folder / "tiny", payload(PREAMBLE + script)))
        self.env = environment(DAGFLOE_CACHE_DIR=folder / "cache")
        self.options = options

    def run(self, *arguments: str, timeout_s: float = DEADLINE_S) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        command = [self.bundle, *(arguments or TASK)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.run(
            command, text=True, timeout=timeout_s, check=False, env=self.env, **{**pipes, **self.options}
        )

    def begin(self, **options: Any) -> subprocess.Popen[str]:
        """Start it."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [self.bundle, *TASK]
        return subprocess.Popen(command, text=True, env=self.env, **{**pipes, **self.options, **options})


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line of the program's output."""
    assert process.stdout
    return process.stdout.readline().strip()


def is_running(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


# The status


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("sys.exit(0)", 1),
        ("os._exit(0)", 1),
        ("os.execv('/bin/true', ['true'])", 1),
        ("sys.exit(1)", 1),
        ("sys.exit(77)", 77),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("os.abort()", -signal.SIGABRT),
        ("os.kill(os.getpid(), signal.SIGRTMAX)", -signal.SIGRTMAX),
        ("confirm()", 0),
        ("confirm(); confirm(); sys.exit(7)", 0),
        ("confirm(); os.abort()", 0),
        ("confirm(); os.kill(os.getpid(), signal.SIGKILL)", 0),
        ("subprocess.run([sys.executable, '-c', f'import os; os.kill({launcher}, {number})'], check=True)", 1),
        ("pid = os.fork()\nif pid == 0:\n    confirm(); os._exit(0)\nos.waitpid(pid, 0)", 1),
    ],
)
def test_status(tmp_path: Path, script: str, status: int) -> None:
    """The status is 0 exactly when the program itself has confirmed. Otherwise it is the program's, but never 0."""
    answer = Program(tmp_path, script).run()
    assert answer.returncode == status
    is_lost = "exit(0)" in script or "true" in script or "fork" in script or "import os" in script
    assert answer.stderr == (f"tiny: {LOST}\n" if is_lost else "")


def test_confirmation_when_the_queue_of_signals_is_full(tmp_path: Path) -> None:
    """The kernel may lose the sender of a queued signal; the confirmation counts all the same."""
    program = Program(tmp_path, "confirm()", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_SIGPENDING, (0, 0)))
    assert program.run().returncode == 0


def test_program_that_does_not_end_after_its_confirmation(tmp_path: Path) -> None:
    """The launcher ends it after a while, and the status is still 0."""
    program = Program(tmp_path, "confirm(); say(os.getpid()); os.kill(os.getpid(), signal.SIGSTOP)")
    answer = program.run(timeout_s=LONG_S)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert not is_running(int(answer.stdout))


@pytest.mark.parametrize(
    ("arguments", "is_waited_for"),
    [
        (("--comm=a", "--logs=b"), True),
        (("--logs=b", "--comm=a"), True),
        (("--comm", "a", "--logs=b"), True),
        (("--comm", "--logs", "--logs", "b"), True),
        (("--comm=", "--logs="), True),
        (("--comm=a",), False),
        (("--comm=a", "--comm=b"), False),
        (("--comm=a", "--comm=b", "--logs=c"), False),
        (("--comm=a", "--logs"), False),
        (("--comm=a", "--logs=b", "--version"), False),
        (("--comma=a", "--logs=b"), False),
        (("--bundle-metadata",), False),
    ],
)
def test_modes(tmp_path: Path, arguments: tuple[str, ...], *, is_waited_for: bool) -> None:
    """The launcher waits for a program that runs a task, and replaces itself with any other program."""
    program = Program(tmp_path, "say(os.getppid() == launcher, os.environ.get('_DAGFLOE_WAITS') is not None)")
    program.env["_DAGFLOE_WAITS"] = "1,1"
    assert program.run(*arguments).stdout.split() == [str(is_waited_for)] * 2
    assert (read_supervisor_flags(arguments) is not None) == is_waited_for


# Signals

#: Prints each signal that it receives, as long as its stdin is open.
LISTEN = """
for signals in range(1, 65):
    if signals not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, number, 32, 33):
        signal.signal(signals, lambda got, frame: say(int(got)))
say(os.getpid(), os.getpgid(0))
while os.read(0, 1):
    say("end")
"""
PASSED_ON = [
    *(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT),
    *(signal.SIGALRM, signal.SIGWINCH, signal.SIGABRT, signal.SIGPIPE, signal.SIGRTMIN, signal.SIGRTMAX),
]


@pytest.mark.parametrize("to_group", [False, True])
def test_signals_are_passed_on_once(tmp_path: Path, *, to_group: bool) -> None:
    """The program gets each signal of the launcher once, also one that was sent to the launcher's process group."""
    with Program(tmp_path, LISTEN, start_new_session=True).begin() as process:
        pid, group = map(int, read_line(process).split())
        assert pid == group != process.pid
        for number in PASSED_ON:
            (os.killpg if to_group else os.kill)(process.pid, number)
            assert read_line(process) == str(int(number))
        output, _ = process.communicate(".", timeout=DEADLINE_S)
        assert output == "end\n"
        assert process.returncode == 1


def test_signal_while_the_program_starts(tmp_path: Path) -> None:
    """A signal at any time of the start ends the launcher and the program."""
    program = Program(tmp_path, "say(os.getpid()); time.sleep(300)")
    start(Path(program.bundle), env={**program.env, "DAGFLOE_WARM": "1"})
    generator = random.Random(2)  # noqa: S311 - for delays, not for secrets
    for _ in range(60):
        with program.begin(stderr=subprocess.DEVNULL) as process:
            time.sleep(generator.uniform(0, 0.02))
            process.terminate()
            output, _ = process.communicate(timeout=DEADLINE_S)
            assert process.returncode == -signal.SIGTERM
            assert not output or not is_running(int(output))


def test_killed_launcher(tmp_path: Path) -> None:
    """SIGKILL of the launcher ends the program."""
    with Program(tmp_path, "say(os.getpid()); time.sleep(300)").begin() as process:
        pid = int(read_line(process))
        process.kill()
        process.wait(DEADLINE_S)
        until(lambda: not is_running(pid), "the end of the program")


def test_stopped_program(tmp_path: Path) -> None:
    """A program that was stopped continues, and the launcher waits for its end."""
    with Program(tmp_path, LISTEN).begin() as process:
        pid = int(read_line(process).split()[0])
        os.kill(pid, signal.SIGSTOP)
        until(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "T", "the stop")
        process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGCONT)
        assert {read_line(process) for _ in range(2)} == {str(int(signal.SIGUSR1)), str(int(signal.SIGCONT))}
        process.communicate(".", timeout=DEADLINE_S)
        assert process.returncode == 1


#: A shell with one job, in a terminal of its own: starts it in the foreground, and prints each change of its state.
SHELL = """
import fcntl, os, sys, termios
terminal = int(sys.argv[1])
os.setsid()
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.read(0, 1)
    os.execv(sys.argv[2], sys.argv[2:])
os.setpgid(job, job)
os.tcsetpgrp(terminal, job)
print(job, flush=True)
while True:
    _, status = os.waitpid(job, os.WUNTRACED | os.WCONTINUED)
    if os.WIFSTOPPED(status):
        print("stopped", flush=True)
        os.read(0, 1)
        os.killpg(job, 18)
    elif not os.WIFCONTINUED(status):
        print("ended", os.waitstatus_to_exitcode(status), flush=True)
        break
"""


def test_keys_of_a_terminal(tmp_path: Path) -> None:
    """Ctrl-C interrupts the program once, and Ctrl-Z stops the launcher and the program until both continue."""
    master, slave = pty.openpty()
    script = """
signal.signal(signal.SIGINT, lambda *_: say("interrupted"))
signal.signal(signal.SIGCONT, lambda *_: say("continued"))
say(os.getpid())
while True:
    time.sleep(300)
"""
    program = Program(tmp_path, script)
    with subprocess.Popen(
        [sys.executable, "-c", SHELL, str(slave), program.bundle, *TASK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=program.env,
        pass_fds=[slave],
    ) as shell:
        assert shell.stdin
        job = int(read_line(shell))
        shell.stdin.write(".")
        shell.stdin.flush()
        pid = int(read_line(shell))
        os.write(master, b"\x03")
        assert read_line(shell) == "interrupted"
        os.write(master, b"\x1a")
        assert read_line(shell) == "stopped"
        until(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "T", "the stop of the program")
        shell.stdin.write(".")
        shell.stdin.flush()
        assert read_line(shell) == "continued"
        os.write(master, b"\x03")
        assert read_line(shell) == "interrupted"
        os.kill(job, signal.SIGTERM)
        assert read_line(shell) == f"ended {-signal.SIGTERM}"
    os.close(master)
    os.close(slave)


# The rest


def test_streams_end_with_the_program(tmp_path: Path) -> None:
    """The launcher keeps no stream and no other descriptor open that the program has closed."""
    reader, writer = os.pipe()
    script = f"os.close({writer}); os.close(1); os.read(0, 1); confirm(); os.close(2); os.read(0, 1)"
    with Program(tmp_path, script).begin(pass_fds=[writer]) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        os.close(writer)
        for stream in (reader, process.stdout.fileno()):
            assert select.select([stream], [], [], DEADLINE_S)[0]
            assert os.read(stream, 1) == b""
        process.stdin.write(".")
        process.stdin.flush()
        assert process.stderr.read() == ""
        assert process.poll() is None
        process.communicate(".", timeout=DEADLINE_S)
        assert process.returncode == 0
    os.close(reader)


def test_orphans_are_reaped(tmp_path: Path) -> None:
    """Processes whose parents have ended become children of the launcher, which leaves no zombie."""
    script = """
for number in range(20):
    pid = os.fork()
    if pid == 0:
        if os.fork() == 0:
            time.sleep(0.01)
        os._exit(0)
    os.waitpid(pid, 0)
say("ready")
os.read(0, 1)
"""
    with Program(tmp_path, script).begin() as process:
        assert read_line(process) == "ready"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: len(children.read_text().split()) == 1, "the end of the orphans")
        process.communicate(".", timeout=DEADLINE_S)


INHERITED = """
status = open("/proc/self/status").read().splitlines()
say(*(line for line in status if line.startswith(("Umask", "SigBlk", "SigIgn", "SigPnd", "ShdPnd", "Cpus_allowed:"))))
say(os.getcwd(), os.nice(0), os.getsid(0), open("/proc/self/limits").read().split())
say(open("/proc/self/oom_score_adj").read(), sorted((k, v) for k, v in os.environ.items() if "_DAGFLOE" not in k))
confirm() if launcher else None
"""


def limit_much() -> None:
    """Change what a process inherits."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGRTMIN + 3])
    os.umask(0o27)
    os.nice(3)
    os.chdir("/usr")
    resource.setrlimit(resource.RLIMIT_NOFILE, (123, 456))
    resource.setrlimit(resource.RLIMIT_CORE, (1000, 2000))


def test_program_inherits_everything(tmp_path: Path) -> None:
    """The program gets the signals, limits, environment and so on of the process that started the launcher."""
    program = Program(tmp_path, INHERITED, preexec_fn=limit_much, start_new_session=False)
    waited, replaced = program.run(), program.run("--version")
    assert (waited.returncode, waited.stderr) == (0, "")
    assert waited.stdout == replaced.stdout
    assert "'123', '456'" in waited.stdout


def test_first_process_of_a_container(tmp_path: Path) -> None:
    """As the first process of a container, the launcher passes signals on, reaps, and returns a signal as a status."""
    program = Program(tmp_path, "say(launcher); os.fork() or os._exit(0); os.kill(os.getpid(), signal.SIGSEGV)")
    command = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc", program.bundle, *TASK]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=program.env)
    assert answer.stdout == "1\n", answer.stderr
    assert answer.returncode == 128 + signal.SIGSEGV


def test_program_that_cannot_be_started(tmp_path: Path) -> None:
    """If the program cannot be started, the launcher says why, and tries the next folder."""
    bundle = write_bundle(tmp_path / "tiny", payload("no program\x00", b"not in any other store"))
    answer = start(bundle, *TASK, env=environment(DAGFLOE_CACHE_DIR=tmp_path / "cache", HOME=tmp_path))
    assert answer.returncode == 126
    assert f"{tmp_path / 'cache'} cannot be used: the unpacked program cannot be started: Exec format" in answer.stderr
