"""What a program in plain Python delivers, a task delivers, too: the same function, run both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.side_by_side import missing_lines, run_task

if TYPE_CHECKING:
    from pathlib import Path


def test_prints_and_records(tmp_path: Path) -> None:
    """Printed lines and records arrive."""
    code = """
def t():
    print("printed")
    log.info("logged")
    sys.stderr.write("written\\n")
"""
    assert not missing_lines(tmp_path, code)


def test_threads_that_print(tmp_path: Path) -> None:
    """Lines that threads print at the same time are not mixed up."""
    code = """
def talk(name):
    for number in range(300):
        print(name, number, "".join([name, str(number), name]))
def t():
    threads = [threading.Thread(target=talk, args=(name * 20,)) for name in "abcdefghijkl"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    lines = run_task(tmp_path, code).lines()
    names = [letter * 20 for letter in "abcdefghijkl"]
    assert lines == {f"{name} {number} {name}{number}{name}": 1 for name in names for number in range(300)}


def test_unfinished_line_of_a_thread(tmp_path: Path) -> None:
    """A line that a thread does not finish arrives when the thread ends."""
    code = """
def t():
    for number in range(3):
        thread = threading.Thread(target=lambda: print("thread", number, end=""))
        thread.start(); thread.join()
        print("joined")
"""
    assert run_task(tmp_path, code).events == ["thread 0", "joined", "thread 1", "joined", "thread 2", "joined"]
