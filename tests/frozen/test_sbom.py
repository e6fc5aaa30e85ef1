"""The list of what is in a bundle file, compared with the file itself."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from dagfloe.format.bundle_file import read_bundle
from dagfloe.format.contents import read_parts
from dagfloe.format.payload import LINK, read_index
from support.package_index import PackageIndex
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Build = Callable[..., subprocess.CompletedProcess[str]]

CREDENTIALS = "me:word-of-the-index"
TASKS = """
import local_one, odd_name
from dagfloe import Bundle
bundle = Bundle()
@bundle.dag("d").task
def t(): pass
"""
#: Prints the distributions of an environment by the modules at the top.
TOP_LEVEL = "import importlib.metadata, json; print(json.dumps(importlib.metadata.packages_distributions()))"


class Built(NamedTuple):
    """A project, its bundle file, and the list that its build wrote."""

    project: Path
    file: Path
    path: Path
    content: bytes
    wheels: dict[str, Path]

    @property
    def document(self) -> dict[str, Any]:
        """The list."""
        return dict(json.loads(self.content))

    @property
    def purls(self) -> dict[str, dict[str, Any]]:
        """The components that are distributions, by purl."""
        components = (item for item in self.document["components"] if item.get("purl", "").startswith("pkg:pypi/"))
        return {item["purl"]: item for item in components}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Path]]]:
    """A project with a distribution of an index with a password, and one of a local file; and all wheels."""
    folder = tmp_path_factory.mktemp("with spaces") / "some place"
    served = folder / "index"
    wheels = {
        "odd": write_wheel(
            served,
            "Odd_Name",
            {"odd_name.py": "import inner_part"},
            requires=["inner.part>=1", "unused-one; extra == 'more'", "unused-two; python_version < '3'"],
            fields=["License: Apache-2.0"],
        ),
        "inner": write_wheel(
            served,
            "inner_part",
            {"inner_part.py": ""},
            version="1.5",
            fields=["Classifier: License :: OSI Approved :: MIT License"],
        ),
        "local": write_wheel(folder / "local wheels", "local_one", {"local_one.py": ""}, version="3.0"),
    }
    project = folder / "my project"
    project.mkdir()
    (project / "tasks.py").write_text(TASKS)
    (project / "pyproject.toml").write_text(
        '[project]\nname = "listed"\nversion = "1.0"\n'
        f'dependencies = ["Odd.Name", "local-one @ {wheels["local"].as_uri()}"]\n'
        '[tool.dagfloe]\nbundle = "tasks:bundle"\n'
    )
    with PackageIndex(served, CREDENTIALS).running() as index, pytest.MonkeyPatch.context() as patch:
        more = [os.environ.get("PIP_EXTRA_INDEX_URL"), index.url.replace("://", f"://{CREDENTIALS}@")]
        patch.setenv("PIP_EXTRA_INDEX_URL", " ".join(filter(None, more)))
        patch.setenv("DAGFLOE_CACHE_DIR", str(folder / "cache"))  # so that it has one environment
        patch.delenv("SOURCE_DATE_EPOCH", raising=False)
        yield project, wheels


@pytest.fixture(scope="module")
def built(places: tuple[Path, dict[str, Path]], build: Build) -> Built:
    """The project, built."""
    project, wheels = places
    output = project.parent / "my files"
    answer = build(project, output, "--sbom", "--json")
    assert answer.returncode == 0, answer.stderr
    path = Path(json.loads(answer.stdout)["sbom"])
    assert path == output / "listed.cdx.json"
    return Built(project, output / "listed", path, path.read_bytes(), wheels)


def distributions_in(file: Path) -> set[str]:
    """The normalized names of the distributions that have a module or their metadata in a bundle file."""
    (python,) = Path(os.environ["DAGFLOE_CACHE_DIR"], "environments").glob("listed-*/bin/python")
    answer = subprocess.run([python, "-I", "-c", TOP_LEVEL], check=True, capture_output=True, timeout=60)
    owners: dict[str, list[str]] = json.loads(answer.stdout)
    found: set[str] = set()
    for part in read_parts(file.read_bytes()[: read_bundle(file).binary_len]):
        if part.is_module:
            found.update(owners.get(part.name.partition(".")[0], ()))
        else:
            folder = part.name.removeprefix("_internal/").partition("/")[0]
            if folder.endswith(".dist-info"):
                found.add(folder.partition("-")[0])
    return {canonicalize_name(name) for name in found}


def test_it_follows_the_schema(built: Built) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(built.content.decode()) is None


def test_it_names_exactly_the_distributions_in_the_file(built: Built) -> None:
    """The environment has more: what PyInstaller requires. dagfloe and the bootloader are in every file."""
    names = {purl.removeprefix("pkg:pypi/").partition("@")[0] for purl in built.purls}
    in_file = distributions_in(built.file) - {"listed"}
    assert {"odd-name", "inner-part", "local-one", "msgpack", "click", "pyyaml"} <= in_file
    assert names == in_file | {"dagfloe", "pyinstaller"}
    assert not names & {"altgraph", "pyinstaller-hooks-contrib", "unused-one", "unused-two"}


def test_each_distribution_has_what_its_metadata_and_its_lock_say(built: Built) -> None:
    odd = built.purls["pkg:pypi/odd-name@1.0"]
    assert odd["name"] == "Odd_Name"
    assert odd["licenses"] == [{"license": {"acknowledgement": "declared", "id": "Apache-2.0"}}]
    inner = built.purls["pkg:pypi/inner-part@1.5"]
    assert inner["licenses"] == [{"license": {"acknowledgement": "declared", "name": "MIT License"}}]
    local = built.purls["pkg:pypi/local-one@3.0"]
    assert local["properties"] == [{"name": "dagfloe:source", "value": "archive"}]
    assert "hashes" not in local
    pyyaml = next(item for purl, item in built.purls.items() if purl.startswith("pkg:pypi/pyyaml@"))
    assert [item["alg"] for item in pyyaml["hashes"]] == ["SHA-256"]


def test_the_graph_has_the_requirements_that_apply(built: Built) -> None:
    graph = {item["ref"]: set(item.get("dependsOn", ())) for item in built.document["dependencies"]}
    assert graph["Odd_Name==1.0"] == {"inner_part==1.5"}
    assert {"Odd_Name==1.0", "local_one==3.0"} <= graph["root-component"]
    assert "inner_part==1.5" not in graph["root-component"]


def test_it_has_the_digests_of_the_file_and_of_the_libraries_in_it(built: Built) -> None:
    """The digest of each library of the host is that of its copy in the bundle file."""
    assert built.document["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(built.file.read_bytes()).hexdigest()}
    ]
    region = built.file.read_bytes()[: read_bundle(built.file).binary_len]
    copies = {
        file.path.removeprefix("_internal/"): hashlib.sha256(file.read(region)).hexdigest()
        for file in read_index(region)[1]
        if file.kind != LINK
    }
    files = [item for owner in built.document["components"] for item in (owner, *owner.get("components", ()))]
    seen = 0
    for item in files:
        if item["bom-ref"].startswith("file:") and "hashes" in item:
            assert item["hashes"][0]["content"] == copies[item["bom-ref"].removeprefix("file:")]
            seen += 1
    in_file = {name for name in copies if name.startswith("lib") and "/" not in name and ".so" in name}
    named = {item["bom-ref"].removeprefix("file:") for item in files}
    assert seen
    assert {name for name in in_file if not name.startswith("libpython")} <= named


def test_it_shows_no_secret_and_no_place(built: Built) -> None:
    """Neither the index and its password, nor the folder of the project, of its files or of the cache."""
    text = built.content.decode()
    for word in ("127.0.0.1", "word-of-the-index", "me:", "some place", "some%20place", "my project", "file:/"):
        assert word not in text, word
    for place in (os.environ["DAGFLOE_CACHE_DIR"], str(Path.home()), "/usr/", "/tmp/", "/lib/"):  # noqa: S108
        assert place not in text, place


def test_equal_builds_write_equal_lists(built: Built, build: Build, tmp_path: Path) -> None:
    """Another folder does not matter; a build with nothing to do writes the list again, and one without --sbom not."""
    assert build(built.project, tmp_path / "again", "--sbom", "--force").returncode == 0
    assert (tmp_path / "again" / "listed.cdx.json").read_bytes() == built.content
    for option, content in (("", b"old"), ("--sbom", built.content)):
        built.path.write_bytes(b"old")
        answer = build(built.project, built.file.parent, *filter(None, [option]))
        assert "is up to date" in answer.stdout
        assert (f"sbom      {built.path}" in answer.stdout) == bool(option)
        assert built.path.read_bytes() == content


def test_a_file_of_the_other_form_has_the_same_components(built: Built, build: Build, tmp_path: Path) -> None:
    """So has a list that the project asks for. A new file without a list beside the list of an old one is a warning."""
    pyproject = built.project / "pyproject.toml"
    before = pyproject.read_text()
    pyproject.write_text(f"{before}sbom = true\n")
    try:
        answer = build(built.project, tmp_path, "--one-file", "--json")
        assert answer.returncode == 0, answer.stderr
        other = json.loads((tmp_path / "listed.cdx.json").read_bytes())
        assert other["components"] == built.document["components"]
        assert other["dependencies"] == built.document["dependencies"]
        assert other["serialNumber"] != built.document["serialNumber"]
    finally:
        pyproject.write_text(before)
    answer = build(built.project, tmp_path, "--force")
    assert answer.returncode == 0
    assert "listed.cdx.json describes an earlier file: build with --sbom to write it again" in answer.stderr
    answer = build(built.project, tmp_path, "--sbom")  # a build without the list has not looked at the libraries
    assert "is up to date" not in answer.stdout
    assert (tmp_path / "listed.cdx.json").read_bytes() == built.content
