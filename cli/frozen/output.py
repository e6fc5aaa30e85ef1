"""What a bundle prints about itself."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, redirect_stdout

from dagfloe.errors import DagfloeError
from dagfloe.runtime.loader import load_bundle
from dagfloe.runtime.metadata import bundle_metadata
from dagfloe.runtime.self_check import self_check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagfloe.runtime.config import BundleConfig


def print_metadata(config: BundleConfig, form: str) -> int:
    """Print the metadata on stdout; what the author's module prints while it is imported goes to stderr.

    Args:
        config: the bundle's configuration.
        form: `json` or `yaml`.

    Returns:
        The exit status.

    Raises:
        DagfloeError: when the author's module cannot be imported.
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
    if form == "yaml":
        import yaml  # noqa: PLC0415 - only on this path

        text = yaml.safe_dump(metadata, sort_keys=True, default_flow_style=False, width=2**31)
    else:
        text = json.dumps(metadata, indent=2, sort_keys=True) + "\n"
    sys.stdout.write(text)
    return 0


def print_self_check(config: BundleConfig) -> int:
    """Print what the self-check finds as JSON on stdout; the exit status is 0 when all is well, else 1."""
    with _stdout_is_stderr():
        report = self_check(config)
    sys.stdout.write(json.dumps(report, indent=2, sort_keys=True) + "\n")
    return 0 if report["ok"] else 1


@contextmanager
def _stdout_is_stderr() -> Iterator[None]:
    """Send to stderr what the author's modules, and programs that they start, write to stdout."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
