"""Prefill over the demonstration's store: two parties, typed values, statuses, refusals, and the command."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from hub.access.dossiers.dossier_store import NamedSubject
from hub.cli import main
from hub.cli.terminal import OUT
from hub.errors import OperationRefused
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import LOCAL
from hub.graph.procedures.prefill.prefill_service import PrefillRequest
from hub.ingest.connectors import load_manifests
from hub.procedures.answering.statuses import AnswerStatus, Reason
from hub.procedures.answers import Prefill, as_json
from hub.procedures.json_schema import make_json_schema
from hub.settings import load_settings
from hub.web.pages.starters import PREFILL
from tests.conftest import ServedHub
from tests.system.graph import Graph

TRANSFER = "land-right-transfer"
LIVING = (
    "select personal_id from data.citizen where death_date is null and birth_date < '1990' order by id desc limit 1"
)


@pytest.fixture(scope="module")
def graph(served_hub: ServedHub) -> Iterator[Graph]:
    made = Graph(served_hub.database, load_settings())
    yield made
    made.close()


@pytest.fixture(scope="module")
def buyer(served_hub: ServedHub) -> str:
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute(LIVING).fetchone()
    assert row is not None
    return str(row[0])


def party(role: str, number: str) -> NamedSubject:
    return NamedSubject(role, "Citizen", "personal_id", number)


def fill(graph: Graph, *subjects: NamedSubject, procedure: str = TRANSFER, **choices: str) -> Prefill:
    chosen = {code: frozenset({key}) for code, key in choices.items()}
    request = PrefillRequest(procedure, subjects, chosen)
    filled: Prefill = graph.run(graph.executor.prefills.fill(request, Reading(LOCAL)))
    return filled


def test_both_parties_are_read_and_little_is_asked(graph: Graph, served_hub: ServedHub, buyer: str) -> None:
    given = {"transferor": served_hub.personal_id, "transferee": buyer}
    shown = graph.data(PREFILL, given)["prefill"]
    held = {a["requirement"]["label"]["en"]: a for a in shown["answers"] if a["status"] == "HELD"}
    assert held["Name of the transferor"]["values"][0]["source"] == "population"
    assert held["Name of the transferee"]["role"] == "transferee"
    assert held["Certificate serial"]["values"][0]["display"]["vi"] == held["Certificate serial"]["items"][0]["key"]
    assert held["Mortgages and seizures"]["none"]["label"]["vi"] == "Không có"
    asked = {a["requirement"]["label"]["en"] for a in shown["stillToAsk"] if a["role"] != "transferee"}
    assert asked == {
        "Certificates", "Price", "Notarised contract of transfer", "Signatures of the parties"
    }  # fmt: skip
    chosen = held["Certificate serial"]["items"][0]["key"]
    one = fill(graph, party("transferor", served_hub.personal_id), party("transferee", buyer), certificates=chosen)
    assert {a.requirement.code for a in one.still_to_ask if a.role is None} == {"price", "contract", "signatures"}
    assert {a.role for a in one.still_to_ask} <= {None, "transferee"}
    assert {a.items[0].key for a in one.answers if a.items} >= {chosen}


def test_the_graph_tells_what_the_values_say(graph: Graph, served_hub: ServedHub, buyer: str) -> None:
    """Each value under its own type, with all that the JSON form has."""
    filled = fill(graph, party("transferor", served_hub.personal_id), party("transferee", buyer))
    document = """query($a: PersonalId!, $b: PersonalId!) { prefill(procedure: "land-right-transfer", subjects: [
      { role: "transferor", subject: { citizen: { personalId: $a } } } { role: "transferee", subject: { citizen: { personalId: $b } } }
    ]) { answers { status values { __typename recordId field source asOf linkStatus
      ... on TextAnswer { text } ... on NumberAnswer { number unit } ... on MoneyAnswer { amount currency } ... on DateAnswer { date }
      ... on CodeAnswer { code label { vi en } } ... on PartyAnswer { name identifier birthDate }
      ... on ParcelAnswer { number mapSheet ordinal address } ... on AddressAnswer { detail unit unitCode } } } } }"""
    document = document.replace("ParcelAnswer { number", "ParcelAnswer { parcel: number").replace(
        "AddressAnswer { detail unit", "AddressAnswer { detail unitName: unit"
    )
    shown = graph.data(document, {"a": served_hub.personal_id, "b": buyer})["prefill"]["answers"]
    expected = [
        [
            {
                **{
                    ("__typename" if name == "type" else name): one
                    for name, one in value.items()
                    if name != "losingValues"
                },
            }
            for value in answer["values"]
        ]
        for answer in as_json(filled)["answers"]
    ]
    renamed = {"ParcelAnswer": {"number": "parcel"}, "AddressAnswer": {"unit": "unitName"}}
    expected = [
        [{renamed.get(v["__typename"], {}).get(name, name): one for name, one in v.items()} for v in values]
        for values in expected
    ]
    assert [answer["values"] for answer in shown] == expected


def test_answers_have_the_form_that_the_json_schema_says(graph: Graph, served_hub: ServedHub, buyer: str) -> None:
    described = make_json_schema(graph.executor.prefills.catalogue.find(TRANSFER, datetime.now(UTC).date()))
    from jsonschema import Draft202012Validator  # 4 s, which every process that only collects tests would wait for

    Draft202012Validator.check_schema(described)
    for seller in (served_hub.personal_id, served_hub.doubtful_id, "999999999999"):
        filled = as_json(fill(graph, party("transferor", seller), party("transferee", buyer)))
        Draft202012Validator(described).validate(filled)
    filled["answers"][0]["values"] = [{"type": "TextAnswer"}]
    assert list(Draft202012Validator(described).iter_errors(filled))


def test_nothing_doubtful_is_held_and_the_dead_block(graph: Graph, served_hub: ServedHub, buyer: str) -> None:
    with psycopg.connect(served_hub.database) as connection:
        sellers = connection.execute(
            "select distinct c.personal_id, p.status from link.land_use_right_holder h"
            " join link.land_use_right_parcel p on p.record_id = h.record_id"
            " join data.citizen c on c.id = h.subject_id"
            " join data.land_use_right r on r.id = h.record_id"
            " where r.status = 'REGISTERED' and h.status = 'CONFIRMED' and h.subject_kind = 'Citizen' and p.status = 'PROBABLE' limit 10"
        ).fetchall()
        (dead,) = connection.execute("select personal_id from data.citizen where death_date is not null limit 1").fetchone() or ("",)  # fmt: skip
    assert sellers
    for number, _ in sellers:
        filled = fill(graph, party("transferor", number), party("transferee", buyer))
        areas = [answer for answer in filled.answers if answer.requirement.code == "parcel_area"]
        assert any(Reason.LINK_PROBABLE in answer.reasons for answer in areas)
        for answer in filled.answers:
            if answer.status is AnswerStatus.HELD:
                assert {value.link_status for value in answer.values} <= {None, "CONFIRMED"}
    blocked = fill(graph, party("transferor", dead), party("transferee", buyer))
    assert [(fact.code, fact.role) for fact in blocked.blocked_by] == [("subject_deceased", "transferor")]
    assert blocked.still_to_ask == ()


def test_refusals(graph: Graph, served_hub: ServedHub, buyer: str) -> None:
    seller = party("transferor", served_hub.personal_id)
    both = (seller, party("transferee", buyer))
    cases: list[tuple[str, tuple[NamedSubject, ...], dict[str, str]]] = [
        ("ROLE_MISSING", (seller,), {}),
        ("ROLE_TAKEN", (*both, seller), {}),
        ("ROLE_UNKNOWN", (*both, party("neighbour", buyer)), {}),
        ("SUBJECT_IN_TWO_ROLES", (seller, party("transferee", served_hub.personal_id)), {}),
        ("WRONG_KIND", (seller, NamedSubject("transferee", "Business", "registration_number", "22A8000001")), {}),
        ("CHOICE_UNKNOWN", both, {"certificates": "XX 00000000"}),
        ("UNKNOWN_PROCEDURE", both, {"procedure": "none"}),
    ]
    for code, subjects, options in cases:
        with pytest.raises(OperationRefused) as refused:
            fill(graph, *subjects, **options)
        assert refused.value.code == code
        assert refused.value.next_step
        assert served_hub.personal_id not in str(refused.value)
    assert graph.code('{ prefill(procedure: "none") { at } }')[0] == "UNKNOWN_PROCEDURE"


def test_the_command_prefills(
    served_hub: ServedHub, buyer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", served_hub.database)
    subjects = ["--subject", f"transferor={served_hub.personal_id}", "--subject", f"transferee.personalId={buyer}"]
    monkeypatch.setattr(OUT, "width", 400)
    printed = []
    for more in ([], ["--lang", "en"], ["--json"]):
        with pytest.raises(SystemExit) as ended:
            main(["prefill", TRANSFER, *subjects, *more])
        assert not ended.value.code
        printed.append(capsys.readouterr().out)
    table, english, document = printed
    assert '"~' not in document, "what the ledger needs is not shown"
    with psycopg.connect(served_hub.database) as connection:
        (record,) = connection.execute(
            "select convert_from(substring(record from 41), 'UTF8')::jsonb from ledger.record"
            " where position(',\"purpose\":\"land-right-transfer\"'::bytea in record) > 0 and principal like 'local:%' order by at desc limit 1"
        ).fetchone() or ({},)
    assert len(record["subjects"]["requested"]) == 2
    assert record["subjects"]["incidental"], "a spouse or a co-holder is shown too"
    assert "Held: " in table
    assert "[Chỉ công dân biết: không cơ quan nào giữ thông tin này]" in table
    assert "[only the citizen knows: no office holds it]" in english
    titles = load_manifests()["population"].title
    assert (titles.vi in table, titles.en in english) == (True, True)
    assert json.loads(document)["procedure"]["code"] == TRANSFER
    for wrong, words in (("transferor", "has no identifier"), ("uncle=1", "has no role uncle"), ("transferor.name=1", "not identified by name")):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            main(["prefill", TRANSFER, "--subject", wrong])
        assert ended.value.code == 64
        assert words in capsys.readouterr().err
