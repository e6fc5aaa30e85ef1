"""Prints a bundle's metadata and the report of its self-check."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, redirect_stdout

from dagfloe.constants import EXIT_FAILURE
from dagfloe.errors import DagfloeError
from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.metadata import bundle_metadata
from dagfloe.runtime.self_check import self_check

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

        document = yaml.safe_dump(metadata, sort_keys=True, default_flow_style=False, width=2**31)
    else:
        document = json.dumps(metadata, indent=2, sort_keys=True) + "\n"
    sys.stdout.write(document)
    return 0


def print_self_check(config: BundleConfig) -> int:
    """Print the report of the self-check as JSON on stdout.

    Args:
        config: the bundle's configuration.

    Returns:
        The exit status: 0 if every module can be imported, else 1.
    """
    with _stdout_is_stderr():
        report = self_check(config)
    sys.stdout.write(json.dumps(report, indent=2, sort_keys=True) + "\n")
    return 0 if report["ok"] else EXIT_FAILURE


@contextmanager
def _stdout_is_stderr() -> Iterator[None]:
    """Redirect stdout to stderr, for the author's modules and for programs that they start."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
