"""What `hub doctor` says of the ledger and of connectors, from the state that it has read."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hub.cli.operate.doctor.doctor import check_configuration
from hub.cli.operate.doctor.doctor_ledger import (
    LATE_AFTER_S,
    check_chains,
    check_checkpoint,
    check_retention,
    check_signing_key,
    check_witnesses,
    describe_age,
)
from hub.ledger.checkpoints.signing_keys import create_signing_key
from hub.ledger.health import CheckpointState, LedgerHealth, OpenChain, WitnessState
from hub.ledger.month_upkeep import LedgerMonthState
from hub.ledger.retention import find_longest_retention
from hub.settings import load_settings

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def chain(month: date, *, alive: bool) -> OpenChain:
    return OpenChain("0e5d", month, "web1:7", NOW - timedelta(days=1), alive)


def health(age_s: float | None = 1.0, *witnesses: WitnessState, writes: bool = True) -> LedgerHealth:
    last = None if age_s is None else CheckpointState(7, NOW, True, age_s)
    return LedgerHealth(last, witnesses, (chain(date(2026, 11, 1), alive=writes),))


def month(first_day: date, *, has_key: bool = True, retention_days: int | None = None) -> LedgerMonthState:
    return LedgerMonthState(first_day, has_key, None, None, 5, 3, False, retention_days, 1, 1)


def test_a_connector_without_any_variable_is_a_note_and_one_with_some_is_wrong() -> None:
    unused = check_configuration("land", ("LAND_KEY", "LAND_URL"), ())
    assert (unused.holds, unused.found, unused.next_step) == (
        True,
        "not configured",
        "set LAND_KEY, LAND_URL, to use it",
    )
    half = check_configuration("land", ("LAND_KEY", "LAND_URL"), ("LAND_URL",))
    assert (half.holds, half.found, half.next_step) == (False, "partly configured: LAND_URL", "set LAND_KEY")
    assert check_configuration("land", ("LAND_URL",), ("LAND_URL",)).next_step is None
    assert check_configuration("place", (), ()).found == "configured"


@pytest.mark.parametrize("must", [True, False])
def test_a_deployment_needs_a_signing_key_and_a_witness(tmp_path: Path, *, must: bool) -> None:
    assert check_signing_key(load_settings(), must=must).holds is not must
    (none,) = check_witnesses((), health(), must=must)
    assert none.holds is not must
    key = create_signing_key(tmp_path / "key.pem")
    assert check_signing_key(load_settings(ledger_signing_key=tmp_path / "key.pem"), must=must).found == key.id
    missing = check_signing_key(load_settings(ledger_signing_key=tmp_path / "none.pem"), must=False)
    assert (missing.holds, bool(missing.next_step)) == (False, True)


def test_a_witness_that_fails_is_wrong_and_one_that_waits_is_not() -> None:
    failing = WitnessState("file", 3, NOW, "OSError")
    (found,) = check_witnesses(("file",), health(1.0, failing), must=True)
    assert (found.holds, found.found) == (False, "fails since 2026-11-28 12:00 (OSError), has checkpoint 3")
    (found,) = check_witnesses(("webhook",), health(1.0, failing), must=True)
    assert (found.holds, found.found) == (True, "has no checkpoint yet")
    (found,) = check_witnesses(("file",), health(1.0, WitnessState("file", 7, None, None)), must=True)
    assert (found.holds, found.found, found.next_step) == (True, "has checkpoint 7 of 7", None)


def test_late_checkpoints_are_wrong_only_while_a_server_writes() -> None:
    late = LATE_AFTER_S + 1
    assert check_checkpoint(health(LATE_AFTER_S)).next_step is None
    assert not check_checkpoint(health(late)).holds
    idle = check_checkpoint(health(late, writes=False))
    assert (idle.holds, idle.found) == (True, "the last one, 7, is 20 minutes old and signed")
    assert check_checkpoint(health(None)).found == "none yet"


def test_a_dead_chain_is_a_note_until_its_month_is_over() -> None:
    this, last = date(2026, 11, 1), date(2026, 10, 1)
    assert check_chains((chain(this, alive=True),), NOW).next_step is None
    noted = check_chains((chain(this, alive=True), chain(this, alive=False)), NOW)
    assert noted.holds
    assert noted.found == "1 open without a writer, e.g. 0e5d of web1:7, begun 2026-11-27 12:00"
    assert not check_chains((chain(last, alive=False),), NOW).holds
    assert check_chains((chain(last, alive=True),), NOW).holds
    assert "replica" in check_chains(None, NOW).found


def test_a_month_is_due_when_its_longest_retention_is_over() -> None:
    declared = find_longest_retention()
    first = date(2010, 1, 1)
    due = date(2010, 2, 1) + timedelta(days=declared)
    assert month(first).find_due_day(1) == due
    assert month(first, retention_days=declared + 5).find_due_day(1) == due + timedelta(days=5)
    assert month(first, retention_days=3).find_due_day(1) == due, "a purpose of today is longer"
    assert month(first).find_due_day(declared + 9) == due + timedelta(days=9), "the operator's is longer"
    found = check_retention([month(first), month(date(2026, 10, 1))], due, 1)
    assert (found.holds, found.found) == (False, "over for 2010-01")
    assert check_retention([month(first)], due - timedelta(days=1), 1).found == f"the next month is due on {due}"
    assert check_retention([month(first, has_key=False)], due, 1).holds


def test_public_data_does_not_lengthen_retention() -> None:
    assert find_longest_retention() == 3_650, "public data has 36,500 days, and nobody is in its records"
    assert find_longest_retention({}) == 0


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-3, "0 seconds"), (59, "59 seconds"), (150, "2 minutes"), (7_200, "2 hours"), (200_000, "2 days")],
)
def test_ages_are_told_in_their_largest_unit(seconds: float, told: str) -> None:
    assert describe_age(seconds) == told
