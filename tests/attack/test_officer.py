"""The attack, run against a hub as it is deployed. `pytest -s tests/attack` prints what the attacker got."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from hub.access.callers.principals import ClientKind, Role
from hub.access.oidc.local_issuer import LocalIdentity
from hub.access.purposes import read_purposes
from hub.settings import load_settings
from hub.store.server.embedded import EmbeddedServer
from tests.attack.attacker import Attacker, Outcome, TimingOracle, find_auc, list_timings, read_code
from tests.attack.attempts import END, GOT, IDENTIFY, NAME_BY_KEY, OPEN, TRANSFER, Attempt, Knowledge, list_attempts
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import ISSUER, OFFICE, OTHER_OFFICE, AccessHub, make_app

DOSSIER, FOREIGN_DOSSIER = "H49.12-251118-5001", "H49.12-251118-5002"
GUESSES, MISSES, PAIRS = 60, 30, 150
PEOPLE = """
select personal_id, hub.global_id('Citizen', id) from data.citizen
where death_date is null and birth_date < '1990' and personal_id <> %s and id not in (select subject_id from link.heir)
order by id limit 3"""
CERTIFICATE = """
select r.certificate_serial from data.land_use_right r
join link.land_use_right_holder l on l.record_id = r.id and l.status <> 'UNCONFIRMED' and l.subject_kind = 'Citizen'
order by r.id limit 1"""
BUSINESS = "select enterprise_code from data.business where enterprise_code is not null order by id limit 1"
KNOWN_DOCUMENTS = {
    "identify": {
        "IdentifyByIdentifier",
        "IdentifyByFormerIdentifier",
        "IdentifyByName",
        "IdentifyByWords",
        "IdentifyBusiness",
        "IdentifyBusinessByRegistration",
        "IdentifyByCertificate",
    }
}
"""What an officer may ask without a dossier, as security.md tells it."""
EVERY_KIND = "officer=off,reviewer=off,operator=off,app=off,explorer=off"
UNLIMITED = dict.fromkeys(("reads_per_minute", "refusals_per_hour", "misses_per_hour"), EVERY_KIND)
"""The attack has many requests; a test of its own has the limits that a hub has."""
UNTOLD_AUC = (0.2, 0.8)
"""Beyond these a handful of requests tells two refusals apart. Chance alone keeps well within them at so many pairs."""


@pytest.fixture(scope="module")
def scene(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[tuple[Attacker, Knowledge, str]]:
    with psycopg.connect(served_hub.database) as connection:
        (buyer, _), (victim, victim_id), (other, _) = connection.execute(PEOPLE, (served_hub.personal_id,)).fetchall()
        ((certificate,),) = connection.execute(CERTIFICATE).fetchall()
        ((business,),) = connection.execute(BUSINESS).fetchall()
        absent = victim[:6] + "999999"
        assert not connection.execute("select from data.citizen where personal_id = %s", (absent,)).fetchall()
    app = make_app(served_hub, postgres_server, explorers="masked", **UNLIMITED)
    with served(app) as url:
        hub = AccessHub(url, served_hub.personal_id, buyer, victim, 0)
        subjects = [
            {"role": role, "subject": {"citizen": {"personalId": one}}}
            for role, one in (("transferor", victim), ("transferee", other))
        ]
        for opened in (
            hub.open("an", DOSSIER),
            hub.open("binh", FOREIGN_DOSSIER, office=OTHER_OFFICE, subjects=subjects),
        ):
            assert read_code(opened.json()) == GOT, opened.text
        known = Knowledge(
            DOSSIER,
            FOREIGN_DOSSIER,
            OFFICE,
            OTHER_OFFICE,
            hub.seller,
            buyer,
            victim,
            victim_id,
            absent,
            certificate,
            business,
        )
        with closing(Attacker(url, ISSUER.sign_token(identity("an")))) as attacker:
            yield attacker, known, url


def identity(name: str) -> LocalIdentity:
    found = ISSUER.find_identity(name)
    assert found is not None
    return found


def test_what_an_officers_token_gives(
    scene: tuple[Attacker, Knowledge, str], capsys: pytest.CaptureFixture[str]
) -> None:
    attacker, known, _ = scene
    outcomes = [attacker.attempt(one) for one in list_attempts(known)]
    guesses, people = attacker.guess_identifiers(known.victim, GUESSES)
    with capsys.disabled():
        show_outcomes(outcomes)
        print(f"guessed identifiers: {guesses} of {GUESSES} answered, {people} were people's")
    assert [(o.attempt.words, o.code, o.answer[:300]) for o in outcomes if not o.is_expected] == []
    refusals = [o for o in outcomes if o.code != GOT]
    assert not [o.attempt.words for o in refusals if known.victim in o.answer], "a refusal repeats an identifier"


def test_every_document_without_a_dossier_is_told() -> None:
    """A new document of such a purpose gives an attacker something new: try it here, and say in security.md what it gives."""
    found = {
        code: {name for document in purpose.documents for name in re.findall(r"^query (\w+)", document.text, re.M)}
        for code, purpose in read_purposes().items()
        if Role.OFFICER in purpose.declaration.users.roles and not purpose.declaration.dossier and code != "public"
    }
    assert found == KNOWN_DOCUMENTS


def show_outcomes(outcomes: list[Outcome]) -> None:
    got = [o for o in outcomes if o.code == GOT]
    print(f"\nattack with an officer's token: {len(outcomes)} kinds of request, {len(got)} answered")
    for outcome in outcomes:
        print(f"  {outcome.attempt.kind:22} {outcome.attempt.words:48} {outcome.code}")


def test_refusals_that_must_look_alike_do(scene: tuple[Attacker, Knowledge, str]) -> None:
    attacker, known, _ = scene
    for words, first, second in list_timings(known):
        answers = {attacker.attempt(one).answer for one in (first, second)}
        assert len(answers) == 1, (words, answers)


def test_refusals_that_look_alike_take_as_long(
    scene: tuple[Attacker, Knowledge, str], capsys: pytest.CaptureFixture[str]
) -> None:
    attacker, known, _ = scene
    people, dossiers = (attacker.compare_times(*pair, PAIRS) for pair in list_timings(known))
    explorers = explorers_timing(scene)
    with capsys.disabled():
        for oracle in (people, dossiers, explorers):
            print(
                f"\n  {oracle.words}: {oracle.first_us:,.0f} and {oracle.second_us:,.0f} µs,"
                f" told apart with probability {max(oracle.auc, 1 - oracle.auc):.2f} (0.5 is chance)"
            )
    # A dossier of another office has subjects to look for, so on a quiet machine its refusal may take a little longer.
    least, most = UNTOLD_AUC
    assert [oracle for oracle in (people, explorers) if not least <= oracle.auc <= most] == []


def explorers_timing(scene: tuple[Attacker, Knowledge, str]) -> TimingOracle:
    """An explorer's look-up of someone who exists and of nobody: both are refused before anything is read."""
    _, known, url = scene
    token = ISSUER.sign_token(LocalIdentity("e", "e", client_kind=ClientKind.EXPLORER))
    headers = {"x-hub-purpose": "explore"}
    absent, present = (
        Attempt("timing", "", NAME_BY_KEY, ("FORBIDDEN_MASKED",), {"id": one}, headers)
        for one in (known.absent, known.victim)
    )
    with closing(Attacker(url, token)) as explorer:
        assert explorer.attempt(absent).answer == explorer.attempt(present).answer
        assert explorer.attempt(present).is_expected
        return explorer.compare_times("explorers: nobody, and somebody", absent, present, PAIRS)


