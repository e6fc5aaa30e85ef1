"""`dagfloe completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes dagfloe's commands, options and values in your shell.

    \b
    eval "$(dagfloe completion bash)"      # in ~/.bashrc
    eval "$(dagfloe completion zsh)"       # in ~/.zshrc
    dagfloe completion fish > ~/.config/fish/completions/dagfloe.fish
    """
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.ClickException(f"the installed click does not support {shell}; upgrade click")
    click.echo(completion_class(ctx.find_root().command, {}, "dagfloe", "_DAGFLOE_COMPLETE").source())
