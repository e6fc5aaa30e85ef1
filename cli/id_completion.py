"""Shell completion of dag_ids and task_ids."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.format.bundle_file import read_bundle

if TYPE_CHECKING:
    import click


def complete_ids(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """List the dag_ids (for `--dag`) or task_ids of the bundle file in PATH that begin with `incomplete`.

    A project would have to be imported for that, so the list is empty.
    """
    try:
        params = _typed_params(ctx)
        dags = read_bundle(Path(params["path"])).manifest["dags"]
        if "--dag" in parameter.opts:
            ids = sorted(dags)
        else:
            ids = [
                task_id
                for dag_id, dag in dags.items()
                if params.get("dag_id") in (None, dag_id)
                for task_id in dag["tasks"]
            ]
    except Exception:  # noqa: BLE001 - a message would disturb the line that the user types
        return []
    return [value for value in ids if isinstance(value, str) and value.startswith(incomplete) and value.isprintable()]


def _typed_params(ctx: click.Context) -> dict[str, Any]:
    """Parse the words before the option to complete. That option has no value yet, which would stop click's parser."""
    words = shlex.split(os.environ["COMP_WORDS"])[2 : int(os.environ["COMP_CWORD"])]
    while words and words[-1].startswith("-"):
        words.pop()
    return ctx.command.make_context(ctx.info_name, words, resilient_parsing=True).params
