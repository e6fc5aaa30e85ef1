"""Writes the list of what is in a bundle file beside it: CycloneDX 1.6, in JSON.

Equal builds give equal lists: the serial number follows from the bundle file's digest, and the time is left out unless
`SOURCE_DATE_EPOCH` sets it. The list contains no URL of an index and no path of the build host.
"""

from __future__ import annotations

import json
import os
import uuid
from datetime import datetime, timezone
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import dagfloe
from dagfloe.build.bundle_writer import write_beside
from dagfloe.build.host.floor import describe_floor
from dagfloe.build.sbom.debian import find_packages
from dagfloe.build.sbom.inventory import TOOL
from dagfloe.format.digests import sha256_of
from dagfloe.format.errors import PackError
from dagfloe.runtime.metadata import platform_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

    from dagfloe.build.project import Project
    from dagfloe.build.sbom.debian import DebianPackage
    from dagfloe.build.sbom.inventory import FrozenDistribution, HostLibrary, Inventory

_EPOCH = "SOURCE_DATE_EPOCH"
_LAST_SECOND = 253402300799  # of the year 9999
#: The namespace of serial numbers.
_SERIAL_NUMBERS = uuid.UUID("0f0f5d2e-6f0c-5d1b-9c57-2f3f6f6d7a31")


def check_sbom_library() -> None:
    """Refuse to make lists if the library for CycloneDX is not installed, before anything is built.

    Raises:
        PackError: if it is not installed.
    """
    if find_spec("cyclonedx") is None:
        raise PackError(
            "the list of what is in the file needs cyclonedx-python-lib, which is not installed: install dagfloe with "
            "its extra sbom, for example with `pip install 'dagfloe[sbom]'`"
        )


def sbom_path(file: Path) -> Path:
    """The path of a bundle file's list.

    Args:
        file: the bundle file.
    """
    return file.with_name(f"{file.name}.cdx.json")


def write_sbom(project: Project, file: Path, inventory: Inventory, manifest: dict[str, Any]) -> Path:
    """Write the list of what is in a bundle file beside it. It appears by an atomic rename.

    Args:
        project: the project.
        file: the bundle file.
        inventory: what it contains.
        manifest: its manifest.

    Returns:
        The path of the list.

    Raises:
        PackError: if `SOURCE_DATE_EPOCH` is not a time.
        OSError: if the bundle file cannot be read, or the folder cannot be written.
    """
    path = sbom_path(file)
    write_beside(file, path, render_sbom(project, inventory, manifest, sha256_of(file).hex()))
    return path


