"""Models in a store: the shipped one serves at first, one that fails its checks is kept and never used, and commands tell of both."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from psycopg import Connection

from hub.link.likeness import likeness, trained
from hub.link.model.frozen import Learned, Model
from hub.link.model.party import PARTY
from hub.link.model.training.acceptance import CheckVerdict, ModelCheck, check_model, is_accepted
from hub.link.model.training.start_model import load_start_model, start_model
from hub.link.run.linking_run import run_linking
from hub.metrics.store_state import count_refused_models
from hub.store.connections.connection import StoreConnection
from hub.store.engine import make_engine
from tests.heaped import heaped
from tests.system.conftest import Command
from tests.system.linking.links import Links
from tests.system.models.stated_model import stated

PEOPLE = 40


@pytest.fixture
def links(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Links]:
    """Forty citizens, each with one debt of the right number; a model is used from thirty on."""
    monkeypatch.setattr(likeness, "FEWEST", 30)
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    made = make_engine(database_url)
    built = Links(made)
    for at in range(PEOPLE):
        number, name = f"02208000{at:04}", f"Nguyễn Văn {'Bình' if at % 2 else 'Sơn'}"
        built.citizen(number, name, f"1980-{at % 12 + 1:02}-{at % 28 + 1:02}")
        built.debt(kind="PERSON", name=name, identifier=number)
    yield built
    made.dispose()


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with StoreConnection.connect(database_url, autocommit=True) as made:
        yield made


def spoiled() -> Model:
    """A model that has learned what collapsed training does: that most matches have another family name."""
    rates = dict(stated().learned)
    rates["surname"] = tuple(
        Learned(rate.outcome, 0.6, rate.u) if rate.outcome == "other" else rate for rate in rates["surname"]
    )
    return replace(stated(), learned=rates)


def with_bits(comparison: str, outcome: str, bits: float) -> Model:
    """The stated model, but for one outcome."""
    rates = dict(stated().learned)
    rates[comparison] = tuple(
        Learned(rate.outcome, 0.01 * 2.0**bits, 0.01) if rate.outcome == outcome else rate for rate in rates[comparison]
    )
    return replace(stated(), learned=rates)


def test_the_shipped_model_serves_the_specification_and_holds_its_checks() -> None:
    """If it does not: `hub link model build-start hub/link/model/training/start/party.json.gz`."""
    model = load_start_model()
    assert model is not None
    assert model.serves(PARTY)
    assert is_accepted(check_model(model))


def test_no_agreement_of_the_shipped_model_speaks_against_a_match() -> None:
    """An address of which only hamlet or commune is written must not weigh less than none."""
    model = load_start_model()
    assert model is not None
    against = [
        (comparison.name, rate.outcome)
        for comparison in PARTY.comparisons
        for rate in model.learned[comparison.name]
        if rate.outcome in comparison.agreements and rate.bits < 0
    ]
    assert against == []
    assert {"same hamlet", "same commune"} <= {one for each in PARTY.comparisons for one in each.agreements}


def test_the_shipped_model_takes_names_and_prior_from_the_register() -> None:
    model = load_start_model()
    assert model is not None
    citizens = heaped(500, 0.0).citizens
    used = start_model(PARTY, citizens)
    assert used is not None
    assert used.learned == model.learned
    assert used.prior == pytest.approx(model.prior * model.trained_on.right / 500)
    assert "bùi" in used.frequencies["surname"].values
    assert not set(used.frequencies["given"].values) - set(citizens["given"])


def test_a_first_run_weighs_by_the_shipped_model_and_trains_none(links: Links, connection: Connection) -> None:
    report = run_linking(links.engine)
    assert report.model == "party:1"
    assert report.refused is None
    (version,) = trained.list_model_versions(connection, PARTY.name)
    assert (version.origin, version.verdict, version.active) == ("START", "ACCEPTED", True)
    assert run_linking(links.engine).changed == 0


def test_a_model_of_too_little_is_refused_and_the_last_good_one_stays(
    links: Links, connection: Connection, cli: Command
) -> None:
    run_linking(links.engine)
    assert count_refused_models(connection) == 0  # a shipped model was never trained here
    report = run_linking(links.engine, train=True)
    assert count_refused_models(connection) == 1
    assert report.model == "party:1"
    assert report.refused is not None
    assert report.refused.version == 2
    assert "enough matches" in [one.name for one in report.refused.failed]
    newest, first = trained.list_model_versions(connection, PARTY.name)
    assert (newest.verdict, newest.active, first.active) == ("REJECTED", False, True)
    said = cli("link", "--train", fails=64)
    assert "party:3 was trained and is not used" in said
    assert "MODEL_REFUSED" in said
    assert "party:3 was refused (enough matches" in cli("doctor", fails=78)
    assert [one["version"] for one in json.loads(cli("link", "model", "list", "--json"))] == [3, 2, 1]
    assert "FAILED   enough matches" in cli("link", "model", "show", "2")
    assert "PASSED   order" in cli("link", "model", "show")
    compared = json.loads(cli("link", "model", "compare", "1", "2", "--json"))
    assert {"comparison", "outcome", "first", "second"} <= set(compared[0])
    assert "differ by more than 1 bit" in cli("link", "model", "compare", "1", "2")
    trained.keep_model(connection, stated())
    assert count_refused_models(connection) == 0  # of one specification the newest training counts
    assert "no version 9" in cli("link", "model", "show", "9", fails=64)


def test_a_store_is_trained_by_itself_when_there_is_enough_and_not_again_after_a_refusal(
    links: Links, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likeness, "LEARNED_FROM", PEOPLE)
    first = run_linking(links.engine)
    assert first.refused is not None
    assert first.model == "party:2"  # the shipped one, adopted after the refusal
    again = run_linking(links.engine)
    assert again.refused is None
    assert len(trained.list_model_versions(connection, PARTY.name)) == 2


def test_a_model_of_an_earlier_specification_is_replaced_by_the_shipped_one(
    links: Links, connection: Connection
) -> None:
    kept = trained.keep_model(connection, stated())
    connection.execute("update link.model set digest = 'earlier' where id = %s", (kept.id,))
    assert run_linking(links.engine).model == "party:2"


@pytest.mark.parametrize(
    ("model", "failed"),
    [
        (spoiled(), "bounds"),
        (replace(stated(), trained_on=replace(stated().trained_on, matches=3.0)), "enough matches"),
        (with_bits("address", "same commune", -4.0), "direction"),
        (with_bits("address", "same hamlet", -0.5), "direction"),
        (with_bits("birth", "same year, day not stated", -1.0), "direction"),
    ],
    ids=["collapsed", "few", "commune against", "hamlet against", "year against"],
)
def test_a_spoiled_model_fails_and_says_why(model: Model, failed: str) -> None:
    checks = check_model(model)
    assert not is_accepted(checks)
    (one,) = (one for one in checks if one.name == failed)
    assert one.verdict is CheckVerdict.FAILED
    assert isinstance(one, ModelCheck)
    assert one.found
    assert one.wanted
