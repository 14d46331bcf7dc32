"""Every connector is what its manifest states: linted, sampled, damaged, deleted, drifted, and read from a source that breaks."""

from collections.abc import Iterator

import pytest

from hub.conform.check import check_connector
from hub.conform.servers.trial_servers import TrialServers
from hub.ingest.connectors import list_broken_connectors, load_manifests


@pytest.fixture(scope="module")
def ground() -> Iterator[TrialServers]:
    with TrialServers.prepared() as made:
        yield made


def test_no_connector_is_broken() -> None:
    assert list_broken_connectors() == {}


@pytest.mark.parametrize("name", sorted(load_manifests()))
def test_a_connector_has_the_grade_that_it_states(name: str, ground: TrialServers) -> None:
    found = check_connector(load_manifests()[name], ground)
    assert [
        f"{r.part}: {r.case}: {r.status}: {r.detail}" for r in found.results if r.status in ("failed", "not run")
    ] == []
    assert found.grade == found.stated
    assert found.conforms