def test_the_statistic_of_times_tells_and_does_not_tell() -> None:
    assert find_auc([1, 2, 3], [4, 5]) == 1
    assert find_auc([1, 2], [1, 2]) == 0.5
    assert find_auc([4, 5], [1]) == 0


def test_other_forms_of_a_request_open_nothing(scene: tuple[Attacker, Knowledge, str]) -> None:
    attacker, known, _ = scene
    everyone = "{ citizens(first: 5) { nodes { fullName } } }"
    batch = attacker.client.post("/graphql", json=[{"query": everyone}] * 1000)
    assert (batch.status_code, read_code(batch.json())) == (400, "BAD_REQUEST")
    digest = hashlib.sha256(everyone.encode()).hexdigest()
    persisted = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    for body in ({"query": everyone, "extensions": persisted}, {"extensions": persisted}):
        assert read_code(attacker.client.post("/graphql", json=body).json()) == "FORBIDDEN_FIELD"
    explained = {"query": NAME_BY_KEY, "variables": {"id": known.subject}, "extensions": {"explain": True}}
    answer = attacker.client.post("/graphql", json=explained, headers={"x-hub-dossier": known.dossier}).json()
    assert answer.keys() == {"data"}, "the plan is for operators"
    by_get = attacker.client.get("/graphql", params={"query": everyone, "access_token": "eyJhbGciOiJub25lIn0.eyJ9."})
    assert read_code(by_get.json()) == "CREDENTIALS_IN_URL"
    forged = attacker.client.post("/graphql", json={"query": everyone}, headers={"authorization": "Bearer e30.e30."})
    assert read_code(forged.json()) == "TOKEN_INVALID"


def test_a_dossier_that_has_ended_is_read_no_more(scene: tuple[Attacker, Knowledge, str]) -> None:
    attacker, known, _ = scene
    code = "H49.12-251118-5003"
    subjects = [
        {"role": role, "subject": {"citizen": {"personalId": one}}}
        for role, one in (("transferor", known.subject), ("transferee", known.counterparty))
    ]
    opened = {"code": code, "purpose": TRANSFER, "office": known.office, "subjects": subjects}
    read = Attempt("", "", NAME_BY_KEY, (), {"id": known.subject}, {"x-hub-dossier": code})
    assert read_code(attacker.send(OPEN, {"input": opened}, {}).json()) == GOT
    assert attacker.attempt(read).code == GOT
    end = {"code": code, "outcome": "WITHDRAWN", "reason": "x"}
    assert read_code(attacker.send(END, {"input": end}, {}).json()) == GOT
    assert attacker.attempt(read).code == "DOSSIER_ENDED"


def test_guessing_ends_at_the_limit(
    scene: tuple[Attacker, Knowledge, str], served_hub: ServedHub, postgres_server: EmbeddedServer
) -> None:
    _, known, _ = scene
    with (
        served(make_app(served_hub, postgres_server, misses_per_hour=load_settings().misses_per_hour)) as url,
        closing(Attacker(url, ISSUER.sign_token(identity("binh")))) as attacker,
    ):
        guesses, people = attacker.guess_identifiers(known.victim, GUESSES)
        assert 0 < guesses - people <= MISSES + 1, "the one above the limit ends it"
        assert guesses < GUESSES
        known_one = attacker.send(NAME_BY_KEY, {"id": known.victim}, {"x-hub-purpose": IDENTIFY})
    assert read_code(known_one.json()) == "READING_PAUSED", "the pause is for all reading"
