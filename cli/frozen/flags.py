"""Parses a bundle's command line with click: help, version and usage errors."""

from __future__ import annotations

import sys
from contextlib import contextmanager

import click

from dagfloe._version import __version__
from dagfloe.constants import EXIT_FAILURE, EXIT_USAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from dagfloe.runtime.config import BundleConfig

#: A message quotes arguments, which may be long and many.
_MAX_MESSAGE = 500


def read_flags(arguments: Sequence[str], config: BundleConfig) -> dict[str, Any] | int:
    """Parse any command line.

    Args:
        arguments: the arguments.
        config: the bundle's configuration.

    Returns:
        The flags' values by name, or the exit status after printing help, the version or a usage error.
    """
    try:
        values = _command(config).main(list(arguments), prog_name=config.name, standalone_mode=False)
    except click.ClickException as error:
        return show_usage_error(error.format_message(), config)
    except click.Abort:
        return EXIT_USAGE
    except OSError as error:  # help or the version cannot be written
        from dagfloe.cli.frozen.output import discard_output  # noqa: PLC0415 - only on this path

        discard_output()
        if not isinstance(error, BrokenPipeError):
            with _writing_errors():
                click.echo(f"{config.name}: the output cannot be written: {error.strerror}", err=True)
        return EXIT_FAILURE
    return values if isinstance(values, dict) else int(values or 0)


def show_usage_error(message: str, config: BundleConfig) -> int:
    """Print the usage and an error message on stderr; return the exit status."""
    shown = message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}..."
    with _writing_errors():
        click.UsageError(shown, click.Context(_command(config), info_name=config.name)).show()
    return EXIT_USAGE


@contextmanager
def _writing_errors() -> Iterator[None]:
    """Ignore that stderr cannot be written. Otherwise, Python would try again at the end, and end with status 120."""
    try:
        yield
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        sys.stderr = None


def _command(config: BundleConfig) -> click.Command:
    return click.Command(
        config.name,
        params=[
            click.Option(
                ["--bundle-metadata", "metadata"],
                is_flag=True,
                help="Print the Dags and tasks of this bundle, and nothing else.",
            ),
            click.Option(
                ["--format", "metadata_format"],
                type=click.Choice(["json", "yaml"]),
                default="json",
                show_default=True,
                help="Format of the metadata; the manifest is YAML.",
            ),
            click.Option(
                ["--self-check"], is_flag=True, help="Import every module of this bundle, and print a JSON report."
            ),
            click.Option(["--comm"], metavar="HOST:PORT", help="Where the supervisor expects frames."),
            click.Option(["--logs"], metavar="HOST:PORT", help="Where the supervisor expects log lines."),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=lambda context, _option, value: _show_version(context, config) if value else None,
                help="Print the version and exit.",
            ),
        ],
        callback=dict,
        context_settings={"max_content_width": 100},
        help=f"{config.name} {config.version}, a bundle of Airflow tasks.\n\n"
        "Airflow starts it with --comm and --logs to run one task. --bundle-metadata prints its Dags and tasks.",
        epilog="Exit status: 0 for success, 1 for a failure, 2 for a usage error.",
    )


def _show_version(context: click.Context, config: BundleConfig) -> None:
    click.echo(f"{config.name} {config.version} (dagfloe {__version__})")
    context.exit(0)
