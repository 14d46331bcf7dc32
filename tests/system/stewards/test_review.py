"""The review queue on a real PostgreSQL, by its functions and as a person meets it: `hub review`."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection

from hub.cli import main
from hub.errors import OperationRefused
from hub.link.decisions.agreement import list_decisions_to_check, measure_agreement
from hub.link.decisions.decisions import keep_decision, withdraw_decision
from hub.link.decisions.verdicts import Decision, Verdict, Word
from hub.link.field import list_decidable_fields
from hub.link.review import review_priority
from hub.link.review.item import asked_of, read_review_item
from hub.link.review.review import Part, QueueItem, Wanted, count_waiting, page_sql, read_review_queue
from hub.link.review.review_priority import refresh_review_queue
from hub.store.engine import make_engine, store_url
from hub.store.migrate import migrate_store
from tests.system.linking.links import Links

DEBTOR, MERGE, GRANT, HOLDER = "TaxObligation.debtor", "Citizen.duplicate", "Benefit.beneficiary", "LandUseRight.holder"
NAME, OTHER = "Nguyễn Văn Ẩn Danh", "Trần [b] Thị Bưởi"
EVIDENCE = [{"comparison": "name", "outcome": "agrees", "bits": 9.0}]
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = make_engine(database_url)
    migrate_store(made)
    yield Links(made)
    made.dispose()


@pytest.fixture
def connection(links: Links) -> Iterator[Connection[Any]]:
    with links.connection() as opened:
        yield opened


@pytest.fixture
def call(links: Links, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.setenv("HUB_DATABASE_URL", store_url(links.engine))

    def run(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed.out + printed.err

    return run


def ended(links: Links) -> None:
    """A run of linking has ended."""
    links.do("insert into hub.link_run (ended_at) values (now())")


def say(
    connection: Connection[Any], field: str, record: int, subject: int, word: Word = "SAME", **given: Any
) -> Decision:
    return keep_decision(
        connection, Verdict(field, record, subject, word, **{"reviewer": "an", "reason": "giấy tờ gốc", **given})
    )


def asked(items: tuple[QueueItem, ...]) -> list[tuple[str, int]]:
    return [(found.field, found.record_id) for found in items]


def filled(links: Links) -> dict[str, int]:
    """Questions of four fields: paid (two payments hang on it), sure, near, ruled, grant, right, and twin (three links hang on it)."""
    an, binh, twin = (links.citizen(f"02208000000{n}") for n in range(3))
    home = links.add("household", household_code="HK1")
    debts = {name: links.debt(kind="PERSON") for name in ("paid", "sure", "near", "ruled")}
    grant, right = links.grant(), links.right(None)
    (number,) = links.rows("select obligation_number from data.tax_obligation where id = :r", r=debts["paid"])[0]
    for n in range(2):
        links.add("payment", payment_number=f"P{n}", obligation_number=number, amount=1, paid_on="2025-01-01")
    for name, subject, weight in (
        ("paid", an, 12.0), ("sure", an, 8.0), ("sure", binh, 2.0), ("near", an, 8.0), ("near", binh, 7.5), ("ruled", an, None),
    ):  # fmt: skip
        links.candidate("tax_obligation_debtor", debts[name], subject, weight=weight)
    links.candidate("benefit_beneficiary", grant, an, weight=0.25)
    links.candidate("land_use_right_holder", right, home, weight=1, kind="Household")
    links.candidate("citizen_duplicate", twin, an, weight=5)
    for _ in range(3):
        links.candidate("tax_obligation_debtor", links.debt(), twin, status="CONFIRMED")
    ended(links)
    return {**debts, "grant": grant, "right": right, "twin": twin, "an": an, "binh": binh}


def test_the_queue_is_by_value_then_by_how_undecided_it_is(links: Links, connection: Connection[Any]) -> None:
    made = filled(links)
    items = {found.record_id: found for found in read_review_queue(connection).items}
    procedures = {name: len(items[made[name]].procedures) for name in ("twin", "paid", "near", "grant")}
    # Each procedure reads the person, four of them their debts, and one their allowances.
    assert procedures == {"twin": 8, "paid": 4, "near": 4, "grant": 1}
    assert {name: items[made[name]].waiting for name in procedures} == {"twin": 3, "paid": 2, "near": 0, "grant": 0}
    assert all(items[made[n]].value == (1 + procedures[n]) * (1 + items[made[n]].waiting) for n in procedures)
    distances = {name: items[made[name]].distance for name in ("ruled", "near", "right", "sure", "paid", "grant")}
    assert distances == {"ruled": 0, "near": 0.5, "right": 1, "sure": 6, "paid": 12, "grant": 0.25}
    assert [found.record_id for found in read_review_queue(connection).items] == [
        made[name] for name in ("twin", "paid", "ruled", "near", "right", "sure", "grant")
    ]
    assert {w.field: (w.records, w.candidates) for w in count_waiting(connection)} == {
        DEBTOR: (4, 6),
        GRANT: (1, 1),
        HOLDER: (1, 1),
        MERGE: (1, 1),
    }


def test_pages_follow_each_other_and_filters_hold(links: Links, connection: Connection[Any]) -> None:
    made = filled(links)
    every, after = [], None
    while True:
        page = read_review_queue(connection, part=Part(2, after))
        every += page.items
        after = page.after
        if after is None:
            break
    assert tuple(every) == read_review_queue(connection).items
    for wanted, names in (
        (Wanted(fields=(GRANT,)), ["grant"]),
        (Wanted(kind="Household"), ["right"]),
        (Wanted(sectors=("finance",), weight=(("gte", 7),)), ["paid", "near", "sure"]),
        (Wanted(sectors=("land",)), ["right"]),
        (Wanted(sectors=("none",)), []),
    ):
        assert [found.record_id for found in read_review_queue(connection, wanted).items] == [
            made[name] for name in names
        ], wanted
    for given, code in (
        ({"wanted": Wanted(fields=("A.b",))}, "UNKNOWN_FIELD"),
        ({"part": Part(501)}, "BAD_PAGE_SIZE"),
        ({"part": Part(5, "e30=")}, "BAD_CURSOR"),
        ({"part": Part(5, before="ơ")}, "BAD_CURSOR"),
    ):
        with pytest.raises(OperationRefused) as caught:
            read_review_queue(connection, **given)  # type: ignore[arg-type]  # as the cases say
        assert caught.value.code == code


def test_decisions_and_their_undoing_leave_and_enter_the_queue_at_once(
    links: Links, connection: Connection[Any]
) -> None:
    made = filled(links)
    before = read_review_queue(connection).items
    same = say(connection, DEBTOR, made["near"], made["an"])
    other = say(connection, DEBTOR, made["sure"], made["binh"], "DIFFERENT")
    merge = say(connection, MERGE, made["twin"], made["an"])
    left = {found.record_id: found for found in read_review_queue(connection).items}
    assert not {made["near"], made["twin"]} & set(left)
    assert (left[made["sure"]].candidates, left[made["sure"]].distance) == (1, 8)
    for decision in (merge, other, same):
        withdraw_decision(connection, decision.id, by="an", reason="x")
    assert read_review_queue(connection).items == before


def test_a_run_takes_its_questions_in_and_those_of_one_that_was_cut_off_are_for_who_reads_next_and_can_write(
    links: Links, connection: Connection[Any]
) -> None:
    an, record = links.citizen("022080000001"), links.debt(kind="PERSON", identifier="022080000001", name="Lê Thị Bình")
    links.run()
    with connection.transaction():
        connection.execute("set transaction read only")
        assert asked(read_review_queue(connection).items) == [(DEBTOR, record)]
    links.do("truncate link.review")
    links.do("update hub.link_run set queued = false")
    with connection.transaction():
        connection.execute("set transaction read only")
        assert read_review_queue(connection).items == ()
    assert asked(read_review_queue(connection).items) == [(DEBTOR, record)]
    links.do("update data.citizen set full_name_key = 'le thi binh' where id = :r", r=an)
    links.run()
    assert read_review_queue(connection).items == ()


def test_a_page_is_read_from_the_index(links: Links, connection: Connection[Any]) -> None:
    links.do(
        "insert into link.review select 'TaxObligation.debtor', g, '{Citizen}', 1, g % 30, g % 30, 0, g % 7 from generate_series(1, 20000) g"
    )
    links.do("analyze link.review")
    cursor = {"place": -3, "distance": 4.0, "field": DEBTOR, "record": 9}
    values = {f"{end}_{name}": value for end in ("after", "before") for name, value in cursor.items()}
    values |= {"size": 51, "kind": "Citizen", "weight_gte": 1}
    chosen = Wanted(kind="Citizen", weight=(("gte", 1),))
    for wanted, part in (
        (Wanted(), Part(50)),
        (Wanted(), Part(50, "c")),
        (chosen, Part(50, "c")),
        (Wanted(), Part(50, before="c", backward=True)),
    ):
        plan = connection.execute("explain " + page_sql(wanted, part), values).fetchall()
        text = " ".join(line for (line,) in plan)
        assert re.search("Index Scan (Backward )?using review_order", text)
        assert "Sort" not in text


def test_an_item_shows_both_sides_and_the_waterfall(links: Links, connection: Connection[Any]) -> None:
    an = links.citizen("022080000001", NAME, former="100000001")
    record = links.debt(kind="PERSON", name=OTHER, identifier="100000001", birth_date="1980")
    links.candidate("tax_obligation_debtor", record, an, weight=4.0, evidence=EVIDENCE)
    found = read_review_item(connection, DEBTOR, record)
    (candidate,) = found.candidates
    assert (found.entity, found.sector, found.facts["amount"]) == ("TaxObligation", "finance", "1")
    assert [(c.name, c.recorded, c.held) for c in candidate.compared] == [
        ("kind", "PERSON", "PERSON"),
        ("name", OTHER, NAME),
        ("birth_date", "1980", "1980-05-01"),
        ("identifier", "100000001", "022080000001 / 100000001"),
        ("tax_code", None, "022080000001"),
        ("address", None, None),
    ]
    assert [(step.comparison, step.bits, step.total) for step in candidate.waterfall] == [
        ("prior", -5, -5),
        ("name", 9, 4),
    ]


def test_every_kind_of_subject_stands_beside_what_was_recorded(links: Links, connection: Connection[Any]) -> None:
    an = links.citizen("022080000001", NAME)
    twin = links.citizen("022080000002", OTHER)
    home = links.add("household", household_code="HK1", head_personal_id="022080000001")
    firm = links.add("business", registration_number="0100233488", enterprise_code="0100233488", legal_name="F", legal_form="JOINT_STOCK", status="ACTIVE")  # fmt: skip
    plot, record, right = links.parcel("06664@..", "1:1"), links.debt(), links.right("06664@2019-01-01:1:1")
    links.candidate("tax_obligation_debtor", record, home, kind="Household")
    links.candidate("tax_obligation_debtor", record, firm, kind="Business")
    links.candidate("land_use_right_parcel", right, plot, kind="Parcel")
    links.candidate("citizen_duplicate", twin, an)
    held = {
        candidate.kind: {c.name: c.held for c in candidate.compared}
        for field, row in ((DEBTOR, record), ("LandUseRight.parcel", right), (MERGE, twin))
        for candidate in read_review_item(connection, field, row).candidates
    }
    assert (held["Household"]["name"], held["Household"]["tax_code"]) == (NAME, "022080000001")
    assert (held["Business"]["name"], held["Business"]["tax_code"]) == ("F", "0100233488")
    assert held["Parcel"] == {"parcel_number": "06664@..:1:1", "parcel_identifier": None}
    assert (held["Citizen"]["full_name"], held["Citizen"]["personal_id"]) == (NAME, "022080000001")
    assert read_review_item(connection, MERGE, twin).recorded["full_name"] == OTHER
    with pytest.raises(OperationRefused) as caught:
        read_review_item(connection, DEBTOR, an)
    assert caught.value.code == "RECORD_NOT_FOUND"


def test_a_sample_that_nobody_chooses_is_due_for_a_second_opinion(links: Links, connection: Connection[Any]) -> None:
    an = links.citizen("022080000001")
    records = [links.debt() for _ in range(40)]
    numbers = [say(connection, DEBTOR, record, an, "DIFFERENT").id for record in records]
    below = [n for n in numbers if int.from_bytes(hashlib.sha256(f"second:{n}".encode()).digest()[:4]) < 0.25 * 2**32]
    assert 0 < len(below) < 20
    due = list_decisions_to_check(connection, share=0.25)
    assert [(check.decision_id, check.why, check.verdict) for check in due] == [(n, "SECOND", None) for n in below]
    assert list_decisions_to_check(connection, share=0) == ()
    assert len(list_decisions_to_check(connection, share=1)) == 40
    record = records[numbers.index(below[0])]
    say(connection, DEBTOR, record, an, "DIFFERENT", reviewer="bình", second_of=below[0])
    assert [check.decision_id for check in list_decisions_to_check(connection, share=0.25)] == below[1:]


def test_a_disagreement_is_listed_until_most_agree_with_the_first_or_it_is_undone(
    links: Links, connection: Connection[Any]
) -> None:
    an, record = links.citizen("022080000001"), links.debt()
    pair = (DEBTOR, record, an)
    first = say(connection, *pair)
    say(connection, *pair, "DIFFERENT", reviewer="bình", second_of=first.id)
    assert [(c.why, c.verdict) for c in list_decisions_to_check(connection, share=0)] == [("DISAGREEMENT", "SAME")]
    third = say(connection, *pair, reviewer="chi", second_of=first.id)
    assert list_decisions_to_check(connection, share=0) == ()
    withdraw_decision(connection, third.id, by="chi", reason="x")
    assert len(list_decisions_to_check(connection, share=0)) == 1
    withdraw_decision(connection, first.id, by="chi", reason="x")
    assert list_decisions_to_check(connection, share=0) == ()
    assert [(a.field, a.pairs, a.agreed) for a in measure_agreement(connection)] == [(DEBTOR, 1, 0), ("all", 1, 0)]


def test_a_record_read_anew_after_its_decision_is_listed_until_somebody_looks(
    links: Links, connection: Connection[Any]
) -> None:
    an, twin, record = links.citizen("022080000001"), links.citizen("022080000002"), links.debt(kind="PERSON")
    first, merge = say(connection, DEBTOR, record, an), say(connection, MERGE, twin, an)
    assert list_decisions_to_check(connection, share=0) == ()
    links.do("update data.tax_obligation set sys_from = clock_timestamp()")
    links.do("update data.citizen set sys_from = clock_timestamp() where id = :r", r=an)
    assert [(c.decision_id, c.why, c.verdict) for c in list_decisions_to_check(connection, share=0)] == [
        (first.id, "CHANGED", "SAME"),
        (merge.id, "CHANGED", "SAME"),
    ]
    links.run()
    assert links.of(record) == [(an, "CONFIRMED", "review")]
    say(connection, DEBTOR, record, an, reviewer="bình", second_of=first.id)
    assert [c.decision_id for c in list_decisions_to_check(connection, share=0)] == [merge.id]


def test_a_second_look_does_not_see_the_first_verdict(links: Links, connection: Connection[Any]) -> None:
    an, record = links.citizen("022080000001", NAME), links.debt(name=OTHER)
    links.candidate("tax_obligation_debtor", record, an, weight=4.0, evidence=EVIDENCE)
    decision = say(connection, DEBTOR, record, an)
    shown = asked_of(connection, decision.id)
    (candidate,) = shown.candidates
    assert (candidate.kind, candidate.weight, candidate.waterfall[-1].total) == ("Citizen", 4, 4)
    assert (shown.decisions, candidate.status, candidate.decided_by) == ((), "UNCONFIRMED", "")


def test_from_the_terminal_a_question_is_seen_decided_checked_and_taken_back(
    links: Links, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    an = links.citizen("022080000001", NAME)
    record = links.debt(kind="PERSON", name=OTHER)
    links.candidate("tax_obligation_debtor", record, an, weight=4.0, evidence=EVIDENCE)
    ended(links)
    code, page = call("review", "list")
    assert code == 0
    assert (str(record) in page, "1 records, 1 candidates" in page, NAME in page, OTHER in page) == (True, True, False, False)  # fmt: skip
    assert json.loads(call("review", "list", "--json")[1])["items"][0]["record_id"] == record
    shown = call("review", "show", DEBTOR, record)[1]
    assert all(part in shown for part in (NAME, OTHER, "+9.00", "██", "prior"))
    assert json.loads(call("review", "show", DEBTOR, record, "--json")[1])["recorded"]["name"] == OTHER
    pair = ("review", "decide", DEBTOR, record, an, "same")
    code, refused = call(*pair, "--reason", f"là {NAME}")
    assert (code, "REVIEWER_INVALID" in refused, NAME in refused) == (64, True, False)
    assert call(*pair, "--reviewer", "an")[0] != 0
    monkeypatch.setenv("HUB_REVIEWER", "bình")
    decided = json.loads(call(*pair, "--reviewer", "an", "--reason", "giấy tờ", "--json")[1])
    number = decided["id"]
    assert (decided["reviewer"], links.of(record)) == ("an", [(an, "CONFIRMED", "review")])
    assert "SAME" not in call("review", "show", "--decision", number)[1]
    assert call("review", "second", number, "different", "--reason", "khác")[0] == 0
    (check,) = json.loads(call("review", "checks", "--json")[1])
    assert (check["why"], check["decision_id"]) == ("DISAGREEMENT", number)
    assert [a["pairs"] for a in json.loads(call("review", "agreement", "--json")[1])] == [1, 1]
    assert "0.00" in call("review", "agreement")[1]
    assert call("review", "undo", number, "--reason", "nhầm")[0] == 0
    assert links.of(record) == [(an, "UNCONFIRMED", "model")]
    log = call("review", "decisions", "--all")[1]
    assert "by an: giấy tờ; undone by bình: nhầm" in log
    assert "undone" not in call("review", "decisions")[1]
    assert call("review", "undo", number, "--reason", "nhầm")[0] == 64
    assert call("review", "show")[0] == 64


def test_a_refresh_takes_in_what_changed_alone(links: Links, connection: Connection[Any]) -> None:
    filled(links)
    refresh_review_queue(connection)
    before = links.rows("select xmin::text::bigint, * from link.review order by 2, 3")
    refresh_review_queue(connection)
    assert links.rows("select xmin::text::bigint, * from link.review order by 2, 3") == before


def test_how_many_procedures_read_a_field_is_read_anew_only_if_their_files_changed(
    links: Links, connection: Connection[Any]
) -> None:
    expected = {name: len(review_priority.procedures_over(name)) for name in list_decidable_fields()}
    assert any(expected.values())
    assert review_priority.load_procedure_counts(connection) == expected
    stored = "update link.reading set {} where kind = %s"
    connection.execute(stored.format("body = '{\"LandUseRight.holder\": 99}'"), (review_priority.COUNTS,))
    assert review_priority.load_procedure_counts(connection) == {"LandUseRight.holder": 99}
    connection.execute(stored.format("basis = 'of other files'"), (review_priority.COUNTS,))
    assert review_priority.load_procedure_counts(connection) == expected
