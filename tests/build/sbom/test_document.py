"""The list of what is in a bundle file: its form, and what it says about each kind of component."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from dagfloe.build.project import Project, read_project
from dagfloe.build.sbom.document import render_sbom, write_sbom
from dagfloe.build.sbom.inventory import FrozenDistribution, HostLibrary, Inventory
from dagfloe.format.errors import PackError

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "5" * 64
TOOL = FrozenDistribution("dagfloe", "0.1", ("Apache-2.0",), requires=("msgpack",))
MSGPACK = FrozenDistribution("msgpack", "1.1", ("Apache 2.0",), sha256="a" * 64)
MANIFEST = {"floor": {"os": "linux", "architecture": "x86_64", "libc": "glibc", "libc_version": "2.35"}}
#: Runs the tool where the library for CycloneDX is not installed.
WITHOUT_LIBRARY = """
import sys
sys.modules["cyclonedx"] = None  # Python's own sign of a module that is not there
from dagfloe.cli.entry import main
main()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project, and no time of the build."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "tasks.py").write_text("from dagfloe import Bundle\nbundle = Bundle()\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "My.Sales"\nversion = "1.2"\n[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )
    return read_project(folder)


def render(project: Project, *distributions: FrozenDistribution, **more: Any) -> dict[str, Any]:
    """Render a list, validate it, and return it."""
    inventory = Inventory(
        "3.11.7", (TOOL, MSGPACK, *distributions), more.get("libraries", ()), more.get("required", ())
    )
    content = render_sbom(project, inventory, MANIFEST, DIGEST)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()) is None
    return dict(json.loads(content))


