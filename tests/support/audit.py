"""Looks up known vulnerabilities of pinned packages with pip-audit, and says how many packages it could look up.

pip-audit counts a package that the service does not know, or a service that it cannot reach, as no finding. So this
module counts what was looked up: `make audit` fails for a vulnerability, and says so if it could not look.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: How long pip-audit may take for one file, in seconds.
TIMEOUT_S = 300


@dataclass
class Audit:
    """What pip-audit found.

    Attributes:
        looked_up: the packages that the service knows, with their versions.
        unknown: the packages that it does not know.
        findings: a line for each vulnerability.
        failures: why a file could not be audited.
    """

    looked_up: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def add(self, output: str, errors: str, file: str) -> None:
        """Add the output of pip-audit for one file.

        Args:
            output: its standard output, JSON unless it failed.
            errors: its standard error.
            file: the file's path.
        """
        try:
            packages = json.loads(output)["dependencies"]
        except (ValueError, KeyError):
            last = errors.strip().splitlines()[-1:] or ["no output"]
            self.failures.append(f"{file}: {last[0]}")
            return
        for package in packages:
            if "skip_reason" in package:
                self.unknown.add(package["name"])
                continue
            name = f"{package['name']} {package['version']}"
            self.looked_up.add(name)
            for vulnerability in package["vulns"]:
                fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
                self.findings.add(f"{name}: {vulnerability['id']}, fixed in {fixed}")

    def lines(self) -> Iterator[str]:
        """The result, for a person."""
        yield from sorted(self.findings)
        yield from self.failures
        if not self.looked_up:
            yield (
                "NOT AUDITED: nothing was looked up, because the vulnerability service cannot be reached from here or "
                f"knows none of the {len(self.unknown)} packages"
            )
            return
        if self.unknown:
            yield f"not looked up, because the service does not know them: {', '.join(sorted(self.unknown))}"
        yield f"looked up: {len(self.looked_up)} packages, vulnerabilities: {len(self.findings)}"

    def status(self) -> int:
        """The exit status: 1 for a vulnerability, or if only a part could be looked up; 0 otherwise."""
        return int(bool(self.findings) or bool(self.looked_up and (self.failures or self.unknown)))


def main(arguments: Sequence[str]) -> int:
    """Audit requirement files.

    Args:
        arguments: the program of pip-audit, and the files.
    """
    program, *files = arguments
    audit = Audit()
    for file in files:
        command = [program, "--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
        run = subprocess.run(
            [*command, "--requirement", file], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        audit.add(run.stdout, run.stderr, file)
    sys.stdout.writelines(f"{line}\n" for line in audit.lines())
    return audit.status()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
