"""Reading YAML of strangers: values of a few types, within limits, or one error."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from dagfloe.format.errors import ManifestError
from dagfloe.format.manifest import parse_manifest, render_manifest, validate_manifest
from dagfloe.format.yaml_reader import MAX_BYTES, MAX_DEPTH, MAX_NUMBER, MAX_VALUES, read_yaml

BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
#: What raised errors of other classes, never ended, or gave values that other parts could not handle.
HOSTILE = {
    "an alias bomb": BOMB,
    "a list in itself": "&a [*a]",
    "a mapping in itself": "&a {b: *a}",
    "a boolean that is none": "!!bool maybe",
    "an empty integer": "!!int ''",
    "an integer of an underscore": "_: !!int _",
    "an empty float": "!!float ''",
    "a date that is none": "!!timestamp x",
    "a month 13": "2026-13-45",
    "a long hexadecimal number": "0x" + "f" * 6000,
    "a long number": "9" * 6000,
    "a long sexagesimal number": "1:" * 5000 + "1",
    "a list as key": "? [a]\n: 1",
    "a mapping as key": "{{a: b}: c}",
    "binary data": "!!binary aGk=",
    "binary data that is none": "!!binary '*'",
    "a set": "!!set {a, b}",
    "pairs": "!!pairs [1]",
    "an ordered mapping": "!!omap [a: 1]",
    "a merge key": "{<<: {a: 1}}",
    "a value key": "{=: 1}",
    "a Python object": "!!python/object/apply:os.system [echo]",
    "an own type": "!own a",
    "a string as list": "!!str [a]",
    "deep nesting": "[" * 3000 + "]" * 3000,
    "deep nesting of blocks": "".join("  " * depth + "a:\n" for depth in range(3000)),
    "a lone surrogate": r'"\ud800"',
    "a zero byte": "\0",
    "two documents": "a\n---\nb\n",
    "a directive": "%YAML 9.9\n---\na\n",
    "an open bracket": "[",
    "an unknown alias": "*a",
}
PLAIN = "~ null yes No on 1 -1 0x1F 0b11 017 1_000 190:20:30 1.5 1e3 1.e+3 .inf -.INF .nan 2026-01-01 = <<"
OTHER = """2026-01-01T10:00:00Z / 2026-01-01 10:00:00.5 +02:00 / '' / "1" / 'no' / !!str 1 / !!int '7' / ! 12 /
 !!float 1 / !!null '' / !!bool yes / a b / é / "\\e[31m" """
SCALARS = [*PLAIN.split(), *OTHER.replace("/\n", "/").strip().split(" / "), "|\n a\n b", ">\n a\n b"]
PIECES = st.sampled_from(
    [
        *"-?:,[]{}#&*!|>'\"%@`~ \n\t\0",
        "- ",
        ": ",
        "? ",
        "<<",
        "!!",
        "---",
        "...",
        "&a ",
        "*a",
        "0x",
        "\\",
        "é",
        "\ud800",
    ]
)


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("parser", ["C", "Python"])
def test_hostile_documents(parser: str, document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not a value of a core type is one error, whichever parser of PyYAML reads it, and whatever it raises."""
    if parser == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    with pytest.raises(ManifestError):
        read_yaml(document.encode(errors="surrogatepass"))


def test_the_message_names_the_line() -> None:
    """An error names the line and what is wrong there."""
    for document, message in {
        "a: 1\nb: !!bool maybe\n": "line 2: 'maybe' is not a value of type !!bool",
        "a: &x 1\nb: *x\n": "line 2: aliases are not allowed: write the value itself",
        "a: !!binary aGk=\n": "line 1: the type !!binary is not allowed",
        "- a\n- ]\n": "it is not YAML: line 2: ",
        "a: \udcff": "it is not YAML (UnicodeDecodeError)",
    }.items():
        with pytest.raises(ManifestError) as raised:
            read_yaml(document.encode(errors="surrogateescape"))
        assert str(raised.value).startswith(message)


