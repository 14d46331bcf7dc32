"""Dossiers in a real store: opened, extended, ended, and found again by whoever reads under them."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from hub.access.alarms import raise_alarm
from hub.access.callers.principals import ClientKind, Principal, Role
from hub.access.dossiers import dossier_store as dossiers
from hub.access.dossiers import emergencies
from hub.access.dossiers.dossier_store import NamedSubject, NewDossier
from hub.access.dossiers.emergencies import EmergencyRequest, confirm_emergency, end_emergency, request_emergency
from hub.access.subjects.sealing import restrict_subject, seal_subject, unseal_subject
from hub.cli import main
from hub.errors import OperationRefused
from hub.graph.permission.dossier_reads import select_dossier, select_states
from hub.graph.permission.sealed_subjects import SELECT as SELECT_SEALED_NOW
from hub.model.registry import load_registry

OFFICE, OLD_OFFICE, OTHER_OFFICE = "06820@2025-07-01", "06820@..", "00097@2025-07-01"
SELLER, BUYER = "022080000001", "022180000002"
PROCEDURE = "land-right-transfer"


@pytest.fixture
def store(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A store with a seller, a buyer, and someone who died."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        stream = connection.execute(
            "insert into hub.stream (connector, name) values ('population', 'citizens') returning id"
        ).fetchone()
        assert stream is not None
        for number, (personal_id, name, born, died) in enumerate(
            ((SELLER, "Nguyễn Văn An", "1980-05-01", None), (BUYER, "Trần Thị Bé", "1980", None),
             ("022030000003", "Lê Văn Cũ", "1930", "2020-01-01"))
        ):  # fmt: skip
            connection.execute(
                "insert into data.citizen (id, stream_id, source_key, run_id, row_digest, first_seen, sys_from, personal_id,"
                " full_name, full_name_key, birth_date, death_date) values (%s, %s, %s, 1, %s, now(), now(), %s, %s,"
                " hub.name_key(%s), %s, %s)",
                (number + 1, stream[0], personal_id, number, personal_id, name, name, born, died),
            )
        yield connection


def officer(name: str = "an", *offices: str) -> Principal:
    return Principal(
        id=f"https://id.example|{name}",
        display_name=name,
        is_person=True,
        client_kind=None,
        roles=frozenset({Role.OFFICER}),
        offices=frozenset(offices or (OFFICE,)),
        acting_app=None,
        scopes=frozenset(),
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )


def by_identifier(role: str, personal_id: str) -> NamedSubject:
    return NamedSubject(role, "Citizen", field="personal_id", value=personal_id)


def transfer(code: str = "H49.12-251118-0007", **change: Any) -> NewDossier:
    subjects = (by_identifier("transferor", SELLER), by_identifier("transferee", BUYER))
    return NewDossier(**{"code": code, "purpose": PROCEDURE, "office": OFFICE, "subjects": subjects, **change})


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(OperationRefused) as refused:
        call(*arguments)
    assert refused.value.next_step
    for value in (SELLER, BUYER, "Nguyễn"):
        assert value not in str(refused.value), "an error never has a personal value"
    return refused.value.code


def test_a_dossier_is_opened_and_found(store: psycopg.Connection[Any]) -> None:
    opened = dossiers.open_dossier(store, transfer(), officer())
    assert [(s.role, s.number) for s in opened.subjects] == [("transferor", 1), ("transferee", 2)]
    assert opened.outcome is None
    assert len(opened.purpose_version) == 64
    assert dossiers.find_own_dossier(store, " h49.12-251118-0007", officer()) == opened
    dossiers.check_open(opened, datetime.now(UTC))


def test_the_same_dossier_again_is_the_same(store: psycopg.Connection[Any]) -> None:
    opened = dossiers.open_dossier(store, transfer(), officer())
    assert dossiers.open_dossier(store, transfer(), officer()) == opened
    assert refusal(dossiers.open_dossier, store, transfer(), officer("be")) == "DOSSIER_EXISTS"
    fewer = transfer(subjects=(by_identifier("transferor", BUYER), by_identifier("transferee", SELLER)))
    assert refusal(dossiers.open_dossier, store, fewer, officer()) == "DOSSIER_EXISTS"


def test_a_foreign_dossier_is_as_one_that_does_not_exist(store: psycopg.Connection[Any]) -> None:
    dossiers.open_dossier(store, transfer(), officer())
    stranger = officer("x", OTHER_OFFICE)
    codes = {
        refusal(dossiers.find_own_dossier, store, code, stranger) for code in ("H49.12-251118-0007", "H1-251118-0001")
    }
    assert codes == {"DOSSIER_UNKNOWN"}
    assert refusal(dossiers.end_dossier, store, "H49.12-251118-0007", "CLOSED", "xong", stranger) == "DOSSIER_UNKNOWN"
    assert refusal(dossiers.add_subjects, store, "H49.12-251118-0007", [], stranger) == "DOSSIER_UNKNOWN"


def test_the_successor_of_an_office_goes_on(store: psycopg.Connection[Any]) -> None:
    dossiers.open_dossier(store, transfer(office=OLD_OFFICE), officer("an", OLD_OFFICE))
    assert dossiers.find_own_dossier(store, "H49.12-251118-0007", officer("be", OFFICE)).office == OLD_OFFICE


def test_subjects_that_are_not_held_are_kept_as_named(store: psycopg.Connection[Any]) -> None:
    unknown = (by_identifier("transferor", "022099999999"), by_identifier("transferee", BUYER))
    opened = dossiers.open_dossier(store, transfer(subjects=unknown), officer())
    assert [(s.number, s.value) for s in opened.subjects] == [(None, "022099999999"), (2, BUYER)]


def test_a_merged_subject_is_its_heir(store: psycopg.Connection[Any]) -> None:
    store.execute("insert into link.heir (subject_id, heir_id, subject_kind, sys_from) values (2, 1, 'Citizen', now())")
    assert refusal(dossiers.open_dossier, store, transfer(), officer()) == "SUBJECT_IN_TWO_ROLES"
    parties = (by_identifier("transferor", "022099999999"), by_identifier("transferee", BUYER))
    opened = dossiers.open_dossier(store, transfer(subjects=parties), officer())
    assert [s.number for s in opened.subjects] == [None, 1]


def test_the_deceased_and_rows_that_are_none_are_refused(store: psycopg.Connection[Any]) -> None:
    dead = (by_identifier("transferor", "022030000003"), by_identifier("transferee", BUYER))
    assert refusal(dossiers.open_dossier, store, transfer(subjects=dead), officer()) == "SUBJECT_DECEASED"
    gone = (NamedSubject("transferor", "Citizen", number=99), by_identifier("transferee", BUYER))
    assert refusal(dossiers.open_dossier, store, transfer(subjects=gone), officer()) == "SUBJECT_UNKNOWN"
    odd = (NamedSubject("transferor", "Citizen", field="full_name", value="An"), by_identifier("transferee", BUYER))
    assert refusal(dossiers.open_dossier, store, transfer(subjects=odd), officer()) == "WRONG_KIND"
    assert store.execute("select count(*) from hub.dossier").fetchone() == (0,), "nothing half opened"


def test_subjects_are_added_once(store: psycopg.Connection[Any]) -> None:
    one = (by_identifier("transferor", SELLER),)
    assert refusal(dossiers.open_dossier, store, transfer(subjects=one), officer()) == "ROLE_MISSING"
    dossiers.open_dossier(store, transfer(), officer())
    again = [by_identifier("transferee", BUYER)]
    assert len(dossiers.add_subjects(store, "H49.12-251118-0007", again, officer()).subjects) == 2
    second = [by_identifier("transferee", SELLER)]
    assert refusal(dossiers.add_subjects, store, "H49.12-251118-0007", second, officer()) == "ROLE_TAKEN"


def test_nobody_is_looked_up_before_the_rest_is_checked(
    store: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal that needs nobody's data must not depend on it, nor on whether they are held at all."""
    opened = dossiers.open_dossier(store, transfer(), officer())
    monkeypatch.setattr(dossiers, "find_subjects", pytest.fail)
    monkeypatch.setattr(emergencies, "find_subjects", pytest.fail)
    one = (by_identifier("transferee", "022030000003"),)
    for look_up in (dossiers.look_up_new, dossiers.open_dossier):
        for given, code in (
            (transfer(subjects=one), "ROLE_MISSING"),
            (transfer(code="x"), "DOSSIER_CODE_INVALID"),
            (transfer(office=OTHER_OFFICE), "OFFICE_FORBIDDEN"),
            (transfer(expires_at=datetime(2020, 1, 1, tzinfo=UTC)), "DOSSIER_EXPIRY_INVALID"),
        ):
            assert refusal(look_up, store, given, officer()) == code
    stranger = [by_identifier("stranger", BUYER)]
    for extend in (dossiers.look_up_added, dossiers.add_subjects):
        assert refusal(extend, store, opened.code, stranger, officer()) == "ROLE_UNKNOWN"
    wanted = EmergencyRequest("emergency", OFFICE, (by_identifier("person", SELLER),), "ngắn")
    for request in (emergencies.look_up_emergency, request_emergency):
        assert refusal(request, store, wanted, officer()) == "BAD_USER_INPUT"


