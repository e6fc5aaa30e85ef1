"""A bundle's command line as click reads it: help, version and usage errors."""

from __future__ import annotations

import click

from dagfloe._version import __version__
from dagfloe.constants import EXIT_USAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dagfloe.runtime.config import BundleConfig


def read_flags(arguments: Sequence[str], config: BundleConfig) -> dict[str, Any] | int:
    """Read any command line.

    Args:
        arguments: the arguments.
        config: the bundle's configuration.

    Returns:
        The flags' values by name; or the exit status, after help, the version or a usage error was shown.
    """
    try:
        answer = _command(config).main(list(arguments), prog_name=config.name, standalone_mode=False)
    except click.ClickException as error:
        return show_usage_error(error.format_message(), config)
    except click.Abort:
        return EXIT_USAGE
    return answer if isinstance(answer, dict) else int(answer or 0)


def show_usage_error(message: str, config: BundleConfig) -> int:
    """Show how the bundle is used, and a reason, on stderr; return the exit status."""
    click.UsageError(message, click.Context(_command(config), info_name=config.name)).show()
    return EXIT_USAGE


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
                help="Form of the metadata; yaml is that of the manifest.",
            ),
            click.Option(
                ["--self-check"], is_flag=True, help="Import every module of this bundle, and report as JSON."
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
        "Airflow starts it with --comm and --logs to run one task; see --bundle-metadata for what is in it.",
        epilog="Exit status: 0 done, 1 failed, 2 the command line cannot be obeyed.",
    )


def _show_version(context: click.Context, config: BundleConfig) -> None:
    click.echo(f"{config.name} {config.version} (dagfloe {__version__})")
    context.exit(0)
