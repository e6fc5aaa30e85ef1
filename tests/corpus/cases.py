"""The Dag files of the corpus: how each is adopted and run, and which of its tasks stay where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DAGS = Path(__file__).parent / "dags"
#: The options of `dagfloe adopt` that move the ordinary tasks, too.
ALL = ("--all",)


@dataclass(frozen=True)
class Case:
    """A Dag file.

    Attributes:
        name: the name of the file, without `.py`.
        shape: what the file shows, for the page.
        adopt: further arguments of `dagfloe adopt`.
        dag_ids: its Dags; by default one, whose dag_id is the name.
        conf: of the run.
        stays: the tasks that cannot be moved, and a part of the reason that `dagfloe adopt` must give for each.
        beside: files that belong to it, in the same folder.
        quick: whether `make adopt-corpus-quick` runs it.
        installed: the folder below Airflow's site packages that has the file, which is then not one of ours.
        varies: a pattern for the lines that differ in any two runs, by task_id.
        alike: a pattern for the parts of task_ids of which a task chooses one at random.
        differs: patterns for differences that are meant to be, each with its reason.
    """

    name: str
    shape: str
    adopt: tuple[str, ...] = ()
    dag_ids: tuple[str, ...] = ()
    conf: Mapping[str, Any] = field(default_factory=dict)
    stays: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    quick: bool = False
    installed: str = ""
    varies: Mapping[str, str] = field(default_factory=dict)
    alike: str = ""
    differs: Mapping[str, str] = field(default_factory=dict)

    def files(self, site_packages: Path) -> list[Path]:
        """The Dag file and what is beside it.

        Args:
            site_packages: the folder of Airflow's packages.
        """
        folder = site_packages / self.installed if self.installed else DAGS
        return [folder / f"{self.name}.py", *(folder / name for name in self.beside)]

    @property
    def dags(self) -> tuple[str, ...]:
        """Its dag_ids."""
        return self.dag_ids or (self.name,)


_BRANCHES = {
    r".*: the XCom (skipmixin_key is missing when|return_value is there only when) adopted": (
        "a branch task pushes what it has chosen as `return_value`, and not as `skipmixin_key`"
    )
}
CASES = (
    Case("venv_etl", "TaskFlow, `@task.virtualenv`, extract, transform and load", quick=True),
    Case("venv_classic", "`with DAG`, `PythonVirtualenvOperator`, `op_args`, `op_kwargs`, `ti.xcom_pull`", quick=True),
    Case("external_taskflow", "`@task.external_python`"),
    Case("external_classic", "`ExternalPythonOperator`, `dag=dag`, `.output`, `BashOperator`"),
    Case("two_versions", "two versions of one library"),
    Case("branching", "`@task.branch`, labels, a join"),
    Case("branch_virtualenv", "`@task.branch_virtualenv`", differs=_BRANCHES),
    Case("mapped_xcom", "`.partial().expand()` over an XCom"),
    Case(
        "mapped_literals",
        "`.expand()` over lists, TaskFlow and operators",
        stays={
            "convert": "it is mapped with .partial() and .expand()",
            "convert_to": "it is mapped with .partial() and .expand()",
        },
    ),
    Case("groups", "task groups, one in the other"),
    Case("group_mapped", "a mapped task group", stays={"per_city.tidy": "a mapped group creates it"}),
    Case("params_conf", "params with a schema, and conf", adopt=ALL, conf={"limit": 3, "extra": [1]}),
    Case("context_keys", "parameters named after context keys, `**context`, `get_current_context`", adopt=ALL),
    Case("push_pull", "`PythonOperator`, `xcom_push` and `xcom_pull`", adopt=ALL),
    Case(
        "templates",
        "templates in `op_args`, `op_kwargs` and `templates_dict`, macros",
        adopt=ALL,
        stays={
            "query": "templates_dict",
            "own_macro": "user_defined_macros",
            "copy": "is used here, too",
        },
    ),
    Case("variables", "variables: read, with defaults, as JSON, written", adopt=ALL),
    Case("connections", "connections by `BaseHook` and `Connection`", adopt=ALL),
    Case("outcomes", "skip, fail, fail without a retry, retries, trigger rules", adopt=ALL, quick=True),
    Case(
        "venv_outcomes",
        "isolated tasks that fail, `skip_on_exit_code`, retries",
        stays={"skips": "skipped by its exit code"},
    ),
    Case("multiple_outputs", "`multiple_outputs` by option and by annotation"),
    Case("helpers", "constants, an enum and helpers at module level", adopt=ALL),
    Case(
        "several_dags",
        "several Dags in a file",
        dag_ids=("several_first", "several_second", "several_third"),
    ),
    Case("overrides", "a function at module level, called three times, `.override`"),
    Case("loop_tasks", "a loop that creates tasks"),
    Case("loop_dags", "a factory that creates Dags in a loop", dag_ids=("loop_dags_alpha", "loop_dags_beta")),
    Case("setup_teardown", "setup and teardown"),
    Case("assets", "assets, `outlet_events`, `inlet_events`, `Metadata`", adopt=ALL, stays={"yields": "a generator"}),
    Case("options", "pool, weight, timeout, trigger rules, `do_xcom_push=False`", adopt=ALL),
    Case("typed", "dataclasses, enums and type hints at module level", adopt=ALL),
    Case("dates", "datetimes, timedeltas, decimals and tuples as XComs"),
    Case(
        "frames",
        "frames of pandas and numpy scalars as XComs",
        differs={r".*the XCom return_value is .*'numpy\.float64'.*": "a numpy scalar is pushed as a plain number"},
    ),
    Case("callbacks", "callbacks of tasks and of the Dag", adopt=ALL),
    Case(
        "requirements_file",
        "requirements in a file, and as a template",
        beside=("requirements_file.txt",),
        stays={"from_file": "in the file requirements_file.txt", "from_template": "are a template"},
    ),
    Case(
        "needs_airflow",
        "`system_site_packages=True`, `expect_airflow=True`",
        stays={"with_airflow": "expects Airflow itself", "with_site_packages": "from Airflow's environment"},
    ),
    Case("provider_hooks", "a hook of a provider", adopt=ALL, stays={"base_path": "it uses the provider"}),
    Case("sensors", "`@task.sensor`, `PokeReturnValue`"),
    Case("short_circuit", "`@task.short_circuit`, `chain`"),
    Case("serializers", '`serializer="dill"`, pickled values'),
    Case("venv_logging", "`logging` and `print` in isolated tasks"),
    Case("venv_options", "`python_version`, `venv_cache_path`, `env_vars`, `index_urls`"),
    Case("old_imports", "imports of Airflow 2", adopt=ALL),
)

_EXAMPLES = "airflow/providers/standard/example_dags"
#: How the paths of two Pythons differ.
_PATHS = {"external_python": "Running task via .*", "print_the_context": ".*"}
#: Airflow's own examples of isolated tasks, as they are installed with it.
EXAMPLES = (
    Case("example_python_decorator", "", installed=_EXAMPLES, beside=("sql",), varies=_PATHS),
    Case("example_python_operator", "", installed=_EXAMPLES, beside=("sql",), varies=_PATHS),
    Case("example_branch_operator", "", installed=_EXAMPLES, alike="_[abcd]$", differs=_BRANCHES),
    Case(
        "example_branch_operator_decorator",
        "",
        dag_ids=("example_branch_python_operator_decorator",),
        installed=_EXAMPLES,
        alike="_[abcd]$",
        differs=_BRANCHES,
    ),
    Case("tutorial_taskflow_api_virtualenv", "", installed="airflow/example_dags"),
)
