"""Reading the settings of a project, and the errors for wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagfloe.build.project import read_project
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
[project]
name = "My.Sales-Report"
version = "1.2"
requires-python = ">=3.10"
dependencies = ["pandas<2", "dagfloe>=0.1", "tomli; python_version < '3.11'"]
[tool.dagfloe]
bundle = "sales.tasks:bundle"
airflow = "3.4"
native-dags = ["sales", "stock"]
hidden-imports = ["secrets"]
data = ["queries:sql"]
package-data = ["certifi"]
metadata = ["numpy"]
exclude = ["tkinter"]
cache-dir = "/srv/dagfloe"
"""


def make(root: Path, settings_file: str = GOOD, source_root: str = "src") -> Path:
    """Write a project of several modules."""
    package = root / source_root / "sales" / "inner"
    package.mkdir(parents=True)
    for path in (package.parent / "__init__.py", package.parent / "tasks.py", package / "__init__.py"):
        path.write_text("")
    (package / "part.py").write_text("")
    (package.parent / "__main__.py").write_text("")
    (root / "queries").mkdir()
    (root / "pyproject.toml").write_text(settings_file)
    return root


@pytest.mark.parametrize("source_root", [".", "src"])
def test_everything_is_read(tmp_path: Path, source_root: str) -> None:
    """All keys are read, modules are found in both layouts, and dagfloe itself is not among the dependencies."""
    project = read_project(make(tmp_path, source_root=source_root))
    assert (project.name, project.version, project.file_name) == ("My.Sales-Report", "1.2", "my-sales-report")
    assert list(map(str, project.dependencies)) == ["pandas<2", 'tomli; python_version < "3.11"']
    assert project.source_file == (tmp_path / source_root / "sales" / "tasks.py").resolve()
    assert project.modules == ("sales", "sales.inner", "sales.inner.part", "sales.tasks")
    assert (project.hidden_imports, project.package_data) == (("secrets",), ("certifi",))
    assert (project.metadata, project.exclude) == (("numpy",), ("tkinter",))
    assert project.cache_dir == "/srv/dagfloe"
    assert project.schema_version == "2026-10-30"
    assert project.native_dags == ("sales", "stock")
    assert project.data == ((tmp_path.resolve() / "queries", "sql"),)


