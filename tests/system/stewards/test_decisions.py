"""Decisions on links and merges on a real PostgreSQL: what they change at once, what a run leaves of them, and their undoing."""

import threading
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from hub.errors import OperationRefused
from hub.link import lock
from hub.link.decisions.decisions import keep_decision, withdraw_decision
from hub.link.decisions.verdicts import Decision, Verdict, Word
from hub.link.review.review_priority import refresh_review_queue
from hub.store.advisory_locks import LockKey
from hub.store.engine import make_engine
from tests.system.linking.links import Links

DEBTOR, MERGE = "TaxObligation.debtor", "Citizen.duplicate"
EMPTIED = (
    "data.citizen, data.tax_obligation, data.benefit, data.land_use_right, data.household, hub.change, hub.link_run,"
    " link.decision, link.review, link.heir, link_history.heir, link.considered, link.citizen_duplicate, link_history.citizen_duplicate,"
    " link.tax_obligation_debtor, link_history.tax_obligation_debtor, link.benefit_beneficiary,"
    " link_history.benefit_beneficiary, link.land_use_right_holder, link_history.land_use_right_holder"
)


@pytest.fixture(scope="module")
def made(module_database_url: str) -> Iterator[Links]:
    store = make_engine(module_database_url)
    yield Links(store)
    store.dispose()


@pytest.fixture
def links(made: Links) -> Links:
    made.do(f"truncate {EMPTIED}")
    return made


@pytest.fixture
def connection(links: Links) -> Iterator[Connection[Any]]:
    with links.connection() as opened:
        yield opened


def say(
    connection: Connection[Any], field: str, record: int, subject: int, word: Word = "SAME", **given: Any
) -> Decision:
    return keep_decision(
        connection, Verdict(field, record, subject, word, **{"reviewer": "an", "reason": "giấy tờ gốc", **given})
    )


def code(connection: Connection[Any], *given: Any, **more: Any) -> str:
    with pytest.raises(OperationRefused) as caught:
        say(connection, *given, **more)
    return caught.value.code


def fed(links: Links) -> list[tuple[Any, ...]]:
    """What the feed was told since it was last asked."""
    told = links.rows("select entity, record_id, action, subject_id from hub.change order by record_id, action")
    links.do("truncate hub.change")
    return told


def consider(links: Links, *rows: int) -> None:
    for row in rows:
        links.do(
            "insert into link.considered values (:r, 'TaxObligation', now()) on conflict (record_id) do update set sys_from = now()",
            r=row,
        )


def considered(links: Links) -> list[int]:
    return [
        row for (row,) in links.rows("select record_id from link.considered where sys_from > '-infinity' order by 1")
    ]


def test_a_record_decided_to_be_one_of_two_is_that_one_now_and_after_a_run(
    links: Links, connection: Connection[Any]
) -> None:
    an, binh = (
        links.citizen("022080000001", former="100000001"),
        links.citizen("022080000002", "Lê Thị Bình", former="100000001"),
    )
    record = links.debt(kind="PERSON", identifier="100000001")
    links.run()
    before = links.of(record)
    assert [subject for subject, _, _ in before] == [an, binh]
    consider(links, record, an)
    decision = say(connection, DEBTOR, record, binh)
    assert links.of(record) == [(binh, "CONFIRMED", "review")]
    assert links.rows("select decided_by, decided_at = sys_from from link.tax_obligation_debtor") == [
        ("person:an", True)
    ]
    assert considered(links) == [an]
    assert fed(links) == [("TaxObligation", record, "LINKED", binh)]
    assert links.rows("select sys_to from link_history.tax_obligation_debtor") == [(decision.decided_at,)] * 2
    assert links.run().changed == 0
    assert links.of(record) == [(binh, "CONFIRMED", "review")]
    consider(links, record)
    undone = withdraw_decision(connection, decision.id, by="chi", reason="nhầm người")
    assert (undone.undone_by, undone.undone_reason, undone.binds) == ("chi", "nhầm người", False)
    assert links.of(record) == before
    assert considered(links) == [an]
    assert fed(links) == [("TaxObligation", record, "UNLINKED", binh)]
    assert links.run().changed == 0


