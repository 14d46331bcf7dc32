"""States of corrections: what holds for every sequence of events."""

from hypothesis import given
from hypothesis import strategies as st

from hub.corrections.claims import DisputedValue, judge_record, judge_value
from hub.corrections.transitions import TRANSITIONS, CorrectionEvent, next_state
from hub.model.correction_states import PENDING, STATE_LABELS, STATE_MEANINGS, UNSETTLED, CorrectionState
from hub.store.meta.corrections import UNSETTLED as UNSETTLED_SQL
from schema.values import PersonName

S, E = CorrectionState, CorrectionEvent
STATES, EVENTS = st.sampled_from(list(S)), st.sampled_from(list(E))
VALUES = st.one_of(st.none(), st.sampled_from(["An", "Bé", "Cúc", "Dũng"]))


@given(st.lists(EVENTS))
def test_no_way_leads_out_of_resolved_but_reopened(events: list[E]) -> None:
    state = S.OPEN
    for event in events:
        after = next_state(state, event) or state
        if state is S.RESOLVED and after is not state:
            assert after is S.REOPENED
        if state is S.WITHDRAWN:
            assert after is S.WITHDRAWN, "what was withdrawn stays so"
        state = after


def test_every_state_can_be_reached_and_says_what_it_is() -> None:
    reached = {S.OPEN} | {after for events in TRANSITIONS.values() for after in events.values()}
    assert reached == set(S) == set(TRANSITIONS) == set(STATE_LABELS) == set(STATE_MEANINGS)
    assert {S.REFUSED} == UNSETTLED - PENDING
    assert all(f"'{state}'" in str(UNSETTLED_SQL) for state in UNSETTLED)
    assert str(UNSETTLED_SQL).count("'") == 2 * len(UNSETTLED)


def test_only_the_source_showing_the_value_resolves() -> None:
    for state, events in TRANSITIONS.items():
        for event, after in events.items():
            assert (after is S.RESOLVED) is (event is E.RESOLVE), (state, event)


@given(STATES, VALUES, VALUES, VALUES)
def test_a_correction_closes_if_and_only_if_the_source_shows_the_value(
    state: S, held: str | None, claimed: str | None, shown: str | None
) -> None:
    event = judge_value(PersonName, DisputedValue(state, held, claimed), shown)
    if state in UNSETTLED:
        assert (event is E.RESOLVE) is (shown == claimed)
        assert (event is E.DIFFER) is (shown not in (claimed, held))
    if event is not None and state is not S.WITHDRAWN:
        assert next_state(state, event) is not None, "settling never meets an event that cannot happen"


@given(VALUES, VALUES, st.lists(VALUES, max_size=12))
def test_whatever_a_source_shows_in_turn(held: str | None, claimed: str | None, shown: list[str | None]) -> None:
    """A model of the whole: after each sync the correction is resolved exactly while the source has not relapsed."""
    state = S.SENT
    for value in shown:
        event = judge_value(PersonName, DisputedValue(state, held, claimed), value)
        if event is None:
            continue
        after = next_state(state, event)
        assert after is not None
        if event in (E.DIFFER, E.RELAPSE):
            assert after is S.REOPENED
            assert value != claimed or value == held
            held = value
        else:
            assert (event, after, value) == (E.RESOLVE, S.RESOLVED, claimed)
        state = after


def test_a_change_before_anybody_was_told_is_no_failed_correction() -> None:
    assert next_state(S.OPEN, E.DIFFER) is S.OPEN
    assert next_state(S.SENT, E.DIFFER) is S.REOPENED


def test_a_missing_record_closes_when_it_appears() -> None:
    assert judge_record(S.SENT, appeared=True) is E.RESOLVE
    assert judge_record(S.SENT, appeared=False) is None
    assert judge_record(S.RESOLVED, appeared=True) is None
