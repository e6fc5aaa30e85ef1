"""Which tasks a branch and a short circuit skip, asked of the client and by the decorators."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from dagfloe import Client, DagfloeError
from dagfloe.masking import Secrets
from support.memory import context
from support.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.authoring.dag import Task

CURE = re.escape("declare it (`with dag: a >> [b, c]`)")
SHORT_CIRCUIT: Callable[[Client], None] = lambda c: c.short_circuit()  # noqa: E731 - a parameter among others


class Graph(Run):
    """The task `t` of a Dag, and tasks that may come after it."""

    def tasks(self, names: str = "abcd") -> list[Task]:
        """Register tasks by one letter each."""
        return [self.dag.task(task_id=name)(lambda: None) for name in names]

    def diamond(self, t: Task | None = None) -> None:
        """Let `b` and `c` run after `t`, and `d` after them; `a` runs before all, and `e` beside them."""
        task = t or self.dag.task(task_id="t")(lambda: None)
        a, b, c, d, _ = self.tasks("abcde")
        with self.dag:
            a >> task >> [b, c] >> d

    def skipped(self) -> list[list[str | list[object]]]:
        """The tasks of each request to skip some."""
        return [body["tasks"] for body in self.airflow.sent("SkipDownstreamTasks")]


@pytest.fixture
def graph() -> Graph:
    """A Dag without tasks."""
    return Graph()


# Branches, by the client


@pytest.mark.parametrize(
    ("follow", "skipped"),
    [
        (["b"], [["c"]]),
        (["c"], [["b"]]),
        (["b", "c"], []),
        (["c", "b", "c"], []),
        ([], [["b", "c"]]),
        (["d"], [["b", "c"]]),
    ],
)
def test_branch_in_a_diamond(graph: Graph, follow: list[str], skipped: list[list[str]]) -> None:
    """Only tasks right after the branch are skipped, in one request: not where both ways meet, nor tasks elsewhere."""
    graph.diamond()
    graph.client().branch(*follow)
    assert graph.skipped() == skipped
    assert graph.sent() == ["SkipDownstreamTasks"] * len(skipped)


@pytest.mark.parametrize(("follow", "skipped"), [("a", [["d"]]), ("b", [["a", "d"]]), ("d", [["a", "b"]])])
def test_task_that_is_reached_from_another_branch(graph: Graph, follow: str, skipped: list[list[str]]) -> None:
    """A task right after the branch is not skipped when a followed one leads to it, near or far."""
    t = graph.dag.task(task_id="t")(lambda: None)
    a, b, c, d = graph.tasks()
    with graph.dag:
        t >> [a, b, d]
        a >> c >> b
    graph.client().branch(follow)
    assert graph.skipped() == skipped


@pytest.mark.parametrize(
    ("follow", "among", "skipped"),
    [(["c"], ["e", "c"], [["e"]]), (["b"], ["b", "d", "e"], [["e"]]), ([], ["e"], [["e"]]), ([], [], [])],
)
def test_choice_that_is_named(graph: Graph, follow: list[str], among: list[str], skipped: list[list[str]]) -> None:
    """`among` stands for what is declared after the task; what is declared after followed ones still counts."""
    graph.diamond()
    graph.client().branch(*follow, among=among)
    assert graph.skipped() == skipped


@pytest.mark.parametrize("among", [None, ["b", "c"]])
def test_branch_to_an_unknown_task(graph: Graph, among: list[str] | None) -> None:
    """A task that is not there is named beside those that are, and nothing is skipped."""
    graph.diamond()
    with pytest.raises(DagfloeError, match=r"there is no task 'x' to branch to: the tasks are b, c$"):
        graph.client().branch("b", "x", among=among)
    assert graph.sent() == []


def test_branch_of_a_mapped_task_instance(graph: Graph) -> None:
    """A mapped task instance skips the tasks with its own map index."""
    graph.diamond()
    graph.client(context(map_index=2)).branch("b")
    assert graph.skipped() == [[["c", 2]]]


# Short circuits, by the client


@pytest.mark.parametrize(("ignore_trigger_rules", "skipped"), [(True, ["b", "c", "d"]), (False, ["b", "c"])])
def test_short_circuit(graph: Graph, ignore_trigger_rules: bool, skipped: list[str]) -> None:
    """All tasks after this one are skipped, or only those right after it; never those before or beside it."""
    graph.diamond()
    graph.client().short_circuit(ignore_trigger_rules=ignore_trigger_rules)
    assert graph.skipped() == [skipped]


def test_short_circuit_skips_near_and_far_tasks_by_default(graph: Graph) -> None:
    """Without a word about trigger rules they are ignored."""
    graph.diamond()
    graph.client().short_circuit()
    assert graph.skipped() == [["b", "c", "d"]]


# Without wiring


@pytest.mark.parametrize("call", [lambda c: c.branch("b"), lambda c: c.branch(), SHORT_CIRCUIT])
@pytest.mark.parametrize("known", ["no bundle", "no task", "no edge", "no edge after it"])
def test_nothing_is_known_to_come_after(graph: Graph, call: Callable[[Client], None], known: str) -> None:
    """A bundle that does not say what comes after the task cannot skip it, and says how to change that."""
    if known.startswith("no edge"):
        t, b = graph.tasks("tb")
        with graph.dag:
            b >> ([t] if known == "no edge after it" else [])
    client = Client(graph.airflow, context(), Secrets(), None) if known == "no bundle" else graph.client()
    with pytest.raises(DagfloeError, match=f"what comes after task 't': {CURE}") as caught:
        call(client)
    assert ("among" in str(caught.value)) == (call is not SHORT_CIRCUIT)  # which has no such argument
    assert graph.sent() == []


def test_named_choice_needs_no_wiring(graph: Graph) -> None:
    """With `among`, a branch goes on without anything that the bundle declares."""
    client = Client(graph.airflow, context(), Secrets(), None)
    client.branch("b", among=iter(["a", "b", "c"]))
    assert graph.skipped() == [["a", "c"]]
    with pytest.raises(DagfloeError, match=r"there is no task 'x' to branch to: the tasks are a, b$"):
        client.branch("x", among=["a", "b"])


# The decorators


@pytest.mark.parametrize(
    ("value", "skipped", "pushed"),
    [
        ("b", [["c"]], "b"),
        (["b"], [["c"]], ["b"]),
        (("c",), [["b"]], ["c"]),
        (["b", "c"], [], ["b", "c"]),
        ([], [["b", "c"]], []),
        (None, [["b", "c"]], None),
        ({"b"}, [["c"]], ["b"]),
        (frozenset("b"), [["c"]], ["b"]),
        ({"b": 1}.keys(), [["c"]], ["b"]),
        (iter(["b"]), [["c"]], ["b"]),
    ],
)
def test_branch_decorator(graph: Graph, value: object, skipped: list[list[str]], pushed: object) -> None:
    """A branch goes on with the task_ids that it returns; the skips are sent first, then the value but for None."""
    graph.diamond(graph.dag.branch(task_id="t")(lambda: value))
    assert graph()["type"] == "SucceedTask"
    assert graph.skipped() == skipped
    assert graph.sent() == ["SkipDownstreamTasks"] * len(skipped) + ["SetXCom"] * (pushed is not None)
    assert [(body["key"], body["value"]) for body in graph.airflow.sent("SetXCom")] == [
        ("return_value", pushed) for _ in [0] if pushed is not None
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "is a branch and returned bool: return task_ids"),
        ({"b": 1}, "is a branch and returned dict: return task_ids"),
        (["b", None], "is a branch and returned list: return task_ids"),
        (b"b", "is a branch and returned bytes: return task_ids"),
        ("x", "there is no task 'x' to branch to: the tasks are b, c"),
        ("", "there is no task '' to branch to: the tasks are b, c"),
        (["b", "x"], "there is no task 'x' to branch to: the tasks are b, c"),
    ],
)
def test_branch_decorator_with_something_else(graph: Graph, value: object, message: str) -> None:
    """What is no task_id fails the task with its reason, and neither skips nor pushes anything."""
    graph.diamond(graph.dag.branch(task_id="t")(lambda: value))
    ended = graph(should_retry=True)
    assert ended["type"] == "RetryTask"
    assert message in ended["retry_reason"]
    assert graph.sent() == []


@pytest.mark.parametrize(
    ("value", "goes_on"), [(True, True), ("yes", True), ([0], True), (False, False), ([], False), (None, False)]
)
def test_short_circuit_decorator(graph: Graph, value: object, goes_on: bool) -> None:
    """Something false skips all tasks that come after, something true none; the value is pushed but for None."""
    graph.diamond(graph.dag.short_circuit(task_id="t")(lambda: value))
    assert graph()["type"] == "SucceedTask"
    assert graph.skipped() == ([] if goes_on else [["b", "c", "d"]])
    assert [body["value"] for body in graph.airflow.sent("SetXCom")] == [value] * (value is not None)


@pytest.mark.parametrize("kind", ["branch", "short_circuit"])
def test_nothing_is_skipped_before_the_value_is_known_to_be_good(graph: Graph, kind: str) -> None:
    """A value that cannot be pushed fails the task, and neither skips nor pushes anything."""
    options = {"multiple_outputs": True} if kind == "branch" else {}
    value: object = ["b"] if kind == "branch" else Decimal(0)
    graph.diamond(getattr(graph.dag, kind)(task_id="t", **options)(lambda: value))
    assert graph(should_retry=True)["type"] == "RetryTask"
    assert graph.sent() == []


def test_choice_that_is_a_text(graph: Graph) -> None:
    """`among` is a list of task_ids; a text would be one of letters."""
    with pytest.raises(DagfloeError, match="among='bc' is a text"):
        graph.client().branch("b", among="bc")
    assert graph.sent() == []


@pytest.mark.parametrize("kind", ["branch", "short_circuit"])
def test_decorators_without_wiring(graph: Graph, kind: str) -> None:
    """A task that has to skip others and is not told which fails, and says how to change that."""
    getattr(graph.dag, kind)(task_id="t")(lambda: None)
    assert re.search(CURE, graph(should_retry=True)["retry_reason"])
    assert graph.sent() == []
