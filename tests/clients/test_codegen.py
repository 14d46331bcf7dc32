"""A typed client that GraphQL Code Generator makes from the committed SDL: it compiles strictly, refuses mistakes, works."""

import json
import re
from typing import Any

import pytest

from tests.clients.conftest import NodeProject
from tests.conftest import ServedHub

MISTAKES = {
    "field": "fullNames",
    "variable": "personalId",
    "missing": "procedure",
    "one_of": "birthDate",
    "code": "FEMAL",
    "nothing": "node",
    "union": "legalName",
}
"""Programs under codegen/wrong with one mistake each, and the word that the compiler has to point at or name."""
ERROR = re.compile(r"^(?P<file>\S+)\((?P<line>\d+),(?P<column>\d+)\): error (?P<message>.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def generated(node: NodeProject) -> NodeProject:
    node.run("graphql-codegen", "--config", "codegen.mjs", under="codegen")
    return node


@pytest.fixture(scope="module")
def report(generated: NodeProject, served_hub: ServedHub) -> Any:
    """What the program reports of the served hub."""
    return generated.report("node", "run.mjs", f"{served_hub.url}/graphql", served_hub.personal_id, under="codegen")


def test_a_program_on_the_generated_client_compiles(generated: NodeProject) -> None:
    assert generated.run("tsc", "-p", ".", under="codegen") == ""


@pytest.mark.parametrize(("program", "word"), MISTAKES.items(), ids=MISTAKES)
def test_the_compiler_refuses_a_mistake(generated: NodeProject, program: str, word: str) -> None:
    source = f"wrong/{program}.ts"
    project = generated.folder / "codegen" / f"tsconfig.{program}.json"
    project.write_text(json.dumps({"extends": "./tsconfig.json", "files": [source]}))
    done = generated.try_run("tsc", "-p", project.name, under="codegen")
    (error,) = ERROR.finditer(done.stdout)
    assert (done.returncode != 0, error["file"]) == (True, source)
    line = (generated.folder / "codegen" / source).read_text().splitlines()[int(error["line"]) - 1]
    pointed_at = line[int(error["column"]) - 1 :]
    assert pointed_at.startswith(word) or f"'{word}'" in error["message"] or f'"{word}"' in error["message"]


def test_the_program_reads_linked_records(report: Any) -> None:
    assert report["citizen"]
    assert report["holder"] == report["citizen"]
    assert set(report["debtors"]) == {report["citizen"]}
    assert report["nodes"] == [["LandUseRight", True], ["Citizen", True], None]
    assert "certificate_serial" in report["held"]


def test_the_program_follows_cursors_to_the_end(report: Any) -> None:
    sizes = [len(page["ids"]) for page in report["pages"]]
    (total,) = {page["total"] for page in report["pages"]}
    assert sizes[:-1] == [40] * (len(sizes) - 1)
    assert len(sizes) > 1
    assert len({found for page in report["pages"] for found in page["ids"]}) == sum(sizes) == total


def test_the_program_reads_the_past(report: Any) -> None:
    assert report["past"] == {"before": None, "now": True}


def test_scalars_are_what_the_types_say(report: Any) -> None:
    assert report["types"] == {"area": "number", "asOf": "string", "amounts": ["number"]}