def test_of_two_who_fill_a_role_at_once_the_second_is_refused(
    store: psycopg.Connection[Any], database_url: str
) -> None:
    named = (by_identifier("mother", SELLER),)
    born = transfer(purpose="birth-residence-health-card", subjects=named)
    opened = dossiers.open_dossier(store, born, officer())
    begin, outcomes = threading.Barrier(6), []

    def add(number: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            begin.wait(timeout=20)
            try:
                dossiers.add_subjects(
                    connection, opened.code, [by_identifier("father", f"02208000001{number}")], officer()
                )
                outcomes.append("ADDED")
            except OperationRefused as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["ADDED", *["ROLE_TAKEN"] * 5]
    assert [s.role for s in dossiers.find_own_dossier(store, opened.code, officer()).subjects] == ["mother", "father"]


def test_nobody_is_added_to_a_dossier_that_ends_meanwhile(
    store: psycopg.Connection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = dossiers.open_dossier(
        store, transfer(purpose="birth-residence-health-card", subjects=(by_identifier("mother", SELLER),)), officer()
    )
    find = dossiers.find_subjects

    def find_and_end(connection: psycopg.Connection[Any], named: Any) -> Any:
        with psycopg.connect(database_url, autocommit=True) as other:
            dossiers.end_dossier(other, opened.code, "CLOSED", "xong", officer())
        return find(connection, named)

    monkeypatch.setattr(dossiers, "find_subjects", find_and_end)
    father = [by_identifier("father", BUYER)]
    assert refusal(dossiers.add_subjects, store, opened.code, father, officer()) == "DOSSIER_ENDED"


def test_what_has_ended_is_not_read_under(store: psycopg.Connection[Any]) -> None:
    dossiers.open_dossier(store, transfer(), officer())
    assert refusal(dossiers.end_dossier, store, "H49.12-251118-0007", "CLOSED", " ", officer()) == "BAD_USER_INPUT"
    ended = dossiers.end_dossier(store, "H49.12-251118-0007", "WITHDRAWN", "người dân rút hồ sơ", officer("be"))
    assert ended.outcome == "WITHDRAWN"
    assert ended.ended_at is not None
    assert refusal(dossiers.check_open, ended, datetime.now(UTC)) == "DOSSIER_ENDED"
    assert refusal(dossiers.add_subjects, store, ended.code, [], officer()) == "DOSSIER_ENDED"
    assert dossiers.end_dossier(store, ended.code, "WITHDRAWN", "lần nữa", officer()) == ended
    assert refusal(dossiers.end_dossier, store, ended.code, "CLOSED", "xong", officer()) == "DOSSIER_ENDED"


def test_a_dossier_expires(store: psycopg.Connection[Any]) -> None:
    opened = dossiers.open_dossier(store, transfer(), officer())
    later = opened.expires_at + timedelta(seconds=1)
    assert refusal(dossiers.check_open, opened, later) == "DOSSIER_EXPIRED"


def test_subjects_are_sealed_and_unsealed(store: psycopg.Connection[Any]) -> None:
    assert seal_subject(store, "Citizen", 1, "ADOPTION", "https://id.example|chief")
    assert not seal_subject(store, "Citizen", 1, "COURT_ORDER", "x"), "the first ground stays"
    assert refusal(seal_subject, store, "Citizen", 99, "ADOPTION", "x") == "SUBJECT_UNKNOWN"
    for entity in load_registry():
        if not entity.personal:  # sealed, they would be shown all the same
            assert refusal(seal_subject, store, entity.name, 1, "ADOPTION", "x") == "WRONG_KIND"
            assert refusal(restrict_subject, store, entity.name, 1, "REQUEST", "vì", "x") == "WRONG_KIND"
    with pytest.raises(OperationRefused, match="only a person can"):
        seal_subject(store, "Business", 1, "COURT_ORDER", "x")
    assert unseal_subject(store, "Citizen", 1)
    assert not unseal_subject(store, "Citizen", 1)


def test_seals_and_alarms_are_kept_by_commands(
    store: psycopg.Connection[Any],
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)

    def run(*arguments: str, fails: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == fails
        said = capsys.readouterr()
        return said.out + said.err

    subject = base64.b64encode(b"Citizen:1").decode()
    assert "sealed" in run("seals", "add", subject, "--ground", "ADOPTION", "--by", "chief")
    (seal,) = json.loads(run("seals", "list", "--json"))
    assert (seal["entity"], seal["number"], seal["ground"], seal["sealed_by"]) == ("Citizen", 1, "ADOPTION", "chief")
    assert "lifted" in run("seals", "lift", subject)
    assert json.loads(run("seals", "list", "--json")) == []
    assert "WRONG_KIND" in run("seals", "lift", "Citizen:1", fails=64)
    raise_alarm(store, "SEALED_SUBJECT", principal="https://id.example|an", dossier_id=None)
    (alarm,) = json.loads(run("alarms", "list", "--json"))
    run("alarms", "acknowledge", str(alarm["id"]))
    assert json.loads(run("alarms", "list", "--json")) == []
    assert [one["kind"] for one in json.loads(run("alarms", "list", "--all", "--json"))] == ["SEALED_SUBJECT"]
    run("alarms", "acknowledge", str(alarm["id"]), fails=64)


def test_whoever_a_sealed_person_was_merged_into_is_sealed(store: psycopg.Connection[Any]) -> None:
    seal_subject(store, "Citizen", 2, "WITNESS_PROTECTION", "chief")
    store.execute("insert into link.heir (subject_id, heir_id, subject_kind, sys_from) values (2, 1, 'Citizen', now())")
    row = store.execute(SELECT_SEALED_NOW).fetchone()
    assert row is not None
    assert sorted(json.loads(row[0])) == [["Citizen", 1, "SEAL"], ["Citizen", 2, "SEAL"]]


def test_a_dossier_is_found_for_a_read_by_indexes_alone(store: psycopg.Connection[Any], database_url: str) -> None:
    """Each process looks an open dossier up every few seconds: a scan of all citizens took 200 ms at a million."""
    code = dossiers.open_dossier(store, transfer(), officer()).code
    with psycopg.connect(database_url, cursor_factory=psycopg.RawCursor) as reader:
        reader.execute("set enable_seqscan = off")
        for sql, parameter in ((select_dossier(load_registry()), code), (select_states(load_registry()), [code])):
            plan = "\n".join(line for (line,) in reader.execute(f"explain {sql}", (parameter,)).fetchall())
            assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("select 1", False),
        ("update data.citizen set full_name = 'Nguyễn Văn Anh' where id = 1", False),
        ("update data.citizen set personal_id = '022080000009' where id = 1", True),
        ("insert into link.heir (subject_id, heir_id, subject_kind, sys_from) values (3, 1, 'Citizen', now())", True),
        ("update hub.dossier set expires_at = expires_at + interval '1 day'", True),
        ("update hub.dossier set outcome = 'CLOSED'", True),
        ("delete from hub.dossier_subject where role = 'transferee'", True),
    ],
)
def test_whatever_a_read_depends_on_changes_the_state_of_a_dossier(
    store: psycopg.Connection[Any], database_url: str, change: str, seen: bool
) -> None:
    code = dossiers.open_dossier(store, transfer(), officer()).code
    with psycopg.connect(database_url, autocommit=True, cursor_factory=psycopg.RawCursor) as reader:

        def read(sql: str, parameter: Any) -> Any:
            row = reader.execute(sql, (parameter,)).fetchone()
            assert row is not None
            return json.loads(row[0])

        found = read(select_dossier(load_registry()), code)
        assert SELLER in json.dumps(found["dossier"])
        assert read(select_states(load_registry()), [code, "H49.12-251118-9999"]) == {code: found["state"]}
        store.execute(change)
        (state,) = read(select_states(load_registry()), [code]).values()
        assert (state != found["state"]) is seen
        assert read(select_dossier(load_registry()), code)["state"] == state


# --- Sealed subjects and emergency access -----------------------------------------------------------------------------

REASON = "lũ cuốn, nạn nhân bất tỉnh, cần biết nơi cư trú"


def test_a_dossier_of_a_sealed_identity_raises_an_alarm(store: psycopg.Connection[Any]) -> None:
    seal_subject(store, "Citizen", 2, "WITNESS_PROTECTION", "chief")
    dossiers.open_dossier(store, transfer(), officer())
    assert alarms_of(store) == [("SEALED_SUBJECT", officer().id)]
    one = (by_identifier("person", SELLER),)
    dossiers.open_dossier(store, transfer("H49.12-251118-0008", purpose="emergency", subjects=one), officer())
    assert len(alarms_of(store)) == 1, "nobody of this one is sealed"
    store.execute("insert into link.heir (subject_id, heir_id, subject_kind, sys_from) values (2, 3, 'Citizen', now())")
    heir = [by_identifier("person", "022030000003")]
    dossiers.add_subjects(store, "H49.12-251118-0008", heir, officer())
    assert len(alarms_of(store)) == 2, "whoever a sealed person was merged into is sealed too"


def alarms_of(store: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    return store.execute("select kind, principal from hub.alarm order by id").fetchall()


def emergency(**change: Any) -> EmergencyRequest:
    facts = {"purpose": "emergency", "office": OFFICE, "subjects": (by_identifier("person", SELLER),), "reason": REASON}
    return EmergencyRequest(**{**facts, **change})


def test_emergency_access_is_confirmed_by_a_second_officer_and_alarms_at_once(store: psycopg.Connection[Any]) -> None:
    asked = request_emergency(store, emergency(), officer("an"))
    assert asked.code.startswith("KHANCAP-")
    assert asked.expires_at - asked.opened_at == timedelta(minutes=15)
    confirmed = confirm_emergency(store, asked.code, 30, officer("be"))
    assert timedelta(minutes=29) < confirmed.expires_at - datetime.now(UTC) <= timedelta(minutes=30)
    assert alarms_of(store) == [("EMERGENCY_REQUESTED", officer("an").id), ("EMERGENCY_CONFIRMED", officer("be").id)]
    row = store.execute("select opened_via, emergency_reason, confirmed_by from hub.dossier").fetchone()
    assert row == ("EMERGENCY", REASON, officer("be").id)


def test_nobody_confirms_alone_from_outside_or_twice(store: psycopg.Connection[Any]) -> None:
    code = request_emergency(store, emergency(), officer("an")).code
    other_session = replace(officer("an"), display_name="An", acting_app="app|portal", expires_at=datetime.now(UTC))
    assert refusal(confirm_emergency, store, code, 30, officer("an")) == "SECOND_PERSON_NEEDED"
    assert refusal(confirm_emergency, store, code, 30, other_session) == "SECOND_PERSON_NEEDED", "another credential"
    assert refusal(confirm_emergency, store, code, 30, officer("x", OTHER_OFFICE)) == "DOSSIER_UNKNOWN"
    reviewer = replace(officer("re"), roles=frozenset({Role.REVIEWER}))
    assert refusal(confirm_emergency, store, code, 30, reviewer) == "FORBIDDEN"
    app = replace(officer("app"), is_person=False, client_kind=ClientKind.APP, scopes=frozenset({"dossier:open"}))
    assert refusal(confirm_emergency, store, code, 30, app) == "EMERGENCY_FORBIDDEN"
    ends = confirm_emergency(store, code, 30, officer("be")).expires_at
    assert refusal(confirm_emergency, store, code, 30, officer("be")) == "EMERGENCY_CONFIRMED"
    assert refusal(confirm_emergency, store, code, 240, officer("ce")) == "EMERGENCY_CONFIRMED"
    again = dossiers.load_dossier(store, code)
    assert again is not None
    assert again.expires_at == ends, "confirming it again makes it no longer"


def test_emergency_access_expires_and_ends(store: psycopg.Connection[Any]) -> None:
    late = request_emergency(store, emergency(), officer("an")).code
    store.execute("update hub.dossier set expires_at = now() - interval '1 second'")
    assert refusal(confirm_emergency, store, late, 30, officer("be")) == "DOSSIER_EXPIRED"
    code = request_emergency(store, emergency(), officer("an")).code
    confirm_emergency(store, code, 30, officer("be"))
    assert end_emergency(store, code, "đã đưa về nhà", officer("an")).outcome == "CLOSED"
    assert refusal(confirm_emergency, store, code, 30, officer("be")) == "DOSSIER_ENDED"
    ordinary = dossiers.open_dossier(store, transfer(), officer()).code
    assert refusal(end_emergency, store, ordinary, "xong", officer()) == "DOSSIER_UNKNOWN"
    assert refusal(confirm_emergency, store, ordinary, 30, officer("be")) == "DOSSIER_UNKNOWN"


def test_emergency_access_that_is_not_given(store: psycopg.Connection[Any]) -> None:
    assert refusal(request_emergency, store, emergency(purpose=PROCEDURE), officer()) == "EMERGENCY_FORBIDDEN"
    assert refusal(request_emergency, store, emergency(reason="gấp"), officer()) == "BAD_USER_INPUT"
    assert refusal(request_emergency, store, emergency(subjects=()), officer()) == "ROLE_MISSING"
    assert refusal(request_emergency, store, emergency(), officer("x", OTHER_OFFICE)) == "OFFICE_FORBIDDEN"
    app = replace(officer("app"), is_person=False, client_kind=ClientKind.APP, scopes=frozenset({"dossier:open"}))
    assert refusal(request_emergency, store, emergency(), app) == "EMERGENCY_FORBIDDEN"
    code = request_emergency(store, emergency(), officer()).code
    more = [by_identifier("person", BUYER)]
    assert refusal(dossiers.add_subjects, store, code, more, officer()) == "EMERGENCY_FORBIDDEN"
    assert refusal(dossiers.open_dossier, store, transfer("KHANCAP-251118-0001"), officer()) == "DOSSIER_CODE_INVALID"
