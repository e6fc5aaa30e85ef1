"""The task handlers that a bundle declares, compared with stub tasks as Airflow does it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagfloe import Bundle
from dagfloe.format.manifest import validate_manifest
from dagfloe.runtime.config import BundleConfig
from dagfloe.runtime.handlers import declare_handlers
from dagfloe.runtime.metadata import bundle_metadata
from dagfloe.runtime.wire.parsing import parsing_result
from dagfloe.stub.dag_file import render_stub
from support.handler_checks import Argument, check_stub, fits
from support.schemas import NEW, violations

CONFIG = BundleConfig(target="tasks:bundle", name="b", version="1", source="tasks.py")
ADDED = "from __future__ import annotations\nimport logging, typing\nfrom dagfloe import Bundle, Client, Context\n"


def declared(code: str) -> dict[str, Any]:
    """The handlers of a bundle whose Dag is `d`."""
    bundle = load(code)
    request = {"type": "TaskHandlerParseRequest", "file": "/b/f", "bundle_path": "/b", "bundle_name": "b"}
    answer = parsing_result(request, handlers=declare_handlers(CONFIG, bundle))
    assert violations(answer, NEW) == []
    handlers: dict[str, Any] = answer["task_handlers"]
    return handlers


def load(code: str) -> Bundle:
    """The bundle of a module."""
    scope: dict[str, Any] = {"__name__": "tasks", "bundle": (bundle := Bundle())}
    exec(ADDED + "dag = bundle.dag('d')\n" + code, scope)  # noqa: S102 - the tests' own code
    return bundle


def params(signature: str, *, call: str = "") -> Any:
    """The declared parameters of a task with a signature."""
    block = f"with dag:\n    {call}\n" if call else ""
    (handler,) = declared(f"@dag.task\ndef t({signature}): return 1\n{block}")["d"]
    assert (handler["task_id"], handler["binding"]) == ("t", "named")
    return handler["params"]


def test_every_handler_is_declared_in_order() -> None:
    """Every task of every Dag is declared, with its full id, in the order of registration."""
    bundle = Bundle()
    for dag_id in ("second", "first"):
        dag = bundle.dag(dag_id)
        with dag.group("g"):
            dag.task(task_id="z")(do_nothing)
        dag.task(task_id="a")(do_nothing)
    handlers = declare_handlers(CONFIG, bundle)
    assert {dag_id: [handler["task_id"] for handler in tasks] for dag_id, tasks in handlers.items()} == {
        "first": ["g.z", "a"],
        "second": ["g.z", "a"],
    }


def do_nothing() -> None:
    """Do nothing."""


def test_parameters_of_a_stub_written_by_hand() -> None:
    """Parameters that the runtime does not inject are declared by exact name, with what their annotations accept."""
    signature = "client: Client, day: str, limit: int | None, rows, context: Context, log: logging.Logger"
    assert params(signature) == [
        {"name": "day", "value_schema": {"type": "string"}, "exact_name": True},
        {
            "name": "limit",
            "value_schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "exact_name": True,
        },
        {"name": "rows", "value_schema": None, "exact_name": True},
    ]


def test_tasks_without_parameters() -> None:
    """A task that takes nothing, or only what the runtime injects, declares that it takes nothing."""
    assert params("") == []
    assert params("client: Client, context: Context", call="t()") == []


@pytest.mark.parametrize(
    ("signature", "call"),
    [
        ("*rows", ""),
        ("day, **rest", ""),
        ("day=1", ""),
        ("day", "t(5)"),
        ("day=1", "t()"),
        ("day", "t.expand(day=[1, 2])"),
    ],
)
def test_parameters_that_cannot_be_listed(signature: str, call: str) -> None:
    """If the bundle binds the arguments, or a call may pass any or none, no parameters are declared."""
    assert params(signature, call=call) is None


@pytest.mark.parametrize(
    ("annotation", "passed", "is_right"),
    [
        ("int", {"type": "integer"}, True),
        ("float", {"type": "integer"}, True),
        ("int", {"type": "number"}, False),
        ("int", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, False),
        ("int | None", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, True),
        ("int", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, True),
        ("int", {"enum": ["x"]}, False),
        ("list[str]", {"type": "array", "items": {"type": "integer"}}, True),
        ("typing.Any", {"type": "string"}, True),
        ("int", None, True),
    ],
)
def test_stub_with_an_argument(annotation: str, passed: dict[str, Any] | None, is_right: bool) -> None:
    """A stub's argument is refused exactly if its type can never fit the annotation."""
    handlers = declared(f"@dag.task\ndef t(value: {annotation}): pass\n")
    found = check_stub(handlers, "d", "t", [Argument("value", passed)])
    assert (not found.errors, found.warnings) == (is_right, [])