def test_an_accepted_link_that_is_refused_is_withdrawn_and_comes_back_when_the_refusal_is_undone(
    links: Links, connection: Connection[Any]
) -> None:
    an = links.citizen("022080000001")
    record = links.debt(kind="PERSON", identifier="022080000001")
    links.run()
    accepted = links.of(record)
    fed(links)
    consider(links, record)
    decision = say(connection, DEBTOR, record, an, "DIFFERENT")
    assert (links.of(record), considered(links)) == ([], [])
    assert fed(links) == [("TaxObligation", record, "UNLINKED", an)]
    withdraw_decision(connection, decision.id, by="an", reason="đã đối chiếu lại")
    assert links.of(record) == accepted
    assert fed(links) == [("TaxObligation", record, "LINKED", an)]


def test_nothing_is_put_back_onto_a_record_that_has_changed(links: Links, connection: Connection[Any]) -> None:
    an, binh = links.citizen("022080000001"), links.citizen("022080000002")
    changed, answered = (links.debt(kind="PERSON", identifier="1") for _ in range(2))
    for record in (changed, answered):
        links.candidate("tax_obligation_debtor", record, an)
    decisions = [say(connection, DEBTOR, record, an, "DIFFERENT") for record in (changed, answered)]
    links.do("update data.tax_obligation set sys_from = now() where id = :r", r=changed)
    links.candidate("tax_obligation_debtor", answered, binh, status="CONFIRMED")
    for decision in decisions:
        withdraw_decision(connection, decision.id, by="an", reason="x")
    assert links.of(changed) == []
    assert [subject for subject, _, _ in links.of(answered)] == [binh]


def test_what_another_decision_refuses_is_not_put_back(links: Links, connection: Connection[Any]) -> None:
    an, binh = links.citizen("022080000001"), links.citizen("022080000002")
    record = links.debt(kind="PERSON", identifier="1")
    for subject in (an, binh):
        links.candidate("tax_obligation_debtor", record, subject)
    same = say(connection, DEBTOR, record, an)
    say(connection, DEBTOR, record, binh, "DIFFERENT")
    withdraw_decision(connection, same.id, by="an", reason="x")
    assert [subject for subject, _, _ in links.of(record)] == [an]


def test_a_subject_that_no_run_proposed_may_be_decided(links: Links, connection: Connection[Any]) -> None:
    links.citizen("022080000001")
    binh = links.citizen("022080000002", "Lê Thị Bình")
    record = links.debt(kind="PERSON", identifier="022080000001")
    decision = say(connection, DEBTOR, record, binh)
    assert links.of(record) == [(binh, "CONFIRMED", "review")]
    assert (decision.weight, decision.evidence) == (None, None)


def test_a_decision_keeps_what_was_shown(links: Links, connection: Connection[Any]) -> None:
    an, record = links.citizen("022080000001"), links.debt(kind="PERSON")
    evidence = [{"comparison": "name", "outcome": "agrees", "bits": 7.5}]
    links.candidate("tax_obligation_debtor", record, an, weight=6.25, evidence=evidence)
    decision = say(connection, DEBTOR, record, an)
    assert (decision.weight, decision.evidence) == (6.25, evidence)
    assert links.rows("select weight, evidence from link.tax_obligation_debtor") == [(6.25, evidence)]


def test_a_merge_moves_every_link_of_the_cluster_and_its_undoing_moves_them_back(
    links: Links, connection: Connection[Any]
) -> None:
    old, young, third = (links.citizen(f"02208000000{n}") for n in range(3))
    debt, grant, right, other = (
        links.debt(kind="PERSON"),
        links.grant(),
        links.right(None),
        links.debt(kind="PERSON"),
    )
    links.candidate("tax_obligation_debtor", debt, young, status="CONFIRMED")
    links.candidate("tax_obligation_debtor", other, third, status="CONFIRMED")
    links.candidate("benefit_beneficiary", grant, young)
    links.candidate("land_use_right_holder", right, young, status="PROBABLE")
    links.candidate("citizen_duplicate", young, old, weight=4)
    links.candidate("citizen_duplicate", third, young, weight=3)
    before = state(links)
    consider(links, debt, grant, right, other, young)
    decision = say(connection, MERGE, old, young)
    assert (decision.record_id, decision.subject_id, decision.weight) == (young, old, 4)
    assert subjects(links) == {debt: old, grant: old, right: old, other: third, (young, old): old, (third, young): old}
    assert links.of(young, "citizen_duplicate") == [(old, "CONFIRMED", "review")]
    assert links.rows("select subject_id, heir_id, subject_kind from link.heir") == [(young, old, "Citizen")]
    assert considered(links) == [other]
    assert fed(links) == sorted(
        [
            ("TaxObligation", debt, "LINKED", old),
            ("TaxObligation", debt, "UNLINKED", young),
            ("LandUseRight", right, "LINKED", old),
            ("LandUseRight", right, "UNLINKED", young),
            ("Citizen", young, "LINKED", old),
        ],
        key=lambda change: (change[1], change[2]),
    )
    consider(links, debt, grant, right, young)
    withdraw_decision(connection, decision.id, by="an", reason="hai người khác nhau")
    assert state(links) == before
    assert links.rows("select * from link.heir") == []
    assert links.rows("select subject_id, heir_id, sys_to > sys_from from link_history.heir") == [(young, old, True)]
    assert considered(links) == [other]
    assert ("TaxObligation", debt, "LINKED", young) in fed(links)


