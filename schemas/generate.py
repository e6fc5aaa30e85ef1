"""Makes the typed message bodies and the table of requests from Airflow's supervisor schemas: `make messages`.

`strip` reduces a schema file of Airflow's to what is used here. The types are made by datamodel-code-generator, as
modules that only type checkers read; the table is what `dagfloe.runtime.wire.requests` checks bodies with.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
TABLE = ROOT / "runtime" / "wire" / "request_table.py"
VERSIONS = ("2026-06-16", "2026-10-30")

#: What begins like a request and is none: what the supervisor sends, or answers by passing a file descriptor.
_NO_REQUESTS = {"DagFileParseRequest", "ResendLoggingFD"}
_VERBS = ("Clear", "Create", "Delete", "Get", "Mask", "Put", "Set", "Skip", "Trigger", "Update", "Validate")
_ANSWERS = ("AwaitInputTask", "DagFileParsingResult", "DeferTask", "RescheduleTask", "RetryTask", "SucceedTask")
_ENDS = (*_ANSWERS, "TaskState")
_SIMPLE = {"boolean": "bool", "integer": "int", "null": "null", "number": "number", "string": "text"}
_FORMATS = {"date-time": "date", "duration": "duration", "uuid": "uuid"}


def schema_path(version: str) -> Path:
    """Where the reduced schema of a version is."""
    return HERE / f"supervisor-{version}.json"


def types_path(version: str) -> Path:
    """Where the types made from a version go."""
    return ROOT / "src" / "dagfloe" / "messages" / f"v{version.replace('-', '_')}.py"


def strip(value: Any) -> Any:
    """A schema without its prose and titles, keys in order."""
    if isinstance(value, dict):
        return {
            key: strip(item)
            for key, item in sorted(value.items())
            if not (key in ("description", "title") and isinstance(item, str))
        }
    return [strip(item) for item in value] if isinstance(value, list) else value


def messages(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The definitions that are messages: those with a constant `type`."""
    return {
        name: definition
        for name, definition in schema["$defs"].items()
        if definition.get("properties", {}).get("type", {}).get("const") == name
    }


# The types


def make_types(version: str) -> str:
    """The stub file of a version."""
    schema = json.loads(schema_path(version).read_text("utf-8"))
    for definition in messages(schema).values():
        # Optional in the schema, because it has a default; a body without it has no meaning on the wire.
        definition["required"] = ["type", *definition.get("required", [])]
    _as_sent(schema["$defs"])
    schema["$ref"] = "#/$defs/StartupDetails"
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "schema.json"), Path(folder, "types.py")
        source.write_text(json.dumps(schema), "utf-8")
        generator = [sys.executable, "-W", "ignore", "-m", "datamodel_code_generator"]
        options = [
            "--input-file-type=jsonschema",
            "--output-model-type=typing.TypedDict",
            "--target-python-version=3.11",
            "--formatters=builtin",
            "--disable-timestamp",
            "--no-use-closed-typed-dict",
            "--use-standard-collections",
            "--use-union-operator",
            "--strict-nullable",
        ]
        subprocess.run([*generator, *options, f"--input={source}", f"--output={target}"], check=True)
        text = target.read_text("utf-8")
    header = (
        f"# Made by `make messages` from supervisor-{version}.json: for type checkers, never imported at run time.\n"
    )
    body = text[text.index("from __future__") :]
    return header + "\n" + body.partition("\n\nModel: TypeAlias")[0]


def _as_sent(value: Any) -> None:
    """Give the types that msgpack gives: dates are `datetime`, not text."""
    if isinstance(value, dict):
        if value.get("format") == "date-time":
            value.clear()
            value["customTypePath"] = "datetime.datetime"
        for item in value.values():
            _as_sent(item)
    elif isinstance(value, list):
        for item in value:
            _as_sent(item)


# The table


def make_table() -> str:
    """The module with the table of requests of every version."""
    lines = [
        '"""What each request must and may hold, for each supervisor schema. Made by `make messages`.',
        "",
        "A line holds a request's fields as `name:type`, with `?` after names that may be left out; a `!` at its",
        "beginning says that other fields are forbidden. `dagfloe.runtime.wire.requests` reads the types.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "#: By supervisor schema version; a newer one holds only what differs from the one before it.",
        "TABLE: dict[str, dict[str, str]] = {",
    ]
    before: dict[str, str] = {}
    for version in VERSIONS:
        lines.append(f'    "{version}": {{')
        requests = _requests(json.loads(schema_path(version).read_text("utf-8")))
        for name, fields in sorted(requests.items()):
            if before.get(name) != fields:
                lines += _entry(name, fields)
        lines.append("    },")
        before = requests
    return _formatted("\n".join([*lines, "}", ""]))


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TABLE), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _entry(name: str, fields: str) -> list[str]:
    line = f'        "{name}": "{fields}",'
    if len(line) <= 120:
        return [line]
    parts: list[str] = []
    for field in fields.split(" "):
        if parts and len(parts[-1]) + len(field) < 100:
            parts[-1] += f" {field}"
        else:
            parts.append(field)
    lines = [*(f'            "{part} "' for part in parts[:-1]), f'            "{parts[-1]}"']
    return [
        f'        "{name}": (',
        *(f"{line}  # noqa: E501" if len(line) > 120 else line for line in lines),
        "        ),",
    ]


def _requests(schema: dict[str, Any]) -> dict[str, str]:
    names = {name for name in messages(schema) if name.startswith(_VERBS) or name in _ENDS} - _NO_REQUESTS
    table: dict[str, str] = {}
    pending = sorted(names)
    while pending:
        name = pending.pop()
        definition = schema["$defs"][name]
        table[name] = _fields(definition, schema["$defs"])
        pending += sorted(set(re.findall(r"\{(\w+)\}", table[name])) - set(table))
    return table


def _fields(definition: dict[str, Any], definitions: dict[str, Any]) -> str:
    required = set(definition.get("required", []))
    fields = [
        f"{name}{'' if name in required else '?'}:{_type(field, definitions)}"
        for name, field in definition.get("properties", {}).items()
        if not (name == "type" and "const" in field)
    ]
    closed = ["!"] if definition.get("additionalProperties") is False else []
    return " ".join([*closed, *fields])


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        target = definitions[name]
        if name == "JsonValue":
            return "json"
        return (
            f"{{{name}}}" if target.get("type") == "object" and "properties" in target else _type(target, definitions)
        )
    if "anyOf" in field:
        return "|".join(_type(part, definitions) for part in field["anyOf"])
    if "const" in field or "enum" in field:
        return "=" + "/".join(field.get("enum", [field.get("const")]))
    if not set(field) - {"default"}:
        return "json"
    if field["type"] == "array":
        if "prefixItems" in field:
            return f"pair({','.join(_type(part, definitions) for part in field['prefixItems'])})"
        return f"{'some' if field.get('minItems') else 'list'}({_type(field['items'], definitions)})"
    if field["type"] == "object":
        values = field.get("additionalProperties", True)
        inside = "json" if values is True else _type(values, definitions)
        return "map" if inside in ("json", "json|null") else f"map({inside})"
    if "exclusiveMinimum" in field:
        return "positive"
    return _FORMATS.get(field.get("format", ""), _SIMPLE[field["type"]])


def main() -> None:
    """Write every file that is made."""
    for path, text in results().items():
        path.write_text(text, "utf-8")


def results() -> dict[Path, str]:
    """What every file that is made should hold."""
    return {TABLE: make_table(), **{types_path(version): make_types(version) for version in VERSIONS}}


if __name__ == "__main__":
    main()
