"""Runs one fuzz target with atheris: `python -m fuzz.run TARGET [libFuzzer's arguments]`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["dagfloe", "fuzz"]):
    from fuzz.targets import TARGETS


def main(arguments: list[str]) -> None:
    """Run a target until libFuzzer ends the process.

    Args:
        arguments: the name of the target, and what libFuzzer gets.
    """
    name, *rest = arguments
    atheris.Setup([sys.argv[0], *rest], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
