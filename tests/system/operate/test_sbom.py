"""`make sbom` lists what the image has: every library of the runtime lock, by the versions that are installed, with its licence."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.doc_blocks import ROOT

WITHOUT_LICENCE_FIELD = {"protobuf"}
"""Their metadata names none in a form that is read (protobuf: BSD-3-Clause, as a file)."""
NOT_ALLOWED = re.compile(r"\bA?GPL|Elastic|SSPL|BUSL", re.IGNORECASE)
"""Licences that would bind who runs or changes the hub. The lesser GPL (psycopg) does not."""


@pytest.fixture(scope="module")
def bill(scratch: Path) -> dict[str, Any]:
    out, runtime = scratch / "sbom.cdx.json", scratch / "sbom-runtime"
    # -o: the environment is the one that runs this test, whatever its age.
    command = ["make", "-s", "-o", ".venv/.installed", "sbom", f"SBOM={out}", f"RUNTIME={runtime}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not runtime.exists()
    return json.loads(out.read_text())


def test_it_has_the_runtime_lock_and_nothing_else(bill: dict[str, Any]) -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[a-zA-Z0-9]", line)]
    wanted = {
        f"{canonicalize_name(one.name)}=={next(iter(one.specifier)).version}"
        for one in locked
        if one.marker is None or one.marker.evaluate()
    }
    assert len(wanted) > 80
    assert {f"{canonicalize_name(one['name'])}=={one['version']}" for one in bill["components"]} == wanted
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "cross-sector-hub"
    assert all(one["purl"].startswith("pkg:pypi/") for one in bill["components"])


def test_every_library_has_a_licence_that_an_office_can_accept(bill: dict[str, Any]) -> None:
    named = {one["name"]: json.dumps(one.get("licenses", [])) for one in bill["components"]}
    assert {name for name, licences in named.items() if licences == "[]"} <= WITHOUT_LICENCE_FIELD
    assert {name: licences for name, licences in named.items() if NOT_ALLOWED.search(licences)} == {}


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [("GPL-3.0-only", True), ("AGPL-3.0", True), ("LGPL-3.0-only", False), ("Elastic-2.0", True), ("Apache-2.0", False)],
)  # fmt: skip
def test_the_licences_that_are_refused(text: str, is_refused: bool) -> None:
    assert bool(NOT_ALLOWED.search(text)) == is_refused
