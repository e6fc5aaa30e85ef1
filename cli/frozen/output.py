"""Prints a bundle's metadata and the report of its self-check."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, redirect_stdout

from dagfloe.constants import EXIT_FAILURE
from dagfloe.errors import DagfloeError
from dagfloe.runtime.check.import_trace import ImportTrace
from dagfloe.runtime.check.self_check import TARGETS_VARIABLE, self_check
from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.metadata import bundle_metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.runtime.config import BundleConfig


def print_metadata(config: BundleConfig, output_format: str) -> int:
    """Print the metadata on stdout. What the author's module prints during its import goes to stderr.

    Args:
        config: the bundle's configuration.
        output_format: `json` or `yaml`.

    Returns:
        The exit status.

    Raises:
        DagfloeError: when the author's module cannot be imported or holds no bundle.
    """
    with _stdout_is_stderr():
        try:
            bundle = load_bundle(config)
        except DagfloeError:
            raise
        except BaseException as error:
            import traceback  # noqa: PLC0415 - only on this path

            traceback.print_exc()
            raise DagfloeError(
                f"the module of {config.target} cannot be imported ({type(error).__name__}, see above): correct it"
            ) from error
    metadata = bundle_metadata(config, bundle)
    if output_format == "yaml":
        import yaml  # noqa: PLC0415 - only on this path

        plain = json.loads(
            json.dumps(metadata)
        )  # a value in two places would become an alias, which readers may refuse
        document = yaml.safe_dump(plain, sort_keys=True, default_flow_style=False, width=2**31)
    else:
        document = json.dumps(metadata, indent=2, sort_keys=True) + "\n"
    return write_output(document)


def print_self_check(config: BundleConfig) -> int:
    """Print the report of the self-check as JSON on stdout.

    A build names a file with targets in the environment. Then the report also has what the imports used.

    Args:
        config: the bundle's configuration.

    Returns:
        The exit status: 0 if every module can be imported, else 1.
    """
    targets_file = os.environ.get(TARGETS_VARIABLE)
    with _stdout_is_stderr():
        if targets_file is None:
            report = self_check(config)
        else:
            with open(targets_file, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs 5 ms to import
                targets = json.load(file)
            trace = ImportTrace()
            report = {**self_check(config, targets), **trace.report()}
    status = write_output(json.dumps(report, indent=2, sort_keys=True) + "\n")
    return status if report["ok"] else EXIT_FAILURE


def write_output(text: str) -> int:
    """Write to stdout.

    Returns:
        The exit status: 1 if the reader of the output has ended, else 0.

    Raises:
        DagfloeError: when stdout cannot be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        discard_output()
        if isinstance(error, BrokenPipeError):
            return EXIT_FAILURE
        raise DagfloeError(f"the output cannot be written: {error.strerror}") from error
    return 0


def discard_output() -> None:
    """Let Python's own flush at the end succeed."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


@contextmanager
def _stdout_is_stderr() -> Iterator[None]:
    """Redirect stdout to stderr, for the author's modules and for programs that they start.

    Raises:
        DagfloeError: when stdout or stderr is closed.
    """
    if sys.stdout is None or sys.stderr is None:
        raise DagfloeError("stdout or stderr is closed: open both")
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
