"""The manifests of the benches: made from the population connector's, which goes on changing."""

import pytest

from tests.bench.manifests import SOURCES, WHERE, citizens


@pytest.mark.parametrize("kind", SOURCES)
def test_each_kind_of_source_has_a_valid_manifest(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only a database offers, such as `lookup`, was asked of files, and the benches of ingest failed."""
    monkeypatch.delenv(WHERE, raising=False)
    made = citizens(kind, "where")
    assert (made.kind, [*made.streams], [*made.streams["citizens"].emits]) == (kind, ["citizens"], ["Citizen"])
