"""What live refresh says: records confirmed now, sources that could not be asked, and answers as of the confirmation."""

from datetime import UTC, datetime

import pytest

from hub.procedures.answering.confirmations import confirm_records, read_outcomes
from hub.procedures.answering.source_findings import SourceTrouble
from hub.procedures.declaration.documents import SelectedField
from hub.refresh.refresh_types import RefreshOutcome, RefreshStatus

LONG_AGO, NOW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
QUIET = {"FRESH", "REFRESHED", "NOT_PROMISED", "ABSENT", "NOT_SERVED", "UNKNOWN_RECORD"}


@pytest.mark.parametrize("status", list(RefreshStatus))
def test_only_a_confirmation_makes_newer_and_only_a_failure_names_the_source(status: RefreshStatus) -> None:
    found = read_outcomes([("a", RefreshOutcome(status, "land", NOW))])
    assert dict(found.records) == ({"a": NOW} if status.value in ("FRESH", "REFRESHED") else {})
    assert ("land" in found.troubles) == (status.value not in QUIET)
    assert found.changed == (status is RefreshStatus.REFRESHED)
    assert bool(found) == bool(found.records or found.troubles)
    if status is RefreshStatus.QUOTA_SPENT:
        assert found.troubles == {"land": SourceTrouble.DEFERRED}


def selected(key: str, name: str, *beneath: SelectedField) -> SelectedField:
    return SelectedField(key, name, "", "", False, 1, {one.key: one for one in beneath})


def test_a_confirmed_record_is_as_of_its_confirmation_wherever_it_stands_and_however_it_is_called() -> None:
    provenance = selected("p", "provenance", selected("source", "source"), selected("t", "asOf"))
    row = selected("nodes", "nodes", selected("key", "id"), provenance)
    root = selected("", "", selected("citizen", "citizen", selected("id", "id"), selected("rights", "rights", row)))
    old = {"source": "land", "t": LONG_AGO.isoformat()}
    data = {"citizen": {"id": "c", "rights": {"nodes": [{"key": "a", "p": old}, {"key": "b", "p": old}, None]}}}
    made = confirm_records(data, root, {"a": NOW, "c": NOW})
    first, second, third = made["citizen"]["rights"]["nodes"]
    assert first["p"] == {"source": "land", "t": NOW.isoformat()}
    assert (second["p"], third) == (old, None)
    assert old["t"] == LONG_AGO.isoformat()
    # A confirmation that is older than what the store says changes nothing.
    assert confirm_records(made, root, {"a": LONG_AGO}) == made