def render_sbom(project: Project, inventory: Inventory, manifest: dict[str, Any], digest: str) -> bytes:
    """The list of what is in a bundle file.

    Args:
        project: the project.
        inventory: what the file contains.
        manifest: its manifest.
        digest: its SHA-256.

    Raises:
        PackError: if `SOURCE_DATE_EPOCH` is not a time.
    """
    from cyclonedx.model import Property  # noqa: PLC0415 - it is in the extra `sbom`
    from cyclonedx.model.bom import Bom, BomMetaData  # noqa: PLC0415 - as above
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as above
    from cyclonedx.model.tool import ToolRepository  # noqa: PLC0415 - as above
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415 - as above

    time = _read_epoch()
    root = Component(
        bom_ref="root-component",
        name=project.name,
        version=project.version,
        type=ComponentType.APPLICATION,
        hashes=_hashes(digest),
        properties=_properties(_facts(inventory, manifest)),
    )
    tool = Component(name=TOOL, version=dagfloe.__version__, type=ComponentType.APPLICATION)
    bom = Bom(
        serial_number=uuid.uuid5(_SERIAL_NUMBERS, digest),
        metadata=BomMetaData(
            component=root,
            tools=ToolRepository(components=[tool]),
            timestamp=time,
            properties=[Property(name="cdx:reproducible", value="true")],
        ),
    )
    python = _python(inventory.python)
    distributions = {item.key: _distribution(item) for item in inventory.distributions}
    libraries = list(_libraries(inventory.libraries))
    bom.components.update([python, *distributions.values(), *libraries])
    for item in inventory.distributions:
        bom.register_dependency(distributions[item.key], [distributions[name] for name in item.requires])
    needed = {name for item in inventory.distributions for name in item.requires} - {*inventory.required}
    direct = [component for name, component in distributions.items() if name not in needed]
    bom.register_dependency(root, [python, *direct, *libraries])
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    if time is None:
        del document["metadata"]["timestamp"]
    return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _facts(inventory: Inventory, manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "python", inventory.python
    yield "platform", platform_tag()
    if floor := manifest.get("floor"):
        yield "requires", describe_floor(floor)


def _python(version: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as in `render_sbom`
    from packageurl import PackageURL  # noqa: PLC0415 - as above

    return Component(
        bom_ref=f"cpython@{version}",
        name="python",
        version=version,
        type=ComponentType.PLATFORM,
        cpe=f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
        purl=PackageURL("generic", name="python", version=version),
        licenses=_licenses(["Python-2.0"]),
    )


def _distribution(item: FrozenDistribution) -> Component:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as in `render_sbom`
    from packageurl import PackageURL  # noqa: PLC0415 - as above

    return Component(
        bom_ref=f"{item.name}=={item.version}",
        name=item.name,
        version=item.version,
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", name=item.key, version=item.version),
        licenses=_licenses(item.licenses),
        hashes=_hashes(item.sha256),
        properties=_properties([("source", item.origin)] if item.origin else []),
    )


def _libraries(libraries: Iterable[HostLibrary]) -> Iterator[Component]:
    """The packages that own libraries, with these in them; then the libraries without an owner."""
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as in `render_sbom`

    packages = find_packages([library.path for library in libraries])
    owned: dict[DebianPackage, list[Component]] = {}
    for library in libraries:
        owner = packages.get(library.path)
        file = Component(
            bom_ref=f"file:{library.name}",
            name=library.name.rpartition("/")[2],
            type=ComponentType.FILE if owner else ComponentType.LIBRARY,
            hashes=_hashes(library.sha256),
        )
        if owner is not None:
            owned.setdefault(owner, []).append(file)
        elif library.sha256:  # the others are Python's own, which is a component itself
            yield file
    for owner, files in owned.items():
        yield _debian_package(owner, files)


def _debian_package(package: DebianPackage, files: Iterable[Component]) -> Component:
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415 - as in `render_sbom`
    from packageurl import PackageURL  # noqa: PLC0415 - as above

    qualifiers = {"arch": package.architecture}
    if package.release:
        qualifiers["distro"] = f"{package.distribution}-{package.release}"
    if package.source != package.name:
        qualifiers["upstream"] = package.source
    purl = PackageURL("deb", package.distribution, package.name, package.version, qualifiers)
    return Component(
        bom_ref=f"deb:{package.name}:{package.architecture}",
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        components=files,
    )


def _licenses(names: Iterable[str]) -> Iterator[License]:
    from cyclonedx.model.license import (  # noqa: PLC0415 - as in `render_sbom`
        DisjunctiveLicense,
        LicenseAcknowledgement,
        LicenseExpression,
    )
    from cyclonedx.spdx import fixup_id, is_expression  # noqa: PLC0415 - as above

    declared = LicenseAcknowledgement.DECLARED
    known = list(names)
    for name in known:
        spdx_id = fixup_id(name)
        if spdx_id is not None:
            yield DisjunctiveLicense(id=spdx_id, acknowledgement=declared)
        elif len(known) == 1 and is_expression(name):  # an expression has to be alone
            yield LicenseExpression(name, acknowledgement=declared)
        else:
            yield DisjunctiveLicense(name=name, acknowledgement=declared)


def _hashes(sha256: str) -> list[Any]:
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415 - as in `render_sbom`

    return [HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else []


def _properties(facts: Iterable[tuple[str, str]]) -> list[Any]:
    from cyclonedx.model import Property  # noqa: PLC0415 - as in `render_sbom`

    return [Property(name=f"{TOOL}:{name}", value=value) for name, value in facts]


def _read_epoch() -> datetime | None:
    value = os.environ.get(_EPOCH)
    if not value:
        return None
    is_number = value.isascii() and value.isdigit() and len(value) <= len(str(_LAST_SECOND))
    if not is_number or int(value) > _LAST_SECOND:
        raise PackError(f"{_EPOCH} is {value!r}: set it to a number of seconds since 1970, or unset it")
    return datetime.fromtimestamp(int(value), timezone.utc)
