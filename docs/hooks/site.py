"""What the documentation's generator does beyond its plugins: command lines as text, the manifest's fields."""

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
#: What the figure of starts shows of the benchmarks: rows of this table, and how they are called in it.
STARTS, OURS = "Start under Airflow's own supervisor", "bundle file, warm"
BARS = {
    OURS: "dagfloe, warm",
    "ordinary Python task": "ordinary task, Airflow's own Python",
    "ExternalPythonOperator, no Airflow in it": "ExternalPythonOperator",
    "PythonVirtualenvOperator, cached, no Airflow in it": "PythonVirtualenvOperator, cached",
    "PythonVirtualenvOperator, cached, Airflow in it": "the same, with Airflow in it",
    "PythonVirtualenvOperator, no cache, no Airflow in it": "PythonVirtualenvOperator, no cache",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let the commands' examples be blocks of code."""
    for name in COMMANDS:
        _prepare(getattr(import_module(f"dagfloe.cli.commands.{name}"), name))
    return config


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Put in what is made from data."""
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
    before, found, after = markdown.partition(mark)
    if not found:
        raise ValueError(f"{page.file.src_uri} has no line {mark}")
    return before + render(json.loads((ROOT / source).read_text("utf-8"))) + after


def _prepare(command: click.Command) -> None:
    command.help = as_markdown(command.help or "")
    for each in getattr(command, "commands", {}).values():
        _prepare(each)


def as_markdown(text: str) -> str:
    r"""A command's help as Markdown: what follows a `\b` is a block of command lines."""
    blocks = []
    for block in cleandoc(text).split("\n\n"):
        first, _, rest = block.partition("\n")
        blocks.append(f"```console\n{_prompted(rest)}\n```" if first.strip() == "\b" else block)
    return "\n\n".join(blocks)


def _prompted(lines: str) -> str:
    return "\n".join(f"$ {line}" for line in lines.splitlines())


def manifest_fields(schema: Mapping[str, Any]) -> str:
    """Tables of the fields that a schema has."""
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
        "`declaration.tasks`, each": definitions["task"]["properties"],
    }
    required = {
        "The manifest": schema["required"],
        "`sdk`": schema["properties"]["sdk"]["required"],
        "`floor`": ours["floor"]["required"],
        "A Dag": schema["properties"]["dags"]["additionalProperties"]["required"],
        "`declaration` of a Dag": definitions["declaration"]["required"],
    }
    lines = []
    for title, fields in parts.items():
        lines += [f"## {title}", "", "| field | holds |", "|---|---|"]
        for name, field in fields.items():
            always = ", always there" if name in required.get(title, ()) else ""
            lines.append(f"| `{name}` | {'; or '.join(_kinds(field, definitions))}{always} |")
        lines.append("")
    return "\n".join(lines)


def _kinds(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    """What a field may hold, in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        if name in ("declaration", "task"):
            yield "a map, see below"
        else:
            yield from _kinds(definitions[name], definitions)
        return
    if "anyOf" in field:
        for each in field["anyOf"]:
            yield from _kinds(each, definitions)
        return
    note = f": {field['description'].rstrip('.')}" if "description" in field else ""
    if "enum" in field or "const" in field:
        yield ", ".join(f"`{json.dumps(each)}`" for each in field.get("enum", [field.get("const")])) + note
        return
    yield _kind(field, definitions) + note


def _kind(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    types = field.get("type", "any")
    kind = types if isinstance(types, str) else " or ".join(types)
    names = {"string": "text", "object": "a map", "array": "a list", "boolean": "`true` or `false`"}
    words = " or ".join(names.get(each, each) for each in kind.split(" or "))
    if "pattern" in field:
        words += f" like `{field['pattern'].replace('|', chr(92) + '|')}`"
    if kind == "array":
        items = field.get("items", {})
        return f"{words} of {', '.join(_kinds(items, definitions))}"
    if kind == "object" and field.get("properties"):
        inner = ", ".join(f"`{name}`" for name in field["properties"])
        return f"{words} with {inner}"
    return words


def start_figure(results: Mapping[str, Any]) -> str:
    """The measured starts under Airflow's own supervisor, as bars."""
    table = next(table for table in results["tables"] if table["title"] == STARTS)
    rows = {row["name"]: row["figures"]["median"] for row in table["rows"]}
    longest = max(rows[name] for name in BARS)
    lines = []
    for name, text in BARS.items():
        kind, length = "us" if name == OURS else "them", 100 * rows[name] / longest
        bar = f'<span class="bar"><i class="{kind}" style="width: {length:.1f}%"></i></span>'
        lines.append(f"<span>{text}</span>{bar}<b>{rows[name]:,.0f} ms</b>")
    return '<div class="bars" markdown="0">' + "".join(lines) + "</div>"