def test_an_heir_that_goes_from_the_register_leaves_what_was_merged_to_the_next(
    links: Links, connection: Connection[Any]
) -> None:
    a, b, c, d = (links.citizen(f"02208000000{n}") for n in range(4))
    first = links.debt(kind="PERSON", identifier="022080000001")
    second = links.debt(kind="PERSON", identifier="022080000002")
    links.run()
    one, two = say(connection, MERGE, b, a), say(connection, MERGE, c, a)
    say(connection, MERGE, d, c)
    assert heirs(links) == {b: a, c: a, d: a}
    links.do("delete from data.citizen where id = :id", id=a)
    links.run()
    # Asked by its id, the one that is gone leads to what is left of it.
    assert heirs(links) == {a: b, c: b, d: b}
    assert [subjects(links)[record] for record in (first, second)] == [b, b]
    assert {("TaxObligation", record, "LINKED", b) for record in (first, second)} <= {*fed(links)}
    assert links.run().changed == 0
    withdraw_decision(connection, two.id, by="an", reason="x")
    assert heirs(links) == {a: b, d: c}
    assert [subjects(links)[record] for record in (first, second)] == [b, c]
    withdraw_decision(connection, one.id, by="an", reason="x")
    links.do("delete from data.citizen where id = any(:ids)", ids=[c, d])
    links.run()
    assert heirs(links) == {}


def test_a_merge_undone_after_a_link_was_decided_by_its_heir(links: Links, connection: Connection[Any]) -> None:
    old, young = links.citizen("022080000001"), links.citizen("022080000002")
    record = links.debt(kind="PERSON")
    links.candidate("tax_obligation_debtor", record, young)
    merge = say(connection, MERGE, young, old)
    decision = say(connection, DEBTOR, record, old)
    assert decision.subject_id == young
    assert links.of(record) == [(old, "CONFIRMED", "review")]
    withdraw_decision(connection, merge.id, by="an", reason="x")
    assert links.of(record) == [(young, "CONFIRMED", "review")]


def test_refusals(links: Links, connection: Connection[Any]) -> None:
    a, b, c = (links.citizen(f"02208000000{n}") for n in range(3))
    home = links.add("household", household_code="HK1")
    record, grant = links.debt(kind="PERSON"), links.grant()
    assert code(connection, "TaxObligation.nobody", record, a) == "UNKNOWN_FIELD"
    assert code(connection, "Household.duplicate", home, home) == "UNKNOWN_FIELD"
    assert code(connection, DEBTOR, 999_999, a) == "RECORD_NOT_FOUND"
    assert code(connection, DEBTOR, record, 999_999) == "RECORD_NOT_FOUND"
    assert code(connection, MERGE, a, a) == "RECORD_NOT_FOUND"
    assert code(connection, DEBTOR, a, a) == "WRONG_KIND"
    assert code(connection, "Benefit.beneficiary", grant, home) == "WRONG_KIND"
    assert code(connection, MERGE, a, home) == "WRONG_KIND"
    say(connection, DEBTOR, record, a)
    for subject, word in ((a, "SAME"), (a, "DIFFERENT"), (b, "SAME")):
        assert code(connection, DEBTOR, record, subject, word) == "ALREADY_DECIDED"
    say(connection, DEBTOR, record, c, "DIFFERENT")
    say(connection, MERGE, a, b)
    say(connection, MERGE, c, b)
    assert code(connection, MERGE, b, a, "DIFFERENT") == "ALREADY_DECIDED"
    assert code(connection, MERGE, a, c, "DIFFERENT") == "DECISION_CONFLICT"
    with pytest.raises(OperationRefused) as caught:
        withdraw_decision(connection, 999_999, by="an", reason="x")
    assert caught.value.code == "DECISION_NOT_FOUND"


