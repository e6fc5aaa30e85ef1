"""Hooks of MkDocs: format the examples of commands, and insert the manifest's fields and the figure of start times."""

from __future__ import annotations

import json
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagfloe.cli.tool import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import click
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
#: The table of the benchmarks from which the figure takes its rows, and the labels of the rows in the figure.
STARTS, OURS = "Start under Airflow's own supervisor", "bundle file, warm"
BARS = {
    OURS: "dagfloe, warm",
    "ordinary Python task": "ordinary task, Airflow's own Python",
    "ExternalPythonOperator, no Airflow in it": "ExternalPythonOperator",
    "PythonVirtualenvOperator, cached, no Airflow in it": "PythonVirtualenvOperator, cached",
    "PythonVirtualenvOperator, cached, Airflow in it": "the same, with Airflow in it",
    "PythonVirtualenvOperator, no cache, no Airflow in it": "PythonVirtualenvOperator, no cache",
}

#: What the definitions with a section of their own are called, in the singular and in the plural.
SHOWN_BELOW = {
    "asset": ("an asset", "assets"),
    "condition": ("a condition", "conditions"),
    "deadline": ("a deadline", "deadlines"),
    "declaration": ("an object", "objects"),
    "task": ("an object", "objects"),
}

#: What a type of JSON schema is called, in the singular and in the plural.
TYPES = {
    "array": ("a list", "lists"),
    "boolean": ("`true` or `false`", "`true` or `false`"),
    "integer": ("an integer", "integers"),
    "null": ("`null`", "`null`"),
    "number": ("a number", "numbers"),
    "object": ("an object", "objects"),
    "string": ("a string", "strings"),
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Turn the examples in the help of all commands into blocks of code."""
    for name in COMMANDS:
        _prepare(getattr(import_module(f"dagfloe.cli.commands.{name}"), name))
    return config


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Insert what this page shows of a data file."""
    parts = {
        "reference/manifest.md": (
            "<!-- the fields of the manifest -->",
            "src/dagfloe/format/manifest.schema.json",
            manifest_fields,
        ),
        "index.md": ("<!-- the figure of starts -->", "benchmarks/results.json", start_figure),
    }
    if page.file.src_uri not in parts:
        return markdown
    mark, source, render = parts[page.file.src_uri]
    before, separator, after = markdown.partition(mark)
    if not separator:
        raise ValueError(f"{page.file.src_uri} has no line {mark}")
    return before + render(json.loads((ROOT / source).read_text("utf-8"))) + after


def _prepare(command: click.Command) -> None:
    command.help = as_markdown(command.help or "")
    for subcommand in getattr(command, "commands", {}).values():
        _prepare(subcommand)


def as_markdown(text: str) -> str:
    r"""Convert a command's help to Markdown: the lines after a `\b` become a block of code."""
    blocks = []
    for block in cleandoc(text).split("\n\n"):
        first, _, rest = block.partition("\n")
        blocks.append(f"```console\n{_prompted(rest)}\n```" if first.strip() == "\b" else block)
    return "\n\n".join(blocks)


def _prompted(lines: str) -> str:
    return "\n".join(f"$ {line}" for line in lines.splitlines())


def manifest_fields(schema: Mapping[str, Any]) -> str:
    """Return tables with the fields of a schema."""
    definitions = schema["$defs"]
    ours = schema["then"]["properties"]
    dag = {
        **schema["properties"]["dags"]["additionalProperties"]["properties"],
        **ours["dags"]["additionalProperties"]["properties"],
    }
    parts = {
        "The manifest": {**schema["properties"], "floor": ours["floor"]},
        "`sdk`": schema["properties"]["sdk"]["properties"],
        "`digests`": schema["properties"]["digests"]["properties"],
        "`floor`": ours["floor"]["properties"],
        "A Dag": dag,
        "`declaration` of a Dag": definitions["declaration"]["properties"],
        "A task in `declaration.tasks`": definitions["task"]["properties"],
        "An asset": definitions["asset"]["properties"],
        "An item of `deadline`": definitions["deadline"]["properties"],
    }
    required = {
        "The manifest": schema["required"],
        "`sdk`": schema["properties"]["sdk"]["required"],
        "`floor`": ours["floor"]["required"],
        "A Dag": schema["properties"]["dags"]["additionalProperties"]["required"],
        "`declaration` of a Dag": definitions["declaration"]["required"],
        "An item of `deadline`": definitions["deadline"]["required"],
    }
    lines = []
    for title, fields in parts.items():
        lines += [f"## {title}", "", "| field | contents |", "|---|---|"]
        for name, field in fields.items():
            always = "; required" if name in required.get(title, ()) else ""
            lines.append(f"| `{name}` | {'; or '.join(_kinds(field, definitions))}{always} |")
        lines.append("")
    return "\n".join(lines)


def _kinds(field: Mapping[str, Any], definitions: Mapping[str, Any], *, plural: bool = False) -> Iterator[str]:
    """Describe the values that a field can have."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        if name in SHOWN_BELOW:
            yield f"{SHOWN_BELOW[name][plural]}, see below"
        else:
            yield from _kinds(definitions[name], definitions, plural=plural)
        return
    note = f": {field['description'].rstrip('.')}" if "description" in field else ""
    if "anyOf" in field:
        kinds = [kind for alternative in field["anyOf"] for kind in _kinds(alternative, definitions, plural=plural)]
        yield from kinds[:-1]
        yield kinds[-1] + note
        return
    if "enum" in field or "const" in field:
        values = field.get("enum", [field.get("const")])
        yield " or ".join(f"`{json.dumps(value)}`" for value in values) + note
        return
    yield _kind(field, definitions, plural=plural) + note


def _kind(field: Mapping[str, Any], definitions: Mapping[str, Any], *, plural: bool) -> str:
    types = field.get("type", "any value")
    names = [types] if isinstance(types, str) else types
    kinds = []
    for name in names:
        words = TYPES.get(name, (name, name))[plural]
        if name == "string" and "pattern" in field:
            words += f" that {'match' if plural else 'matches'} `{field['pattern'].replace('|', chr(92) + '|')}`"
        elif name == "array":
            words += f" of {', '.join(_kinds(field.get('items', {}), definitions, plural=True))}"
        elif name == "object" and field.get("properties"):
            words += f" with {', '.join(f'`{key}`' for key in field['properties'])}"
        kinds.append(words)
    return " or ".join(kinds)


def start_figure(results: Mapping[str, Any]) -> str:
    """Draw the start times under Airflow's own supervisor as bars."""
    table = next(table for table in results["tables"] if table["title"] == STARTS)
    rows = {row["name"]: row["figures"]["median"] for row in table["rows"]}
    longest = max(rows[name] for name in BARS)
    lines = []
    for name, text in BARS.items():
        kind, length = "us" if name == OURS else "them", 100 * rows[name] / longest
        bar = f'<span class="bar"><i class="{kind}" style="width: {length:.1f}%"></i></span>'
        lines.append(f"<span>{text}</span>{bar}<b>{rows[name]:,.0f} ms</b>")
    return '<div class="bars" markdown="0">' + "".join(lines) + "</div>"