def test_single_module(tmp_path: Path) -> None:
    """A project may be one file; other files in its folder do not belong to it."""
    (tmp_path / "tasks.py").write_text("")
    (tmp_path / "test_tasks.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )
    project = read_project(tmp_path)
    assert project.modules == ("tasks",)
    assert project.schema_version == "2026-06-16", "Airflow 3.3 and 3.4 both accept the default"


@pytest.mark.parametrize(
    ("value", "airflow", "expected"),
    [("true", "3.4", True), ("false", "3.4", False), ("false", "3.3", False), ("[]", "3.3", ())],
)
def test_native_dags(tmp_path: Path, value: str, airflow: str, expected: object) -> None:
    """All Dags or none may be native."""
    text = GOOD.replace('["sales", "stock"]', value).replace('airflow = "3.4"', f'airflow = "{airflow}"')
    project = read_project(make(tmp_path, text))
    assert (project.native_dags, project.makes_dags_at_parse) == (expected, False)


@pytest.mark.parametrize(("value", "expected"), [("build", False), ("parse", True)])
def test_native_dags_at(tmp_path: Path, value: str, *, expected: bool) -> None:
    """Native Dags may be made at each parse."""
    text = GOOD.replace("native-dags =", f'native-dags-at = "{value}"\nnative-dags =')
    assert read_project(make(tmp_path, text)).makes_dags_at_parse is expected


BAD = [
    ('version = "1.2"', "", "version"),
    ('version = "1.2"', 'version = "one"', "is not a version"),
    ('version = "1.2"', 'version = "1.2"\ndynamic = ["dependencies"]', "dynamic"),
    ('name = "My.Sales-Report"', "name = 3", "name"),
    ('name = "My.Sales-Report"', 'name = "../escape"', "not a valid project name"),
    ('requires-python = ">=3.10"', 'requires-python = "new"', "requires-python 'new'"),
    ("pandas<2", "pandas<<2", "is not a requirement"),
    ("dagfloe>=0.1", "dagfloe>=99", "requires dagfloe>=99"),
    ('bundle = "sales.tasks:bundle"', "", "needs the key bundle"),
    ('bundle = "sales.tasks:bundle"', 'bundle = "sales.tasks"', "write module:attribute"),
    ('bundle = "sales.tasks:bundle"', 'bundle = "sales.nope:bundle"', "no sales/nope.py"),
    (
        'hidden-imports = ["secrets"]',
        'hidden_imports = ["secrets"]',
        "no key 'hidden_imports': its keys are bundle, airflow, airflow-names, native-dags, native-dags-at, hidden-",
    ),
    ('hidden-imports = ["secrets"]', 'hidden-imports = "secrets"', "list of strings"),
    ('airflow = "3.4"', 'airflow = "2.10"', "airflow is '2.10': write the oldest Airflow"),
    ('airflow = "3.4"', "airflow = 3.4", "that is to run the bundle, '3.3' or '3.4', as a string"),
    ('airflow = "3.4"', 'airflow = "3.4"\nairflow-names = "yes"', "airflow-names is 'yes': write true or false"),
    ('["sales", "stock"]', '"sales"', "native-dags must be true, false or a list of dag_ids"),
    ('["sales", "stock"]', '["sales", 3]', "native-dags must be true, false or a list of dag_ids"),
    ('["sales", "stock"]', 'true\nnative-dags-at = "run"', 'native-dags-at is \'run\': write "build" or "parse"'),
    ('["sales", "stock"]', 'false\nnative-dags-at = "parse"', "native-dags-at needs native Dags: set native-dags"),
    ('["sales", "stock"]', "true\nnative-dags-at = []", "native-dags-at is []"),
    ('["sales", "stock"]', '[""]', "native-dags must be true, false or a list of dag_ids"),
    ('airflow = "3.4"', "", 'native-dags needs Airflow 3.4: add airflow = "3.4", or remove native-dags'),
    ('airflow = "3.4"', 'airflow = "3.3"', 'native-dags needs Airflow 3.4: add airflow = "3.4"'),
    ('data = ["queries:sql"]', 'data = ["queries"]', "path:folder"),
    ('data = ["queries:sql"]', 'data = ["nowhere:sql"]', "no nowhere"),
    ("[tool.dagfloe]", "[tool.other]", "the table [tool.dagfloe] is missing"),
    ("[tool.dagfloe]", "[[tool]]", "the table [tool.dagfloe] is missing"),
    ("[project]", "[", "is not TOML"),
]


@pytest.mark.parametrize(("good", "bad", "message"), BAD)
def test_wrong_settings(tmp_path: Path, good: str, bad: str, message: str) -> None:
    """The error names the file, the key and what to write."""
    make(tmp_path, GOOD.replace(good, bad))
    with pytest.raises(PackError) as caught:
        read_project(tmp_path)
    assert message in str(caught.value)
    assert "pyproject.toml" in str(caught.value)


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    """There is an error for a folder without a pyproject.toml, and for a file that is not UTF-8."""
    with pytest.raises(PackError, match=r"has no pyproject\.toml"):
        read_project(tmp_path)
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe\0")
    with pytest.raises(PackError, match="cannot be read"):
        read_project(tmp_path)


toml_values = st.recursive(
    st.sampled_from(["3", "true", '""', '"x"', '"sales.tasks:bundle"', '">=3"', "1979-05-27"]),
    lambda inner: st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=4,
)
keys = st.sampled_from(
    [
        "name",
        "version",
        "dynamic",
        "dependencies",
        "requires-python",
        "bundle",
        "airflow",
        "native-dags",
        "data",
        "exclude",
    ]
)
tables = st.dictionaries(keys, toml_values).map(
    lambda table: "".join(f"{key} = {value}\n" for key, value in table.items())
)


@settings(max_examples=200)
@given(tables, tables)
def test_values_of_any_type(tmp_path_factory: pytest.TempPathFactory, project: str, tool: str) -> None:
    """Values of any type give a project or a PackError."""
    root = tmp_path_factory.mktemp("odd")
    (root / "pyproject.toml").write_text(f"[project]\n{project}[tool.dagfloe]\n{tool}")
    try:
        read_project(root)
    except PackError as error:
        assert "pyproject.toml" in str(error)  # noqa: PT017 - either outcome is right
