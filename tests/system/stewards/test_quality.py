"""The quality of links without a truth, on a real PostgreSQL: what is drawn, blind answers, what they change, and thresholds that move."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from hub.cli import main
from hub.cli.operate.doctor.doctor import check_links
from hub.errors import OperationRefused
from hub.link.decisions.decisions import keep_decision
from hub.link.decisions.verdicts import Verdict
from hub.link.likeness import trained
from hub.link.model.party import PARTY
from hub.link.quality.answers import Answer, Answered, Choice, keep_sample_answer, list_questions, read_sample_question
from hub.link.quality.draw import fill_sample
from hub.link.quality.read import read_quality
from hub.link.quality.thresholds import list_raises, raised_thresholds, undo_raise
from hub.link.run.linking_run import run_linking
from hub.settings import load_settings
from hub.store.engine import make_engine, store_url
from hub.store.migrate import migrate_store
from tests.system.linking.links import Links
from tests.system.models.stated_model import stated

DEBTOR, TABLE = "TaxObligation.debtor", "tax_obligation_debtor"
MARGIN = PARTY.bands.margin
NEAR, SURE = MARGIN + 0.5, MARGIN + 9
REASON = "giấy tờ gốc"
NAME = "Đỗ Thị Không Ai"
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
    return keep_sample_answer(connection, Answer(sample, choice, reviewer, REASON), target=target)


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
    keep_decision(connection, Verdict(DEBTOR, debt, subject, "SAME", "an", REASON))
    assert fill_sample(connection, most=10) == 0


@pytest.mark.parametrize(
    "change",
    [
        f"delete from link.{TABLE}",
        f"update link.{TABLE} set status = 'UNCONFIRMED'",
        f"update link.{TABLE} set method = 'model:party:2'",
        f"update link.{TABLE} set decided_by = 'person:an'",
    ],
)
def test_a_link_that_is_no_longer_as_it_was_drawn_before_an_answer_is_void_and_replaced(
    links: Links, connection: Connection[Any], change: str
) -> None:
    fill(links, {"near": 3})
    assert fill_sample(connection, most=1) == 1
    ((sample, record, _),) = drawn(links)["MODEL_0"]
    links.do(f"{change} where record_id = :r", r=record)
    assert fill_sample(connection, most=1) == 1
    ((other, *_),) = (rows[0] for rows in drawn(links).values())
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
            asked = read_sample_question(connection, sample)
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
    (other,) = (one.found_id for one in read_sample_question(connection, another).candidates if one.found_id != found)
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
    keep_decision(connection, Verdict(DEBTOR, record, found, "DIFFERENT", "bình", REASON))
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
    trained.keep_model(connection, stated())
    connection.commit()
    people = [links.citizen(f"0220800{n:05}", name=f"Trần Văn {name}", birth=f"19{60 + n}-0{n + 1}-1{n}") for n, name in enumerate(("Bưởi", "Cam", "Dâu", "Ổi", "Mận"))]  # fmt: skip
    debts = [links.debt(kind="PERSON", name=f"Trần Văn {name}", birth_date=f"19{60 + n}-0{n + 1}-1{n}") for n, name in enumerate(("Bưởi", "Cam", "Dâu", "Ổi", "Mận"))]  # fmt: skip
    run_linking(links.engine)
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
    assert run_linking(links.engine).mode == "FULL"
    left = [(who, debt) for who, debt in zip(people, debts, strict=True) if debt != wrong]
    assert [links.of(debt) for _, debt in left] == [[(who, "UNCONFIRMED", "model:party:1")] for who, _ in left]
    undo_raise(connection, moved.id, by="chi", reason=REASON)
    connection.commit()
    run_linking(links.engine)
    assert [links.of(debt) for _, debt in left] == [[(who, "PROBABLE", "model:party:1")] for who, _ in left]
    assert run_linking(links.engine).mode == "CHANGES"


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


def sampled(links: Links, connection: Connection[Any]) -> dict[str, list[tuple[int, int, int]]]:
    """A store of five bands, and a sample of it that an, and of what is wrong bình, have answered: one false link near the
    threshold, one that cannot be told, one record in review of two without its candidate."""
    trained.keep_model(connection, stated())
    links.do(
        "insert into hub.stream (id, connector, name) overriding system value values (1, 'thu', 'dong') on conflict do nothing"
    )
    fill(links, {"rule": 40, "likely": 5, "near": 6, "sure": 10, "open": 2}, name=NAME)
    fill_sample(connection, most=63)
    bands = drawn(links)
    (wrong, *_), (unsure, *_), *near = bands["MODEL_0"]
    say(connection, wrong, "none")
    say(connection, wrong, "none", "bình")
    say(connection, unsure, "unsure")
    for sample, _, found in [*bands["CONFIRMED_BY_RULE"][:30], *bands["PROBABLE_BY_RULE"], *near, *bands["MODEL_8"]]:
        say(connection, sample, found)
    (first, _, found), (other, *_) = bands["IN_REVIEW"]
    say(connection, first, found)
    say(connection, other, "none")
    return bands


def test_estimates_are_weighted_by_links_and_bounded(links: Links, connection: Connection[Any]) -> None:
    sampled(links, connection)
    found = read_quality(connection, load_settings())
    strata = {one.band: one for one in found.strata}
    counts = {name: (one.links, one.right, one.wrong, one.unsettled, one.waiting) for name, one in strata.items()}
    assert counts == {
        "CONFIRMED_BY_RULE": (40, 30, 0, 0, 10), "PROBABLE_BY_RULE": (5, 5, 0, 0, 0), "MODEL_0": (5, 4, 1, 1, 0),
        "MODEL_8": (10, 10, 0, 0, 0), "IN_REVIEW": (0, 1, 1, 0, 0),
    }  # fmt: skip
    near = strata["MODEL_0"].estimate
    assert near is not None
    assert (near.share, near.low, near.high) == (0.8, pytest.approx(4 / 6), pytest.approx(5 / 6))
    assert found.overall is not None
    assert found.overall.share == pytest.approx((40 + 5 + 6 * 0.8 + 10) / 61)
    assert found.overall.covered == 1
    assert [one.band for one in found.short] == ["MODEL_0"]
    recall = found.recalls[DEBTOR]
    assert recall is not None
    assert recall.least < recall.most <= 1
    assert (found.sample_agreement.pairs, found.sample_agreement.agreed) == (1, 1)
    assert [(one.band, one.undone_at) for one in found.raises] == [("MODEL_0", None)]


def test_answers_about_an_earlier_model_count_no_more(links: Links, connection: Connection[Any]) -> None:
    sampled(links, connection)
    trained.keep_model(connection, stated())
    found = read_quality(connection, load_settings())
    assert {one.band: one.drawn for one in found.strata}["MODEL_0"] == 0
    assert found.of_earlier_models == 16


def test_the_page_and_the_tables_say_what_is_known_and_hold_nobodys_name(
    links: Links, connection: Connection[Any], call: Call, tmp_path: Path
) -> None:
    sampled(links, connection)
    labels = tmp_path / "labels.jsonl"
    code, printed = call("link", "quality", "--out", tmp_path / "page", "--label-into", labels)
    assert code == 0, printed
    assert "target 0.9997: short" in printed or "target 0.9997: open" in printed
    assert "1 new labelled pairs" in printed
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    for words in (
        "Chất lượng liên kết",
        "Estimated precision",
        "Liên kết sai (1)",
        "judged wrong by 2 of 2 reviewers",
        "không đạt",
    ):
        assert words in page
    assert page.count("<svg") == 3
    assert not [text for text in (page, printed, labels.read_text()) if NAME in text]
    figures = json.loads((tmp_path / "page" / "quality.json").read_bytes())
    assert figures["thresholds"][0]["band"] == "MODEL_0"
    (label,) = (json.loads(line) for line in labels.read_text().splitlines())
    assert (label["verdict"], label["record"]["connector"], label["method"]) == ("DIFFERENT", "thu", "model:party:1")
    again, printed = call("link", "quality", "--json", "--label-into", labels)
    document = json.loads(printed.splitlines()[0])
    assert (again, document["labelled"], document["false_links"]) == (0, 0, 1)


def test_a_store_without_links_or_answers_has_a_page_too(
    links: Links, connection: Connection[Any], call: Call, tmp_path: Path
) -> None:
    code, printed = call("link", "quality", "--out", tmp_path / "empty")
    assert (code, "`hub link`" in printed) == (0, True)
    assert "Chưa lấy mẫu" in (tmp_path / "empty" / "index.html").read_text(encoding="utf-8")
    fill(links, {"rule": 3, "near": 2})
    assert check_links(read_quality(connection, load_settings())).next_step == "run `hub link`"
    fill_sample(connection, most=5)
    finding = check_links(read_quality(connection, load_settings()))
    assert (finding.holds, finding.next_step) == (True, "`hub review question`")
    code, printed = call("link", "quality", "--out", tmp_path / "drawn")
    assert (code, "`hub review question`" in printed) == (0, True)


def test_doctor_tells_of_a_target_that_is_missed(links: Links, connection: Connection[Any]) -> None:
    sampled(links, connection)
    finding = check_links(read_quality(connection, load_settings()))
    assert (finding.holds, "TaxObligation.debtor MODEL_0" in finding.found) == (False, True)
    (raised,) = list_raises(connection)
    undo_raise(connection, raised.id, by="chi", reason=REASON)
    assert read_quality(connection, load_settings()).short == ()


def test_a_reviewer_answers_at_the_terminal(links: Links, connection: Connection[Any], call: Call) -> None:
    fill(links, {"near": 3})
    fill_sample(connection, most=3)
    listed = json.loads(call("review", "sample", "--json")[1])
    assert (len(listed["questions"]), listed["waiting"]) == (3, 3)
    code, printed = call("review", "question", "--reviewer", "an")
    assert code == 0
    assert not [word for word in ("PROBABLE", "MODEL", "bits", "model") if word in printed]
    asked = json.loads(call("review", "question", "--reviewer", "an", "--json")[1])
    number, wrong = asked["question"], "12x"
    assert call("review", "answer", number, wrong, "--reviewer", "an", "--reason", REASON)[0] != 0
    assert call("review", "answer", number, "none", "--reviewer", "an", "--reason", REASON)[0] == 0
    code, printed = call("review", "answer", number, "none", "--reviewer", "bình", "--reason", REASON)
    assert (code, "raised the threshold of TaxObligation.debtor" in printed) == (0, True)
    assert "MODEL_0" in call("link", "thresholds")[1]
    assert call("link", "thresholds", "undo", 1, "--reviewer", "chi", "--reason", REASON)[0] == 0
    assert "chi" in call("link", "thresholds", "--all")[1]
