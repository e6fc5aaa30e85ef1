"""Callbacks of options of the form NAME=VALUE."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from dagfloe.cli.show.terminal_text import escape_controls
from dagfloe.errors import DagfloeError
from dagfloe.model.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence


def split_pairs(_ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> list[tuple[str, str]]:
    """Split the values at their first equals sign."""
    pairs = []
    for value in values:
        name, separator, text = value.partition("=")
        if not separator or not name:  # the value may be secret, so the message does not show it
            raise click.BadParameter(f"expected {parameter.metavar}")
        pairs.append((name, text))
    return pairs


def parse_params(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> dict[str, Any]:
    """Read params whose values are JSON. What is not JSON is a string."""
    params: dict[str, Any] = {}
    for name, text in split_pairs(ctx, parameter, values):
        try:
            params[name] = json.loads(text)
        except ValueError:
            params[name] = text
    return params


def parse_connections(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> list[Connection]:
    """Read connections from URIs."""
    try:
        return [Connection.from_uri(conn_id, uri) for conn_id, uri in split_pairs(ctx, parameter, values)]
    except DagfloeError as error:
        raise click.BadParameter(escape_controls(str(error))) from error