def test_wrong_stubs() -> None:
    """A stub without a handler is an error. A name that does not fit is a warning, because the task may bind it."""
    handlers = declared("@dag.task\ndef t(value_a: int): pass\n")
    assert check_stub(handlers, "d", "other").errors
    assert check_stub(handlers, "other", "t").errors
    found = check_stub(handlers, "d", "t", [Argument("valueA")])
    assert (found.errors, len(found.warnings)) == ([], 2)
    assert not check_stub(handlers, "d", "t", is_mapped=True).warnings


def test_the_checks_of_types() -> None:
    """The checks themselves: an unknown type, a reference and a combination state nothing."""
    unknown: tuple[dict[str, Any], ...] = (
        {"type": "odd"},
        {"$ref": "#/x"},
        {"allOf": [{"type": "string"}]},
        {},
        {"anyOf": [{}]},
    )
    for schema in unknown:
        assert fits(schema, {"type": "integer"})
    assert not fits({"const": "x"}, {"oneOf": [{"type": "integer"}]})


# Generated stubs

names = st.sampled_from(["a", "b", "c"])
hints = st.sampled_from(["", ": int", ": str | None", ": list[int]", ": typing.Literal['x']"])
injected = st.sampled_from(["client: Client", "context: Context", "log: logging.Logger"])


@st.composite
def bundles(draw: st.DrawFn) -> str:
    """The code of a Dag whose `with dag:` block calls its tasks, with literals, XComs, defaults and mapping."""
    code, block = "", ""
    done: list[int] = []
    for number in range(draw(st.integers(1, 5))):
        task = f"t{number}"
        required = draw(st.lists(names, unique=True, max_size=3))
        optional = [name for name in draw(st.lists(names, unique=True, max_size=2)) if name not in required]
        parts = [name + draw(hints) for name in required]
        parts += [f"{name}{draw(hints)} = None" for name in optional]
        takes_more, is_injected, is_mapped = (draw(st.booleans()) for _ in range(3))
        parts += ["**rest"] if takes_more else []
        if is_injected:
            parts.insert(0, draw(injected))
        kind = draw(st.sampled_from(["task", "branch", "short_circuit"]))
        code += f"@dag.{kind}\ndef {task}({', '.join(parts)}): return 1\n"
        sources = st.sampled_from(["5", "'x'", "[1]", "None", *(f"x{before}" for before in done)])
        arguments = {name: draw(sources) for name in required}
        if required and is_mapped:
            mapped = draw(st.sampled_from(required))
            arguments.pop(mapped)
            shared = ", ".join(f"{name}={value}" for name, value in arguments.items())
            block += f"    x{number} = {task}.partial({shared}).expand({mapped}=[1, 2])\n"
        else:
            passed = ", ".join(f"{name}={value}" for name, value in arguments.items())
            block += f"    x{number} = {task}({passed})\n"
        done.append(number)
    return f"{code}with dag:\n{block}"


@settings(max_examples=150)
@given(bundles())
def test_generated_stubs_are_right(code: str) -> None:
    """A stub Dag that `dagfloe stub` writes causes neither an import error nor a warning."""
    bundle = load(code)
    manifest = bundle_metadata(BundleConfig("t:b", "p", "1", "t.py", schema_version="2026-10-30"), bundle)
    validate_manifest(manifest)
    handlers = {dag_id: dag["task_handlers"] for dag_id, dag in manifest["dags"].items()}
    stubs = list(read_stubs(render_stub(manifest)))
    assert sorted(task_id for task_id, _, _ in stubs) == sorted(bundle.dags["d"].tasks)
    for task_id, arguments, is_mapped in stubs:
        found = check_stub(handlers, "d", task_id, arguments, is_mapped=is_mapped)
        assert (found.errors, found.warnings) == ([], [])


def read_stubs(source: str) -> list[tuple[str, list[Argument], bool]]:
    """The stub tasks of a Dag file: their ids, the arguments of their calls, and whether they are mapped."""
    tree = ast.parse(source)
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    calls: dict[str, tuple[list[Argument], bool]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in functions:
            calls[node.func.id] = (arguments_of(node), False)
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "expand":
            assert isinstance(node.func.value, ast.Name)
            calls[node.func.value.id] = (arguments_of(node), True)
    return [(name, *calls[name]) for name in functions]


def arguments_of(call: ast.Call) -> list[Argument]:
    """The arguments of a call, by name."""
    assert not call.args
    return [Argument(str(keyword.arg)) for keyword in call.keywords]
