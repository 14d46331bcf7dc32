"""Rates from settings, and the counts of one principal in one process."""

import sys
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.limits.rates import RateKind, Rates, RateTable, parse_rates
from hub.access.limits.reading_use import ENTRY_BYTES, ReadingUse, SharedUse
from hub.access.limits.refusals import SENTENCES, RateLimited, ReadingPaused, refuse_reading
from hub.errors import HubMisconfigured
from hub.settings import load_settings

RATES = Rates(reads=5, subjects=3, refusals=2, misses=1)
GOOD = "officer=1,reviewer=2,operator=3,app=4,explorer=off"


def principal(*roles: Role, kind: ClientKind | None = None) -> Principal:
    return Principal("p", "P", kind is None, kind, frozenset(roles), frozenset(), None, frozenset(), datetime.now(UTC))


def test_the_defaults_hold_for_every_kind_of_caller() -> None:
    table = RateTable(load_settings())
    assert table.find(principal(Role.OFFICER)).subjects == 300
    assert table.find(principal(Role.OFFICER, Role.REVIEWER)).subjects == 2_000, "the highest of several roles"
    assert table.find(principal()) == table.find(principal(Role.OFFICER)), "nobody is without limits"
    assert table.find(principal(kind=ClientKind.APP)).reads == 6_000
    assert table.find(principal(kind=ClientKind.EXPLORER)).misses == sys.maxsize


@pytest.mark.parametrize(
    "text",
    [
        "",
        "officer=1",
        f"{GOOD},app=5",
        GOOD.replace("app", "apps"),
        GOOD.replace("=4", "=-4"),
        GOOD.replace("=4", "=0"),
    ],
)
def test_a_malformed_rate_is_refused_and_names_the_setting(text: str) -> None:
    with pytest.raises(HubMisconfigured, match="HUB_READS_PER_MINUTE") as refused:
        parse_rates("HUB_READS_PER_MINUTE", text)
    assert "officer=300" in str(refused.value.next_step)


def test_people_are_limited_to_what_can_be_counted_one_by_one() -> None:
    with pytest.raises(HubMisconfigured, match="at most 100,000"):
        RateTable(load_settings(subjects_per_hour=GOOD.replace("=4", "=100001")))


@pytest.mark.parametrize("kind", list(RateKind))
def test_whoever_meets_a_limit_is_told_what_and_until_when(kind: RateKind) -> None:
    told = refuse_reading(kind, 30, 125.2)
    assert isinstance(told, RateLimited if kind is RateKind.READS else ReadingPaused)
    assert told.headers == {"retry-after": "126"}
    assert told.extensions["retryAfterS"] == 126
    assert "30" in told.label["vi"]
    assert "30" in told.label["en"]
    assert "{" not in str(told) + told.label["vi"] + told.label["en"]
    assert set(SENTENCES) == set(RateKind)


def shared(use: ReadingUse, **counts: Any) -> SharedUse:
    facts = {"period": use.period, "reads": 0, "subjects": 0, "refusals": 0, "misses": 0}
    return SharedUse(**{"principal": "p", "minute_left_s": 60.0, "hour_left_s": 3600.0, **facts, **counts})


PEOPLE = st.frozensets(st.tuples(st.sampled_from(["Citizen", "Household"]), st.integers(1, 20)), max_size=6)


@given(st.lists(st.one_of(PEOPLE, st.just(None)), max_size=20))
def test_distinct_people_are_counted_exactly_whenever_the_store_is_told(
    steps: list[frozenset[tuple[str, int]] | None],
) -> None:
    use, stored, everyone = ReadingUse("p", RATES), set[tuple[str, int]](), set[tuple[str, int]]()
    use.start_windows(0)
    for people in steps:
        if people is None:
            stored |= use.take_unsent().subjects
            use.merge(shared(use, subjects=len(stored)), 1)
        else:
            use.add_subjects(people)
            everyone |= people
        assert use.subjects == len(everyone)
        assert use.seen == everyone


def test_what_was_not_sent_is_sent_the_next_time() -> None:
    use = ReadingUse("p", RATES)
    use.start_windows(0)
    use.unsent.refusals = 2
    use.add_subjects(frozenset({("Citizen", 1)}))
    taken = use.take_unsent()
    use.add_subjects(frozenset({("Citizen", 2)}))
    use.give_back(taken)
    assert use.take_unsent().subjects == {("Citizen", 1), ("Citizen", 2)}
    assert taken.refusals == 2


def test_an_hour_that_is_over_is_forgotten_and_the_next_one_counts_again() -> None:
    use = ReadingUse("p", RATES)
    use.start_windows(0)
    use.add_subjects(frozenset(("Citizen", n) for n in range(4)))
    use.check_pause()
    assert use.paused_by is RateKind.SUBJECTS
    use.start_windows(3_599)
    assert use.paused_by is RateKind.SUBJECTS
    use.start_windows(3_600)
    assert (use.paused_by, use.subjects, use.seen) == (None, 0, set())


def test_a_person_of_a_period_that_was_lifted_is_new_again() -> None:
    use = ReadingUse("p", RATES)
    use.start_windows(0)
    use.add_subjects(frozenset({("Citizen", 1)}))
    use.take_unsent()
    use.merge(shared(use, period=7), 1)
    assert use.subjects == 0
    use.add_subjects(frozenset({("Citizen", 1)}))
    assert use.take_unsent().subjects == {("Citizen", 1)}


def test_the_size_of_an_entry_is_not_underestimated() -> None:
    tracemalloc.start()
    try:
        made = ReadingUse("https://id.example.gov.vn/realms/hub|6b1a0c9f-3b11-4f2e-9a57-0d1b5f2c8a6e", RATES)
        people = frozenset((b"Citizen".decode(), 1_000_000 + n) for n in range(5_000))
        made.add_subjects(people)
        del people
        made.take_unsent()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert made.size > ENTRY_BYTES
    assert held < made.size
