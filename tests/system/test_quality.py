"""The quality of links without a truth, on a real PostgreSQL: what is drawn, blind answers, what they change, and thresholds that move."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from psycopg import Connection

from hub.errors import OperationRefused
from hub.link import trained
from hub.link.decisions import decide
from hub.link.model.party import PARTY
from hub.link.quality.answers import Answer, Answered, Choice, answer, list_questions, question
from hub.link.quality.draw import fill_sample
from hub.link.quality.thresholds import list_raises, raised_thresholds, undo_raise
from hub.link.run import link
from hub.link.verdicts import Verdict
from hub.store.engine import engine
from hub.store.migrate import migrate
from tests.system.links import Links
from tests.system.models import stated

DEBTOR, TABLE = "TaxObligation.debtor", "tax_obligation_debtor"
MARGIN = PARTY.bands.margin
NEAR, SURE = MARGIN + 0.5, MARGIN + 9
REASON = "giấy tờ gốc"


@pytest.fixture
def links(database_url: str) -> Iterator[Links]:
    made = engine(database_url)
    migrate(made)
    yield Links(made)
    made.dispose()


@pytest.fixture
def connection(links: Links) -> Iterator[Connection[Any]]:
    with links.connection() as opened:
        yield opened


def fill(links: Links, counts: dict[str, int], name: str = "Nguyễn Văn An") -> dict[str, list[tuple[int, int]]]:
    """Debts with links of bands → (record, subject) pairs: `rule`, `likely` (by rule), `near` and `sure` (by the model), `open`."""
    given: dict[str, dict[str, Any]] = {
        "rule": {"status": "CONFIRMED", "method": "personal_identifier"},
        "likely": {"status": "PROBABLE", "method": "parcel_number"},
        "near": {"status": "PROBABLE", "method": "model:party:1", "weight": NEAR},
        "sure": {"status": "PROBABLE", "method": "model:party:1", "weight": SURE},
        "open": {"method": "model:party:1", "weight": 2.0},
    }
    made: dict[str, list[tuple[int, int]]] = {}
    for kind, count in counts.items():
        for _ in range(count):
            links.number += 1
            subject = links.citizen(f"{links.number:012}", name=name)
            debt = links.debt(kind="PERSON", name=name)
            links.candidate(TABLE, debt, subject, **given[kind])
            made.setdefault(kind, []).append((debt, subject))
    return made


def drawn(links: Links) -> dict[str, list[tuple[int, int, int]]]:
    """Band → (sample, record, found row) of what was drawn."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for band, *rest in links.rows(
        "select band, id, record_id, found_id from link.sample where void_at is null order by id"
    ):
        found.setdefault(band, []).append(tuple(rest))  # type: ignore[arg-type]
    return found


def say(
    connection: Connection[Any], sample: int, choice: Choice, reviewer: str = "an", target: float = 0.999
) -> Answered:
    return answer(connection, Answer(sample, choice, reviewer, REASON), target=target)


def test_every_band_is_drawn_and_never_more_than_the_month_may_have(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"rule": 30, "likely": 10, "near": 10, "sure": 10, "open": 6})
    assert fill_sample(connection, most=20) == 20
    bands = drawn(links)
    assert set(bands) == {"CONFIRMED_BY_RULE", "PROBABLE_BY_RULE", "MODEL_0", "MODEL_8", "IN_REVIEW"}
    assert len(bands["MODEL_0"]) > len(bands["MODEL_8"])
    assert fill_sample(connection, most=20) == 0
    assert fill_sample(connection, most=25) == 5
    assert fill_sample(connection, most=500) == 41
    records = [record for rows in drawn(links).values() for _, record, _ in rows]
    assert len(records) == len(set(records)) == 66


def test_the_same_seed_draws_the_same_and_another_seed_others(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"rule": 60})
    chosen = []
    for seed in (1, 1, 2):
        links.do("truncate link.sample, link.sample_seed, link.sample_answer")
        links.do(
            "insert into link.sample_seed (month, seed) values (date_trunc('month', now() at time zone 'UTC')::date, :s)",
            s=seed,
        )
        fill_sample(connection, most=10)
        chosen.append({record for _, record, _ in drawn(links)["CONFIRMED_BY_RULE"]})
    assert chosen[0] == chosen[1] != chosen[2]


def test_what_persons_decided_is_not_asked_again(links: Links, connection: Connection[Any]) -> None:
    ((debt, subject),) = fill(links, {"near": 1})["near"]
    decide(connection, Verdict(DEBTOR, debt, subject, "SAME", "an", REASON))
    assert fill_sample(connection, most=10) == 0