def test_rows_decided_to_be_different_are_not_merged_through_others(links: Links, connection: Connection[Any]) -> None:
    a, b, c = (links.citizen(f"02208000000{n}") for n in range(3))
    different = say(connection, MERGE, a, c, "DIFFERENT")
    say(connection, MERGE, a, b)
    assert code(connection, MERGE, b, c) == "DECISION_CONFLICT"
    withdraw_decision(connection, different.id, by="an", reason="x")
    with pytest.raises(OperationRefused) as caught:
        withdraw_decision(connection, different.id, by="an", reason="x")
    assert caught.value.code == "ALREADY_UNDONE"
    say(connection, MERGE, b, c)
    assert heirs(links) == {b: a, c: a}


def test_a_second_opinion_is_another_persons_and_changes_nothing(links: Links, connection: Connection[Any]) -> None:
    an, binh = links.citizen("022080000001"), links.citizen("022080000002")
    record = links.debt(kind="PERSON")
    links.candidate("tax_obligation_debtor", record, an, weight=3)
    first = say(connection, DEBTOR, record, an)
    pair = (DEBTOR, record, an, "DIFFERENT")
    before = state(links)
    assert code(connection, *pair, reviewer="AN", second_of=first.id) == "SECOND_OPINION_REFUSED"
    assert code(connection, DEBTOR, record, binh, reviewer="bình", second_of=first.id) == "SECOND_OPINION_REFUSED"
    assert code(connection, MERGE, binh, an, reviewer="bình", second_of=first.id) == "SECOND_OPINION_REFUSED"
    assert code(connection, *pair, reviewer="bình", second_of=999_999) == "DECISION_NOT_FOUND"
    second = say(connection, *pair, reviewer="bình", second_of=first.id)
    assert (second.binds, second.weight) == (False, 3)
    assert state(links) == before
    assert code(connection, *pair, reviewer="bình", second_of=first.id) == "SECOND_OPINION_REFUSED"
    assert code(connection, *pair, reviewer="chi", second_of=second.id) == "SECOND_OPINION_REFUSED"
    withdraw_decision(connection, second.id, by="bình", reason="x")
    assert state(links) == before
    withdraw_decision(connection, first.id, by="bình", reason="x")
    assert code(connection, *pair, reviewer="bình", second_of=first.id) == "ALREADY_UNDONE"


def test_a_decision_waits_for_a_run_only_so_long(links: Links, connection: Connection[Any]) -> None:
    with links.connection() as run, connection.transaction():
        run.execute("select pg_advisory_lock(%s)", (LockKey.LINK_WRITE,))
        with pytest.raises(OperationRefused) as caught:
            lock.hold_link_lock(connection, wait_s=0.05)
    assert caught.value.code == "LINKING_IN_PROGRESS"


def test_of_two_decisions_at_once_the_second_sees_the_first(links: Links, connection: Connection[Any]) -> None:
    an, record = links.citizen("022080000001"), links.debt(kind="PERSON")
    said: list[str] = []

    def other() -> None:
        with links.connection() as mine:
            said.append(code(mine, DEBTOR, record, an, "DIFFERENT", reviewer="bình"))

    with connection.transaction():
        say(connection, DEBTOR, record, an)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()
    assert said == ["ALREADY_DECIDED"]


def state(links: Links) -> list[tuple[Any, ...]]:
    """Every link row but its times of storing."""
    tables = ("tax_obligation_debtor", "benefit_beneficiary", "land_use_right_holder", "citizen_duplicate")
    return links.rows(
        " union all ".join(f"select '{table}', to_jsonb(l) - 'sys_from' from link.{table} l" for table in tables)
        + " order by 1, 2"
    )