def component(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The component of this name."""
    (found,) = (item for item in document["components"] if item["name"] == name)
    return dict(found)


def depends_on(document: dict[str, Any], ref: str) -> list[str]:
    """What a component depends on."""
    (found,) = (item for item in document["dependencies"] if item["ref"] == ref)
    return list(found.get("dependsOn", ()))


def test_the_bundle_file_is_what_the_list_describes(project: Project) -> None:
    document = render(project)
    root = document["metadata"]["component"]
    assert (root["name"], root["version"], root["type"]) == ("My.Sales", "1.2", "application")
    assert root["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    assert {item["name"]: item["value"] for item in root["properties"]} == {
        "dagfloe:platform": "linux-x86_64",
        "dagfloe:python": "3.11.7",
        "dagfloe:requires": "linux x86_64, glibc 2.35 or newer",
    }
    python = component(document, "python")
    assert (python["type"], python["purl"]) == ("platform", "pkg:generic/python@3.11.7")
    assert python["cpe"] == "cpe:2.3:a:python:python:3.11.7:*:*:*:*:*:*:*"


@pytest.mark.parametrize(
    ("name", "purl"),
    [
        ("ruamel.yaml.clib", "pkg:pypi/ruamel-yaml-clib@1.0"),
        ("Flask_SQLAlchemy", "pkg:pypi/flask-sqlalchemy@1.0"),
        ("PyYAML", "pkg:pypi/pyyaml@1.0"),
    ],
)
def test_a_purl_has_the_normalized_name(project: Project, name: str, purl: str) -> None:
    """Databases of vulnerabilities know a distribution by this name; people know it by its own."""
    assert component(render(project, FrozenDistribution(name, "1.0")), name)["purl"] == purl


def test_a_purl_has_the_local_version(project: Project) -> None:
    assert component(render(project, FrozenDistribution("torch", "2.1+cpu")), "torch")["purl"].endswith("@2.1%2Bcpu")


@pytest.mark.parametrize(
    ("licenses", "expected"),
    [
        (("MIT",), [{"license": {"id": "MIT", "acknowledgement": "declared"}}]),
        (("MIT OR Apache-2.0",), [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]),
        (("Dual licence",), [{"license": {"name": "Dual licence", "acknowledgement": "declared"}}]),
        (
            ("BSD License", "MIT License"),
            [
                {"license": {"name": "BSD License", "acknowledgement": "declared"}},
                {"license": {"name": "MIT License", "acknowledgement": "declared"}},
            ],
        ),
        ((), None),
    ],
)
def test_licences(project: Project, licenses: tuple[str, ...], expected: Any) -> None:
    """Known ids, expressions and other names take their own forms; several names are never an expression."""
    document = render(project, FrozenDistribution("some", "1", licenses))
    assert component(document, "some").get("licenses") == expected


def test_the_graph_leads_from_the_bundle_file_to_everything(project: Project) -> None:
    """What the project requires, and what nothing requires, hangs on the bundle file; the rest on what requires it."""
    document = render(
        project,
        FrozenDistribution("first", "1", requires=("second", "msgpack")),
        FrozenDistribution("second", "2"),
        FrozenDistribution("third", "3"),
        required=("first", "msgpack"),
    )
    root = {"cpython@3.11.7", "dagfloe==0.1", "first==1", "msgpack==1.1", "third==3"}
    assert set(depends_on(document, "root-component")) == root
    assert set(depends_on(document, "first==1")) == {"msgpack==1.1", "second==2"}
    assert depends_on(document, "dagfloe==0.1") == ["msgpack==1.1"]
    refs = {item["bom-ref"] for item in document["components"]} | {"root-component"}
    assert {item["ref"] for item in document["dependencies"]} == refs


def test_libraries_without_a_package_have_a_digest(project: Project, tmp_path: Path) -> None:
    """Those of Python have no component of their own: Python has one."""
    libraries = (
        HostLibrary("libfast.so.3", str(tmp_path / "libfast.so.3"), "b" * 64),
        HostLibrary("libpython3.11.so.1.0", str(tmp_path / "libpython3.11.so.1.0")),
    )
    document = render(project, libraries=libraries)
    fast = component(document, "libfast.so.3")
    assert fast["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert sorted(item["name"] for item in document["components"]) == ["dagfloe", "libfast.so.3", "msgpack", "python"]
    assert str(tmp_path) not in json.dumps(document)


def test_where_a_distribution_comes_from(project: Project) -> None:
    document = render(project, FrozenDistribution("ours", "1", origin="folder"))
    assert component(document, "ours")["properties"] == [{"name": "dagfloe:source", "value": "folder"}]
    assert "properties" not in component(document, "msgpack")


def test_equal_files_have_equal_lists(project: Project) -> None:
    """The serial number follows from the file, and the list has no timestamp."""
    document = render(project)
    assert document == render(project)
    assert "timestamp" not in document["metadata"]
    assert document["metadata"]["properties"] == [{"name": "cdx:reproducible", "value": "true"}]
    assert document["serialNumber"].startswith("urn:uuid:")
    other = json.loads(render_sbom(project, Inventory("3.11.7", (TOOL, MSGPACK), (), ()), MANIFEST, "6" * 64))
    assert other["serialNumber"] != document["serialNumber"]


def test_the_time_is_that_of_the_source(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert render(project)["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize("value", ["yesterday", "-1", "1e9", "²", "9" * 5000, "0" * 20 + "9" * 20])
def test_a_time_that_is_not_a_number_of_seconds(project: Project, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(PackError, match="set it to a number of seconds since 1970, or unset it"):
        render(project)


def test_a_list_replaces_the_last_one(project: Project, tmp_path: Path) -> None:
    """It is complete or not there, and has the mode of a file that everyone reads."""
    file = tmp_path / "my files" / "my-sales"
    file.parent.mkdir()
    file.write_bytes(b"a bundle file")
    inventory = Inventory("3.11.7", (TOOL, MSGPACK), (), ())
    old = file.with_name("my-sales.cdx.json")
    old.write_text("old")
    assert write_sbom(project, file, inventory, MANIFEST) == old
    assert json.loads(old.read_text("utf-8"))["bomFormat"] == "CycloneDX"
    assert old.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in file.parent.iterdir()) == ["my-sales", "my-sales.cdx.json"]


def test_without_the_library_nothing_is_built(project: Project, tmp_path: Path) -> None:
    """The message names the extra that has the library, and comes before the build."""
    command = [sys.executable, "-c", WITHOUT_LIBRARY, "build", str(project.root), "--output", str(tmp_path / "dist")]
    answer = subprocess.run([*command, "--sbom"], capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 1
    assert "needs cyclonedx-python-lib, which is not installed" in answer.stderr
    assert "pip install 'dagfloe[sbom]'" in answer.stderr
    assert not (tmp_path / "dist").exists()
    requirements = [Requirement(line) for line in metadata.requires("dagfloe") or ()]
    in_extra = [
        item.name
        for item in requirements
        if item.marker and item.marker.evaluate({"extra": "sbom"}) and not item.marker.evaluate({"extra": ""})
    ]
    assert in_extra == ["cyclonedx-python-lib"]
