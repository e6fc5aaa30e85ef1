"""Every fuzz target handles its corpus: small inputs of many kinds, and all inputs that ever broke it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fuzz.campaign import C_TARGETS, LAUNCHER
from fuzz.targets import TARGETS
from support.sanitized_launcher import OPTIONS, compile_sanitized

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_corpus(name: str) -> None:
    """The target handles every file of its corpus, and each of them cut and changed."""
    files = sorted((CORPUS / name).iterdir())
    assert files, "a target without a corpus tests nothing: run make fuzz"
    for file in files:
        data = file.read_bytes()
        for input_bytes in (data, data[: len(data) // 2], data[1:], data + b"\xff", bytes(reversed(data))):
            TARGETS[name](input_bytes)


def test_every_corpus_has_a_target() -> None:
    """A corpus whose target was removed is not kept."""
    assert {folder.name for folder in CORPUS.iterdir()} <= {*TARGETS, "launcher"}


@pytest.mark.parametrize("name", sorted(C_TARGETS))
def test_corpus_of_the_launcher(name: str, tmp_path: Path) -> None:
    """The target handles every file of its corpus under two sanitizers."""
    parts = [path for path in sorted(LAUNCHER.glob("*.c")) if path.name != "main.c"]
    program = compile_sanitized(tmp_path / name, [C_TARGETS[name], C_TARGETS[name].with_name("replay.c"), *parts])
    files = sorted((CORPUS / "launcher" / name).iterdir())
    assert files
    subprocess.run([program, *files], check=True, timeout=60, env=OPTIONS)