def test_a_link_that_is_gone_before_an_answer_is_void_and_replaced(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"near": 3})
    assert fill_sample(connection, most=1) == 1
    ((sample, record, _),) = drawn(links)["MODEL_0"]
    links.do(f"delete from link.{TABLE} where record_id = :r", r=record)
    assert fill_sample(connection, most=1) == 1
    ((other, *_),) = drawn(links)["MODEL_0"]
    assert other != sample
    with pytest.raises(OperationRefused) as refused:
        say(connection, sample, "none")
    assert refused.value.code == "SAMPLE_VOID"


def test_a_reviewer_sees_both_sides_and_others_alike_and_nothing_that_linking_made_of_them(
    links: Links, connection: Connection[Any]
) -> None:
    made = fill(links, {"rule": 1, "near": 1, "open": 1})
    fill_sample(connection, most=10)
    shapes = set()
    for rows in drawn(links).values():
        for sample, record, found in rows:
            asked = question(connection, sample)
            assert (asked.record_id, asked.decisions) == (record, ())
            assert found in [one.found_id for one in asked.candidates]
            blank = [
                {key: value for key, value in asdict(one).items() if key not in ("found_id", "subject_id", "compared")}
                for one in asked.candidates
            ]
            shapes.add(json.dumps(blank[0] | {"decided_at": None}, default=str))
            assert all(one | {"decided_at": None} == blank[0] | {"decided_at": None} for one in blank)
            # All three bear the same name: each question shows the other two subjects.
            assert len(asked.candidates) == 3
    assert len(shapes) == 1, "a question tells what linking made of it"
    assert len(made) == 3


def test_an_answer_that_agrees_changes_no_link(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"near": 2})
    fill_sample(connection, most=2)
    before = links.rows(f"select * from link.{TABLE} order by 1")
    for sample, _, found in drawn(links)["MODEL_0"]:
        assert say(connection, sample, found) == Answered((), None)
    assert links.rows(f"select * from link.{TABLE} order by 1") == before
    assert links.rows("select count(*) from link.decision") == [(0,)]


def test_an_answer_that_differs_becomes_a_decision(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"near": 2})
    fill_sample(connection, most=2)
    (none, first, _), (another, second, found) = drawn(links)["MODEL_0"]
    assert len(say(connection, none, "none").decisions) == 1
    assert links.of(first) == []
    (other,) = (one.found_id for one in question(connection, another).candidates if one.found_id != found)
    assert len(say(connection, another, other).decisions) == 2
    assert links.of(second) == [(other, "CONFIRMED", "review")]


def test_an_answer_in_review_decides_the_question(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"open": 2})
    fill_sample(connection, most=2)
    (one, first, found), (other, second, _) = drawn(links)["IN_REVIEW"]
    assert len(say(connection, one, found).decisions) == 1
    assert links.of(first) == [(found, "CONFIRMED", "review")]
    assert len(say(connection, other, "none").decisions) == 1
    assert links.of(second) == []


def test_a_false_link_and_what_cannot_be_told_go_to_another_reviewer(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"near": 4})
    fill_sample(connection, most=4)
    (wrong, *_), (unsure, *_), (right, _, found), (fresh, *_) = drawn(links)["MODEL_0"]
    say(connection, wrong, "none")
    say(connection, unsure, "unsure")
    say(connection, right, found)

    def waiting(reviewer: str, share: float = 0.0) -> set[int]:
        return {one.sample_id for one in list_questions(connection, reviewer=reviewer, share=share)}

    assert waiting("An") == {fresh}
    assert waiting("bình") == {fresh, wrong, unsure}
    assert waiting("bình", share=1) == {fresh, wrong, unsure, right}
    say(connection, wrong, "none", "bình")
    say(connection, unsure, "unsure", "bình")
    assert waiting("chi") == {fresh, unsure}
    with pytest.raises(OperationRefused) as refused:
        say(connection, wrong, "none", "AN")
    assert refused.value.code == "ALREADY_ANSWERED"
    with pytest.raises(OperationRefused) as refused:
        say(connection, fresh, 999_999)
    assert refused.value.code == "ANSWER_INVALID"
    with pytest.raises(OperationRefused) as refused:
        say(connection, 999_999, "none")
    assert refused.value.code == "SAMPLE_NOT_FOUND"


