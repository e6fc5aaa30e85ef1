"""Templates in the arguments of tasks. tests/airflow/test_templates.py compares them with Airflow's."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagfloe import Bundle, Client, literal
from dagfloe.compat.session import TaskSession
from dagfloe.compat.templates import Renderer
from dagfloe.errors import BindingError
from dagfloe.masking import Secrets
from dagfloe.runtime.binding import Binder
from dagfloe.testing import TaskEnvironment
from support.memory import Airflow, context


def render(value: Any, **context: Any) -> Any:
    """Render an argument."""
    return Renderer("task 't' of Dag 'd'", lambda: context).render("rows", value)


@given(st.text("a{}%#\n\r \x85\u2028", max_size=12))
def test_string_without_template(text: str) -> None:
    """A string gives what Jinja gives, also if Jinja is not imported for it."""
    try:
        expected = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text).render()  # noqa: S701 - as Airflow
    except jinja2.TemplateError:
        with pytest.raises(BindingError):
            render(text)
    else:
        assert render(text) == expected


def test_nothing_is_imported() -> None:
    """Jinja is imported only for a template."""
    code = (
        "import sys; from dagfloe.compat.templates import Renderer; r = Renderer('t', lambda: {'a': 1})\n"
        "print(r.render('x', ['b\\n', {'c': 1}]), 'jinja2' in sys.modules, r.render('x', '{{ a }}'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "['b', {'c': 1}] False 1\n"


def test_collections() -> None:
    """Strings in collections are rendered, and the arguments do not change."""
    value = ["{{ a }}", ("{{ a }}",), {"{{ a }}": {"{{ a }}"}}, 5, None, literal("{{ a }}")]
    assert render(value, a="x") == ["x", ("x",), {"{{ a }}": {"x"}}, 5, None, "{{ a }}"]
    assert value[0] == "{{ a }}"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ b }}", "UndefinedError: 'b' is undefined"),
        ("{{ a.b }}", "UndefinedError: 'str object' has no attribute 'b'"),
        ("{{ a", "TemplateSyntaxError: unexpected end of template, expected 'end of print statement'."),
        ("{{ [a] / 1 }}", "an expression raised TypeError"),
    ],
)
def test_errors(template: str, problem: str) -> None:
    """An error names the task, the argument and the problem, not a value."""
    with pytest.raises(BindingError) as caught:
        render([template], a="secret")
    assert str(caught.value) == f"the argument 'rows' of task 't' of Dag 'd' cannot be rendered: {problem}"


def test_without_jinja(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Jinja, the error says what to add."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert render("a") == "a"
    with pytest.raises(BindingError, match="add jinja2 to \\[project\\] dependencies"):
        render("{{ a }}")


def test_in_a_task() -> None:
    """Literals are rendered and not converted. XComs, the values of params, and defaults of functions are not."""
    dag = Bundle().dag("d", params={"table": "{{ ds }}"})

    @dag.task
    def extract() -> list[str]:
        return ["{{ run_id }}"]

    @dag.task
    def load(limit: int, rows: list[Any], *, table: str = "{{ ds }}") -> list[Any]:
        return [limit, rows, table]

    with dag:
        load("{{ params.table }}", [extract(), "{{ ti.task_id }}"])
    env = TaskEnvironment()
    env.xcoms["extract"] = ["{{ run_id }}"]
    assert env.run(load).raise_for_state().value == ["{{ ds }}", [["{{ run_id }}"], "load"], "{{ ds }}"]


BINDINGS: list[dict[str, Any]] = [
    {"name": "a", "kind": "literal", "value": ["{{ ti.task_id }}"]},
    {"name": "b", "kind": "literal", "value": "{{ ti.task_id }}", "from_default": True},
    {"name": "c", "kind": "literal", "value": ["{{ ti.task_id }}"], "from_default": False},
    {"name": "d", "kind": "literal", "value": "{{ other }}"},
]


def test_bindings() -> None:
    """What Airflow 3.4 sends is rendered, but not the stub's defaults, nor what the bundle marks as literal."""
    dag = Bundle().dag("d")

    @dag.task(task_id="t")
    def work(a: Any, b: Any, c: Any, d: Any) -> list[Any]:
        return [a, b, c, d]

    with dag:
        work("{{ other }}", "b", literal(["{{ ti.task_id }}"]), literal("{{ ds }}"))
    airflow = Airflow()
    where = context()
    client = Client(airflow, where, Secrets())
    with TaskSession(work, where, client) as session:
        binder = Binder(work, where, client, [], session)
        with pytest.raises(BindingError, match=r"the argument 'd' .* 'other' is undefined"):
            binder.bind(work.parameters, BINDINGS)
        _args, arguments = binder.bind(work.parameters, [*BINDINGS[:3], {**BINDINGS[3], "value": "x\n"}])
        assert arguments == {"a": ["t"], "b": "{{ ti.task_id }}", "c": ["{{ ti.task_id }}"], "d": "x"}
        resumed = {"a": "{{ event }}"}
        assert binder.bind(work.parameters, BINDINGS[:3], {**resumed, "d": 1})[1]["a"] == "{{ event }}"
