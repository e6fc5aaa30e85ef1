"""The tasks that branches and short circuits skip, with the client's calls and with the decorators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dagfloe import Client, DagfloeError
from dagfloe.masking import Secrets
from support.memory import context
from support.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagfloe.authoring.dag import Task

CURE = re.escape("declare the graph (`with dag: a >> [b, c]`)")
SHORT_CIRCUIT: Callable[[Client], None] = lambda c: c.short_circuit()  # noqa: E731 - a parameter among others


class BranchRun(Run):
    """Runs the task `t` of a Dag with other tasks."""

    def tasks(self, names: str = "abcd") -> list[Task]:
        """Register one task per letter."""
        return [self.dag.task(task_id=name)(lambda: None) for name in names]

    def diamond(self, t: Task | None = None) -> None:
        """Let `b` and `c` run after `t`, and `d` after them. `a` runs before `t`; `e` is unconnected."""
        task = t or self.dag.task(task_id="t")(lambda: None)
        a, b, c, d, _ = self.tasks("abcde")
        with self.dag:
            a >> task >> [b, c] >> d

    def skipped(self) -> list[list[str | list[object]]]:
        """The tasks of every SkipDownstreamTasks request."""
        return [body["tasks"] for body in self.airflow.sent("SkipDownstreamTasks")]


@pytest.fixture
def graph() -> BranchRun:
    """A Dag without tasks."""
    return BranchRun()


# Branches with the client


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
def test_branch_in_a_diamond(graph: BranchRun, follow: list[str], skipped: list[list[str]]) -> None:
    """One request skips only tasks right after the branch: not tasks where both paths meet, nor unconnected tasks."""
    graph.diamond()
    graph.client().branch(*follow)
    assert graph.skipped() == skipped
    assert graph.sent() == ["SkipDownstreamTasks"] * len(skipped)


@pytest.mark.parametrize(("follow", "skipped"), [("a", [["d"]]), ("b", [["a", "d"]]), ("d", [["a", "b"]])])
def test_task_that_is_reached_from_another_branch(graph: BranchRun, follow: str, skipped: list[list[str]]) -> None:
    """A task right after the branch is not skipped if it also runs after a followed task, directly or indirectly."""
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
def test_among(graph: BranchRun, follow: list[str], among: list[str], skipped: list[list[str]]) -> None:
    """`among` replaces the tasks right after this one; tasks after followed tasks are still not skipped."""
    graph.diamond()
    graph.client().branch(*follow, among=among)
    assert graph.skipped() == skipped


@pytest.mark.parametrize("among", [None, ["b", "c"]])
def test_branch_to_an_unknown_task(graph: BranchRun, among: list[str] | None) -> None:
    """The error for an unknown task lists the known tasks; nothing is skipped."""
    graph.diamond()
    with pytest.raises(DagfloeError, match=r"there is no task 'x' to branch to: the tasks are b, c$"):
        graph.client().branch("b", "x", among=among)
    assert graph.sent() == []


def test_branch_of_a_mapped_task_instance(graph: BranchRun) -> None:
    """A mapped task instance skips the tasks with its own map index."""
    graph.diamond()
    graph.client(context(map_index=2)).branch("b")
    assert graph.skipped() == [[["c", 2]]]


def test_branch_to_a_task_group(graph: BranchRun) -> None:
    """A branch to a task group follows its first tasks."""
    task = graph.dag.task(task_id="t")(lambda: None)
    (other,) = graph.tasks("o")
    with graph.dag.group("g") as group:
        a, b, c = graph.tasks("abc")
    with graph.dag:
        a >> b
        task >> [group, other, c]
    graph.client().branch("g")
    assert graph.skipped() == [["o"]]
    graph.client().branch("g.c")
    assert graph.skipped() == [["o"], ["g.a", "o"]]


# Short circuits with the client


@pytest.mark.parametrize(("ignore_trigger_rules", "skipped"), [(True, ["b", "c", "d"]), (False, ["b", "c"])])
def test_short_circuit(graph: BranchRun, ignore_trigger_rules: bool, skipped: list[str]) -> None:
    """A short circuit skips all tasks downstream, or only those right after the task, and no other tasks."""
    graph.diamond()
    graph.client().short_circuit(ignore_trigger_rules=ignore_trigger_rules)
    assert graph.skipped() == [skipped]


def test_short_circuit_skips_all_downstream_tasks_by_default(graph: BranchRun) -> None:
    """By default, trigger rules are ignored."""
    graph.diamond()
    graph.client().short_circuit()
    assert graph.skipped() == [["b", "c", "d"]]


@pytest.mark.parametrize("ignore_trigger_rules", [True, False])
def test_short_circuit_before_a_teardown(graph: BranchRun, ignore_trigger_rules: bool) -> None:
    """A short circuit skips no teardown, as in Airflow: what a setup created must be deleted."""
    task = graph.dag.task(task_id="t")(lambda: None)
    work = graph.dag.task(task_id="work")(lambda: None)
    close = graph.dag.teardown(task_id="close")(lambda: None)
    with graph.dag:
        task >> [work, close]
        work >> close
    graph.client().short_circuit(ignore_trigger_rules=ignore_trigger_rules)
    assert graph.skipped() == [["work"]]


# Without a declared graph


@pytest.mark.parametrize("call", [lambda c: c.branch("b"), lambda c: c.branch(), SHORT_CIRCUIT])
@pytest.mark.parametrize("known", ["no bundle", "no task", "no edge", "no edge after it"])
def test_no_downstream_tasks(graph: BranchRun, call: Callable[[Client], None], known: str) -> None:
    """Without a declared task after this one, the error says how to declare the graph."""
    if known.startswith("no edge"):
        t, b = graph.tasks("tb")
        with graph.dag:
            b >> ([t] if known == "no edge after it" else [])
    client = Client(graph.airflow, context(), Secrets(), None) if known == "no bundle" else graph.client()
    with pytest.raises(DagfloeError, match=f"the bundle declares no task after task 't': {CURE}") as caught:
        call(client)
    assert ("among" in str(caught.value)) == (call is not SHORT_CIRCUIT)  # it has no such argument
    assert graph.sent() == []


def test_among_needs_no_declared_graph(graph: BranchRun) -> None:
    """With `among`, a branch works without a declared graph."""
    client = Client(graph.airflow, context(), Secrets(), None)
    client.branch("b", among=iter(["a", "b", "c"]))
    assert graph.skipped() == [["a", "c"]]
    with pytest.raises(DagfloeError, match=r"there is no task 'x' to branch to: the tasks are a, b$"):
        client.branch("x", among=["a", "b"])


# Decorators


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
def test_branch_decorator(graph: BranchRun, value: object, skipped: list[list[str]], pushed: object) -> None:
    """A branch follows the task_ids that it returns. It sends the skips first, then the value unless it is None."""
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
def test_branch_decorator_with_something_else(graph: BranchRun, value: object, message: str) -> None:
    """A value that is not a task_id fails the task with a reason; nothing is skipped or pushed."""
    graph.diamond(graph.dag.branch(task_id="t")(lambda: value))
    ended = graph(should_retry=True)
    assert ended["type"] == "RetryTask"
    assert message in ended["retry_reason"]
    assert graph.sent() == []


@pytest.mark.parametrize(
    ("value", "continues"), [(True, True), ("yes", True), ([0], True), (False, False), ([], False), (None, False)]
)
def test_short_circuit_decorator(graph: BranchRun, value: object, continues: bool) -> None:
    """A false value skips all tasks downstream, a true value skips none. The value is pushed unless it is None."""
    graph.diamond(graph.dag.short_circuit(task_id="t")(lambda: value))
    assert graph()["type"] == "SucceedTask"
    assert graph.skipped() == ([] if continues else [["b", "c", "d"]])
    assert [body["value"] for body in graph.airflow.sent("SetXCom")] == [value] * (value is not None)


@pytest.mark.parametrize("kind", ["branch", "short_circuit"])
def test_nothing_is_skipped_before_the_value_is_checked(graph: BranchRun, kind: str) -> None:
    """A value that cannot be pushed fails the task; nothing is skipped or pushed."""
    options = {"multiple_outputs": True} if kind == "branch" else {}
    value: object = ["b"] if kind == "branch" else 0j
    graph.diamond(getattr(graph.dag, kind)(task_id="t", **options)(lambda: value))
    assert graph(should_retry=True)["type"] == "RetryTask"
    assert graph.sent() == []


def test_among_as_a_string(graph: BranchRun) -> None:
    """`among` is a list of task_ids; a str would be a list of letters."""
    with pytest.raises(DagfloeError, match="among='bc' is a str"):
        graph.client().branch("b", among="bc")
    assert graph.sent() == []


@pytest.mark.parametrize("kind", ["branch", "short_circuit"])
def test_decorators_without_a_declared_graph(graph: BranchRun, kind: str) -> None:
    """Without a declared graph the task fails, and the error says how to declare it."""
    getattr(graph.dag, kind)(task_id="t")(lambda: None)
    assert re.search(CURE, graph(should_retry=True)["retry_reason"])
    assert graph.sent() == []


# Tasks that only the Dag file has


def outside(graph: BranchRun) -> None:
    """Declare that `b`, the group `g` and `c` run after `t`, and `d` after them."""
    edges = {"t": ["b", "c", "g.x"], "b": ["d"], "c": ["d"], "g.x": ["g.y"], "d": ["e"]}
    graph.dag.outside(edges, teardowns=["e"], groups={"g": ["g.x"]})


@pytest.mark.parametrize(
    ("follow", "skipped"), [("b", ["c", "g.x"]), ("g", ["b", "c"]), (["b", "c"], ["g.x"]), (None, ["b", "c", "g.x"])]
)
def test_branch_among_tasks_outside_the_bundle(graph: BranchRun, follow: object, skipped: list[str]) -> None:
    """A branch skips tasks that only the Dag file has. It can choose a task group of the Dag file."""

    @graph.dag.branch
    def t() -> object:
        return follow

    outside(graph)
    assert graph()["type"] == "SucceedTask"
    assert graph.skipped() == [skipped]


def test_branch_to_an_unknown_task_outside_the_bundle(graph: BranchRun) -> None:
    """A branch to a task that neither the bundle nor the Dag file has fails."""

    @graph.dag.branch
    def t() -> str:
        return "nope"

    outside(graph)
    assert "there is no task 'nope' to branch to" in graph(should_retry=True)["retry_reason"]


def test_short_circuit_of_tasks_outside_the_bundle(graph: BranchRun) -> None:
    """A short circuit skips all tasks after it that the Dag file has, apart from teardowns."""

    @graph.dag.short_circuit
    def t() -> bool:
        return False

    (b,) = graph.tasks("b")
    graph.dag.tasks["t"] >> b
    outside(graph)
    assert graph()["type"] == "SucceedTask"
    assert graph.skipped() == [["b", "c", "g.x", "d", "g.y"]]


@pytest.mark.parametrize("edges", [{"a b": ["c"]}, {"a": ["b c"]}, {"a": [5]}])
def test_ids_outside_the_bundle(graph: BranchRun, edges: dict[str, list[str]]) -> None:
    """Ids that Airflow refuses are refused where they are declared."""
    with pytest.raises(DagfloeError):
        graph.dag.outside(edges)