@pytest.mark.parametrize("document", SCALARS)
@pytest.mark.parametrize("parser", ["C", "Python"])
def test_scalars_mean_what_they_mean_for_airflow(parser: str, document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With PyYAML's C parser or without, a scalar that is read has the value that Airflow reads."""
    if parser == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    data = f"key: {document}\n".encode()
    if document in ("=", "<<"):
        with pytest.raises(ManifestError, match="is not allowed"):
            read_yaml(data)
        return
    value, expected = read_yaml(data)["key"], yaml.safe_load(data)["key"]
    assert type(value) is type(expected)
    assert value == expected or (math.isnan(value) and math.isnan(expected))


def test_what_other_packers_write() -> None:
    """Flow style, comments, block strings, lone anchors, dates and repeated keys are read as Airflow reads them."""
    document = (
        "%YAML 1.1\n---\n# by hand\ndags: {'etl': {tasks: [a, \"b\"], on: 2026-01-01}}\n"
        "sdk: &sdk\n  language: java\n  note: |\n    two\n    lines\nsource: A.java\nsource: B.java\n...\n"
    )
    value = read_yaml(document.encode())
    assert value == yaml.safe_load(document)
    assert value["dags"]["etl"][True] == date(2026, 1, 1)
    assert read_yaml(b"") is None
    assert read_yaml(b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_the_limits() -> None:
    """A document at a limit is read, and one beyond it is refused."""
    assert read_yaml(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(ManifestError, match=f"nested deeper than {MAX_DEPTH} levels"):
        read_yaml(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    assert read_yaml(b"9" * MAX_NUMBER) == int("9" * MAX_NUMBER)
    with pytest.raises(ManifestError, match=f"more than {MAX_NUMBER} characters"):
        read_yaml(b"9" * (MAX_NUMBER + 1))
    with pytest.raises(ManifestError, match="bytes, and at most"):
        read_yaml(b" " * (MAX_BYTES + 1))


def test_the_limit_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of values is limited."""
    assert MAX_VALUES >= 1_000_000
    monkeypatch.setattr("dagfloe.format.yaml_reader.MAX_VALUES", 3)
    assert read_yaml(b"[1, 2]") == [1, 2]
    with pytest.raises(ManifestError, match="more than 3 values"):
        read_yaml(b"[1, 2, 3]")


@given(st.binary(max_size=200) | st.lists(PIECES, max_size=60).map("".join))
@example(b"\xff\xfea\0")
def test_any_input(document: bytes | str) -> None:
    """Any bytes give a value of the core types or the one error, with the C parser and without it."""
    data = document if isinstance(document, bytes) else document.encode(errors="surrogatepass")
    for c_parser in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            if not c_parser:
                patch.delattr(yaml, "CSafeLoader", raising=False)
            try:
                check_types(read_yaml(data))
            except ManifestError:
                continue


def check_types(value: Any) -> None:
    """Check that a value has core types only, and that all its strings can be written."""
    if isinstance(value, dict):
        for key, item in value.items():
            check_types(key)
            check_types(item)
    elif isinstance(value, list):
        for item in value:
            check_types(item)
    elif isinstance(value, str):
        value.encode()
    else:
        assert value is None or isinstance(value, (bool, int, float, date))


def test_a_value_in_two_places() -> None:
    """A manifest is written without aliases, because they are not read."""
    shared = ["a"]
    manifest = {"one": shared, "two": shared}
    assert parse_manifest(render_manifest(manifest)) == manifest


@pytest.mark.parametrize("dag_id", ["null", "5", "1.5", "yes", "2026-01-01"])
def test_a_dag_id_is_a_string(dag_id: str) -> None:
    """A key that YAML does not read as a string is not a dag_id, as for Airflow. The message names the field."""
    manifest = parse_manifest(
        f"""airflow_bundle_metadata_version: "1.0"
sdk: {{language: go, version: v1, supervisor_schema_version: "2026-06-16"}}
source: main.go
dags: {{{dag_id}: {{tasks: [t]}}}}
""".encode()
    )
    with pytest.raises(ManifestError, match=r"at \$\.dags: .* is not of type 'string'"):
        validate_manifest(manifest)


def test_a_long_wrong_value() -> None:
    """The message about a wrong value does not quote all of it."""
    with pytest.raises(ManifestError) as raised:
        validate_manifest({"dags": "x" * 1_000_000})
    assert len(str(raised.value)) < 1000
