"""Labels of edges."""

from __future__ import annotations

from typing import Any

import pytest

from dagfloe import Bundle, Dag, Label
from dagfloe.errors import RegistrationError


@pytest.fixture
def dag() -> Dag:
    """A Dag with the tasks a, b, c and d, and the group g of the tasks g.x and g.y."""
    dag = Bundle().dag("d")
    for name in "abcd":
        dag.task(task_id=name)(lambda: None)
    with dag.group("g"):
        dag.task(task_id="x")(lambda: None)
        dag.task(task_id="y")(lambda: None)
    return dag


def edges(dag: Dag) -> dict[str, list[str]]:
    return {task_id: ids for task_id in dag.tasks if (ids := dag.downstream_of(task_id))}


def test_directions(dag: Dag) -> None:
    """A label may stand in chains in both directions."""
    tasks: Any = dag.tasks
    tasks["a"] >> Label("one") >> tasks["b"] >> tasks["c"]
    tasks["d"] << Label("two") << tasks["c"]
    assert edges(dag) == {"a": ["b"], "b": ["c"], "c": ["d"]}
    assert dag.edge_labels == {"a": {"b": "one"}, "c": {"d": "two"}}


def test_lists_and_groups(dag: Dag) -> None:
    """Between lists and groups, every edge has the label; another declaration of an edge keeps its label."""
    tasks: Any = dag.tasks
    [tasks["a"], tasks["b"]] >> Label("one") >> dag.groups["g"]
    dag.groups["g"] >> Label("two") >> [tasks["c"]]
    [tasks["d"]] << Label("three") << [tasks["c"]]
    with dag:
        tasks["a"]() >> Label("four") >> tasks["d"]()
    tasks["a"] >> tasks["d"]
    assert dag.edge_labels == {
        "a": {"g.x": "one", "g.y": "one", "d": "four"},
        "b": {"g.x": "one", "g.y": "one"},
        "g.x": {"c": "two"},
        "g.y": {"c": "two"},
        "c": {"d": "three"},
    }


def test_one_label_for_several_tasks(dag: Dag) -> None:
    """A label connects everything before it to everything after it."""
    tasks: Any = dag.tasks
    label = Label("one")
    tasks["a"] >> label
    tasks["b"] >> label
    label >> tasks["c"]
    label >> tasks["d"]
    assert edges(dag) == {"a": ["c", "d"], "b": ["c", "d"]}
    assert dag.edge_labels == {"a": {"c": "one", "d": "one"}, "b": {"c": "one", "d": "one"}}
    label >> dag.groups["g"]
    assert (len(label.lasts()), len(label.firsts())) == (2, 4)


def test_wrong_labels(dag: Dag) -> None:
    """A label needs a text, and tasks on both sides."""
    tasks: Any = dag.tasks
    wrong: Any = 1
    for text in ("", wrong):
        with pytest.raises(RegistrationError, match=f"the Label is {text!r}: use a str that is not empty"):
            Label(text)
    with pytest.raises(RegistrationError, match=r"Label\('x'\) is next to Label\('y'\): put a task between them"):
        tasks["a"] >> Label("x") >> Label("y")
    with pytest.raises(RegistrationError, match=r"Label\('x'\) is in a list of tasks"):
        tasks["a"] >> [Label("x"), tasks["b"]]
    assert edges(dag) == {}