def test_a_decision_of_somebody_else_meanwhile_does_not_stop_an_answer(
    links: Links, connection: Connection[Any]
) -> None:
    fill(links, {"near": 1})
    fill_sample(connection, most=1)
    ((sample, record, found),) = drawn(links)["MODEL_0"]
    decide(connection, Verdict(DEBTOR, record, found, "DIFFERENT", "bình", REASON))
    assert say(connection, sample, "none").decisions == ()
    assert links.rows("select verdict from link.sample_answer") == [("DIFFERENT",)]


def test_a_threshold_moves_on_what_two_reviewers_saw_and_not_on_one(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"near": 8, "sure": 3})
    fill_sample(connection, most=20)
    (first, *_), (second, *_), *rest = drawn(links)["MODEL_0"]
    for sample, _, found in rest:
        say(connection, sample, found)
    assert say(connection, first, "none").raised is None
    moved = say(connection, first, "none", "bình").raised
    assert moved is not None
    assert (moved.field, moved.band, moved.weight, moved.raised_by) == (DEBTOR, "MODEL_0", MARGIN + 2, "bình")
    assert moved.evidence["samples"] == [first]
    assert raised_thresholds(connection) == {DEBTOR: MARGIN + 2}
    # One raise of a band stands at a time.
    say(connection, second, "none")
    assert say(connection, second, "none", "bình").raised is None
    undo_raise(connection, moved.id, by="chi", reason="hai người cùng nhầm")
    assert raised_thresholds(connection) == {}
    assert [one.undone_by for one in list_raises(connection, every=True)] == ["chi"]
    with pytest.raises(OperationRefused) as refused:
        undo_raise(connection, moved.id, by="chi", reason=REASON)
    assert refused.value.code == "ALREADY_UNDONE"
    with pytest.raises(OperationRefused) as refused:
        undo_raise(connection, 999, by="chi", reason=REASON)
    assert refused.value.code == "THRESHOLD_NOT_FOUND"


def test_answers_from_before_an_undoing_raise_no_threshold_again(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"near": 5})
    fill_sample(connection, most=20)
    (first, *_), (second, *_), *_ = drawn(links)["MODEL_0"]
    say(connection, first, "none")
    moved = say(connection, first, "none", "bình").raised
    assert moved is not None
    undo_raise(connection, moved.id, by="chi", reason=REASON)
    assert say(connection, first, "none", "dung").raised is None
    say(connection, second, "none")
    again = say(connection, second, "none", "bình").raised
    assert again is not None
    assert again.evidence["samples"] == [second]


def test_the_last_band_falling_short_leaves_the_model_no_links(links: Links, connection: Connection[Any]) -> None:
    fill(links, {"sure": 3})
    fill_sample(connection, most=20)
    (first, *_), *_ = drawn(links)["MODEL_8"]
    say(connection, first, "none")
    moved = say(connection, first, "none", "bình").raised
    assert moved is not None
    assert json.dumps(moved.document()["weight"]) == "null"


def test_the_next_run_applies_a_raise_and_its_undoing(links: Links, connection: Connection[Any]) -> None:
    trained.keep(connection, stated())
    connection.commit()
    people = [links.citizen(f"0220800{n:05}", name=f"Trần Văn {name}", birth=f"19{60 + n}-0{n + 1}-1{n}") for n, name in enumerate(("Bưởi", "Cam", "Dâu", "Ổi", "Mận"))]  # fmt: skip
    debts = [links.debt(kind="PERSON", name=f"Trần Văn {name}", birth_date=f"19{60 + n}-0{n + 1}-1{n}") for n, name in enumerate(("Bưởi", "Cam", "Dâu", "Ổi", "Mận"))]  # fmt: skip
    link(links.engine)
    ((weight,),) = links.rows(f"select distinct weight from link.{TABLE} where status = 'PROBABLE'")
    assert [links.of(debt) for debt in debts] == [[(who, "PROBABLE", "model:party:1")] for who in people]
    (band,) = drawn(links)
    (first, wrong, _), *rest = drawn(links)[band]
    for sample, _, found in rest:
        say(connection, sample, found)
    say(connection, first, "none")
    moved = say(connection, first, "none", "bình").raised
    connection.commit()
    assert moved is not None
    assert moved.weight > weight
    assert link(links.engine).mode == "FULL"
    left = [(who, debt) for who, debt in zip(people, debts, strict=True) if debt != wrong]
    assert [links.of(debt) for _, debt in left] == [[(who, "UNCONFIRMED", "model:party:1")] for who, _ in left]
    undo_raise(connection, moved.id, by="chi", reason=REASON)
    connection.commit()
    link(links.engine)
    assert [links.of(debt) for _, debt in left] == [[(who, "PROBABLE", "model:party:1")] for who, _ in left]
    assert link(links.engine).mode == "CHANGES"
