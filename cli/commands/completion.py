"""`dagfloe completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what lets a SHELL complete the commands, options, files and values of dagfloe.

    \b
    eval "$(dagfloe completion bash)"      # in ~/.bashrc
    eval "$(dagfloe completion zsh)"       # in ~/.zshrc
    dagfloe completion fish > ~/.config/fish/completions/dagfloe.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"the installed click knows nothing of {shell}: update it")
    click.echo(kind(ctx.find_root().command, {}, "dagfloe", "_DAGFLOE_COMPLETE").source())
