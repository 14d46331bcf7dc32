"""Relay, the strictest reader of connections and global ids: its compiler takes the SDL, its store pages by our cursors."""

import shutil
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.clients.conftest import NodeProject
from tests.conftest import ServedHub

WOMEN = """query($filter: CitizenFilter) {
  citizens(first: 500, filter: $filter, orderBy: [{ fullName: ASC }]) { nodes { fullName } }
}"""
FILTER = {"sex": {"eq": "FEMALE"}, "landUseRights": {"some": {"status": {"eq": "REGISTERED"}}}}


@pytest.fixture(scope="module")
def compiled(node: NodeProject) -> NodeProject:
    node.run("relay-compiler", under="relay")
    return node


@pytest.fixture(scope="module")
def report(compiled: NodeProject, served_hub: ServedHub) -> Any:
    """What Relay's store holds after paging through the served hub."""
    return compiled.report("node", "run.cjs", f"{served_hub.url}/graphql", served_hub.personal_id, under="relay")


def test_the_compiler_makes_every_query_that_it_derives(compiled: NodeProject) -> None:
    made = {path.name.split(".")[0] for path in (compiled.folder / "relay" / "src" / "__generated__").iterdir()}
    assert {"CitizenListPageQuery", "CitizenCardRefetchQuery", "CitizenCardRightsQuery"} <= made


def test_the_compiler_refuses_a_field_that_is_not_there(compiled: NodeProject) -> None:
    sources = compiled.folder / "relay" / "src"
    wrong = Path(shutil.copy(sources.parent / "wrong" / "Wrong.js", sources))
    done = compiled.try_run("relay-compiler", under="relay")
    wrong.unlink()
    assert done.returncode != 0
    assert "The type `Citizen` has no field `fullNames`" in done.stderr


def test_pages_join_to_the_whole_list(report: Any, served_hub: ServedHub) -> None:
    asked = {"query": WOMEN, "variables": {"filter": FILTER}}
    rows = httpx2.post(f"{served_hub.url}/graphql", json=asked).json()["data"]["citizens"]["nodes"]
    assert report["sizes"] == [*range(40, len(rows), 40), len(rows)]
    assert len(report["sizes"]) > 1
    assert report["different"] == len(rows)
    assert report["names"] == [row["fullName"] for row in rows]


def test_a_record_is_fetched_again_by_its_id(report: Any) -> None:
    assert report["card"]
    assert report["statuses"] == [200]


def test_a_list_within_a_record_pages_both_ways(report: Any) -> None:
    whole = report["forwards"][-1]
    assert len(whole) > 1
    assert report["forwards"] == [whole[: size + 1] for size in range(len(whole))]
    assert report["backwards"] == [whole[-size - 1 :] for size in range(len(whole))]