def subjects(links: Links) -> dict[Any, int]:
    """Record → subject; of a merge (record, found) → subject."""
    rows = [(table, row) for table, row in state(links)]
    return {
        (row["record_id"], row["found_id"]) if table == "citizen_duplicate" else row["record_id"]: row["subject_id"]
        for table, row in rows
    }


def heirs(links: Links) -> dict[int, int]:
    return dict(links.rows("select subject_id, heir_id from link.heir"))  # type: ignore[arg-type]  # pairs


class World:
    """A model of merges: confirmed pairs, refused pairs, and what everything stands for."""

    def __init__(self, links: Links, found: list[int], proposed: set[tuple[int, int]]) -> None:
        self.links = links
        self.people = [links.citizen(f"02208000{n:04}") for n in range(6)]
        self.records: dict[int, int] = {}
        tables = ("tax_obligation_debtor", "benefit_beneficiary", "land_use_right_holder")
        for number, person in enumerate(found):
            record = (links.debt(), links.grant(), links.right(None))[number % 3]  # fmt: skip
            status = ("CONFIRMED", "PROBABLE", "UNCONFIRMED")[number // 3 % 3]
            links.candidate(tables[number % 3], record, self.people[person], status=status)
            self.records[record] = self.people[person]
        for older, younger in proposed:
            links.candidate("citizen_duplicate", self.people[younger], self.people[older], weight=younger - older)
        self.decided: dict[int, tuple[frozenset[int], Word]] = {}
        self.start = state(links)

    def pairs(self, word: Word) -> list[frozenset[int]]:
        return [pair for pair, said in self.decided.values() if said == word]

    def cluster(self, person: int, also: frozenset[int] = frozenset()) -> set[int]:
        grown, size = {person}, 0
        while len(grown) > size:
            size = len(grown)
            for pair in [*self.pairs("SAME"), also]:
                grown |= pair if pair & grown else set()
        return grown

    def allows(self, pair: frozenset[int], word: Word) -> bool:
        one, other = sorted(pair)
        if pair in [decided for decided, _ in self.decided.values()]:
            return False
        if word == "DIFFERENT":
            return other not in self.cluster(one)
        return not any(different <= self.cluster(one, pair) for different in self.pairs("DIFFERENT"))

    def holds(self) -> None:
        wanted = {person: min(self.cluster(person)) for person in self.people}
        assert heirs(self.links) == {person: heir for person, heir in wanted.items() if person != heir}
        found = subjects(self.links)
        assert {record: found[record] for record in self.records} == {
            record: wanted[person] for record, person in self.records.items()
        }


STEP = st.one_of(
    st.tuples(st.sets(st.integers(0, 5), min_size=2, max_size=2), st.sampled_from(["SAME", "SAME", "DIFFERENT"])),
    st.integers(0, 9),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    found=st.lists(st.integers(0, 5), max_size=9),
    proposed=st.sets(st.sampled_from([*combinations(range(6), 2)]), max_size=4),
    steps=st.lists(STEP, max_size=12),
)
def test_any_merges_and_undos_leave_every_record_where_the_pairs_say(
    made: Links, found: list[int], proposed: set[tuple[int, int]], steps: list[Any]
) -> None:
    made.do(f"truncate {EMPTIED}")
    world = World(made, found, proposed)
    with made.connection() as connection:
        refresh_review_queue(connection)
        for step in steps:
            if isinstance(step, int):
                for number in [*world.decided][step : step + 1]:
                    withdraw_decision(connection, number, by="an", reason="x")
                    del world.decided[number]
            else:
                pair, word = frozenset(world.people[n] for n in step[0]), step[1]
                if world.allows(pair, word):
                    world.decided[say(connection, MERGE, *pair, word).id] = (pair, word)  # type: ignore[call-arg]  # it has it
                else:
                    assert code(connection, MERGE, *pair, word) in {"ALREADY_DECIDED", "DECISION_CONFLICT"}
            world.holds()
        kept = asked(made)
        refresh_review_queue(connection)
        assert kept == asked(made)
        for number in reversed(world.decided):
            withdraw_decision(connection, number, by="an", reason="x")
    assert state(made) == world.start
    assert heirs(made) == {}


def asked(links: Links) -> list[tuple[Any, ...]]:
    return links.rows("select * from link.review order by 1, 2")
