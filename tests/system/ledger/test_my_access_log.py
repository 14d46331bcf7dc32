"""What a citizen sees of who read their data, through a portal: their own, in words, and nothing of anybody else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from hub.access.callers.principals import ClientKind
from hub.access.oidc.local_issuer import LocalIdentity
from hub.access.purpose_declaration import Bilingual, LegalBasis, NoticeToCitizens
from hub.access.purposes import Purpose, read_purposes
from hub.access.subjects.sealing import seal_subject, unseal_subject
from hub.graph.ledger import my_access_log
from hub.graph.ledger.ledger_reads import MonthState
from hub.graph.ledger.my_access_log import find_complete_since, list_paths_by_role
from tests.system.access.test_access import IDENTIFY, PREFILL, READ, code_of
from tests.system.ledger.test_access_log import DOSSIER, OWN_LOG, LogHub, find_stranger, hub, withholding

__all__ = ["hub"]
SPOUSES = """query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) {
    fullName maritalStatuses(first: 10, orderBy: [{ since: DESC }]) { nodes { state spouse { fullName } } } } }"""


def read_log(hub: LogHub, who: str = "portal", **variables: Any) -> dict[str, Any]:
    answer = hub.ask(who, OWN_LOG, variables, purpose="portal").json()
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["myAccessLog"]
    return found


def entries(hub: LogHub, who: str = "portal") -> list[dict[str, Any]]:
    return list(read_log(hub, who, first=100)["entries"]["nodes"])


def as_portal_of(hub: LogHub, personal_id: str) -> LogHub:
    """The hub with a portal that has signed this citizen in; its tokens are signed by the same issuer."""
    identity = LocalIdentity("portal", "Cổng", client_kind=ClientKind.APP, personal_ids=frozenset({personal_id}))
    issuer = replace(hub.issuer, identities=(identity,), _key=hub.issuer._key)
    return replace(hub, issuer=issuer)


def test_a_citizen_is_told_in_words(hub: LogHub) -> None:
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    hub.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify")
    newest, before = entries(hub)[:2]
    assert newest["text"]["vi"] == (
        "Ủy ban nhân dân phường Vàng Danh đã xem thông tin nhân thân của ông/bà với mục đích xác định người đến làm thủ tục."
    )
    assert before["text"]["vi"] == (
        "Ủy ban nhân dân phường Vàng Danh đã xem họ tên và quyền sử dụng đất của ông/bà để giải quyết thủ tục"
        f" chuyển nhượng quyền sử dụng đất, hồ sơ {DOSSIER}."
    )
    assert before["text"]["en"] == (
        "The People's Committee of Vàng Danh ward viewed your name and land-use rights for the procedure"
        f" “Transfer of a land-use right”, dossier {DOSSIER}."
    )
    assert (before["dossier"], before["purpose"]["en"]) == (DOSSIER, "Transfer of a land-use right")
    assert "Nghị quyết 66.7/2025/NQ-CP" in before["legalBasis"]


def test_a_co_holder_learns_nothing_of_the_other(hub: LogHub) -> None:
    """Someone whose data came along sees that it did: no office, no procedure, no dossier, no name."""
    with psycopg.connect(hub.database) as connection:
        row = connection.execute(
            "select other.personal_id, other.full_name from data.marital_status m"
            " join link.marital_status_person a on a.record_id = m.id and a.status <> 'UNCONFIRMED'"
            " join link.marital_status_spouse b on b.record_id = m.id and b.status <> 'UNCONFIRMED'"
            " join data.citizen other on other.id = b.subject_id"
            " join data.citizen own on own.id = a.subject_id and own.personal_id <> other.personal_id limit 1"
        ).fetchone()
        assert row is not None
        own = connection.execute(
            "select own.personal_id from data.marital_status m join link.marital_status_person a on a.record_id = m.id"
            " join link.marital_status_spouse b on b.record_id = m.id join data.citizen other on other.id = b.subject_id"
            " join data.citizen own on own.id = a.subject_id where other.personal_id = %s limit 1", (row[0],)
        ).fetchone()  # fmt: skip
    assert own is not None
    spouse, one = row[0], own[0]
    answer = as_portal_of(hub, one).ask("portal", SPOUSES, {"personalId": one}, purpose="portal")
    assert "errors" not in answer.json(), answer.text
    newest = entries(as_portal_of(hub, spouse))[0]
    assert newest["text"]["vi"] == "Họ tên của ông/bà đã được xem cùng với dữ liệu của người khác."
    assert (newest["purpose"], newest["dossier"], newest["legalBasis"]) == (None, None, [])
    mine = next(e for e in entries(as_portal_of(hub, one)) if "nhật ký" not in e["text"]["vi"])
    assert mine["text"]["vi"].startswith("Ông/bà đã xem họ tên và tình trạng hôn nhân của mình")
    assert one not in json.dumps(newest)


def test_whoever_somebody_tried_to_look_at_is_told_without_the_dossier(hub: LogHub) -> None:
    """The dossier is other people's: who was refused is told, and nothing of what they were at."""
    _, person = find_stranger(hub)
    assert code_of(hub.ask("an", READ, {"personalId": person}, dossier=DOSSIER)) == "NOT_A_SUBJECT"
    newest = entries(as_portal_of(hub, person))[0]
    assert newest["text"] == {
        "vi": "Ủy ban nhân dân phường Vàng Danh đã đề nghị xem dữ liệu của ông/bà nhưng bị từ chối.",
        "en": "The People's Committee of Vàng Danh ward asked for your data and was refused.",
    }
    assert (newest["purpose"], newest["dossier"], newest["legalBasis"], newest["categories"]) == (None, None, [], [])


def test_nobody_learns_of_a_seal_from_their_log(hub: LogHub) -> None:
    with psycopg.connect(hub.database, autocommit=True) as connection:
        before = {person: entries(as_portal_of(hub, person))[0]["id"] for person in (hub.seller, hub.buyer)}
        for kind in ("SEAL", "RESTRICTION"):
            with withholding(hub, connection, kind):
                hub.ask("an", PREFILL, dossier=DOSSIER)
                hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    for person in (hub.seller, hub.buyer):
        listed = entries(as_portal_of(hub, person))
        since = listed[: next(at for at, entry in enumerate(listed) if entry["id"] == before[person])]
        refused = [entry for entry in since if "từ chối" in entry["text"]["vi"]]
        # Of the read that met the seal there is nothing. The prefills had nothing of the seller, and that is told to the seller alone.
        assert len(refused) == (3 if person == hub.seller else 0), [entry["text"]["vi"] for entry in since]


def test_the_portals_own_reading_is_told_too(hub: LogHub) -> None:
    entries(hub)
    assert entries(hub)[0]["text"]["en"] == "You viewed the log of access to your data."


def test_pages_give_each_entry_once(hub: LogHub) -> None:
    for _ in range(5):
        hub.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify")
    first = read_log(hub, first=2)["entries"]
    second = read_log(hub, first=2, after=first["pageInfo"]["endCursor"])["entries"]
    ids = [entry["id"] for page in (first, second) for entry in page["nodes"]]
    assert len(set(ids)) == 4
    assert first["pageInfo"] | {"startCursor": "", "endCursor": ""} == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": "", "endCursor": ""}  # fmt: skip


@pytest.mark.parametrize(
    ("who", "headers", "code"),
    [
        ("nobody", {"purpose": "portal"}, "CITIZEN_NEEDED"),
        ("an", {"purpose": "portal"}, "PURPOSE_FORBIDDEN"),
        ("portal", {}, "FORBIDDEN_FIELD"),
        ("kiem", {"purpose": "audit"}, "FORBIDDEN_FIELD"),
    ],
)
def test_only_a_citizen_reads_their_log(hub: LogHub, who: str, headers: dict[str, str], code: str) -> None:
    assert code_of(hub.ask(who, OWN_LOG, {}, **headers)) == code


def test_a_sealed_identity_has_no_log_here(hub: LogHub) -> None:
    with psycopg.connect(hub.database, autocommit=True) as connection:
        seal_subject(connection, "Citizen", hub.seller_id, "ADOPTION", "test")
        try:
            _forget_seals(hub)
            assert code_of(hub.ask("portal", OWN_LOG, {}, purpose="portal")) == "SUBJECT_SEALED"
        finally:
            unseal_subject(connection, "Citizen", hub.seller_id)
            _forget_seals(hub)


def _forget_seals(hub: LogHub) -> None:
    hub.executor.access.sealed.forget()


@pytest.fixture
def notice(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Set when citizens learn of reads under a purpose."""
    law = LegalBasis(title="Luật", about=Bilingual(vi="…", en="…"))

    def set_notice(code: str, when: Any) -> None:
        known = dict(read_purposes())
        purpose = known[code]
        changed = purpose.declaration.model_copy(update={"disclosure": NoticeToCitizens(when=when, ground=law)})
        known[code] = Purpose(purpose.folder, changed, purpose.documents, purpose.version)
        monkeypatch.setattr(my_access_log, "read_purposes", lambda: known)

    return set_notice


def test_what_is_sealed_is_never_told_and_moves_no_cursor(hub: LogHub, notice: Any) -> None:
    hub.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify")
    notice("identify", "sealed")
    page = read_log(hub, first=100)
    assert "xác định người" not in json.dumps(page, ensure_ascii=False)
    assert page["notes"][0]["vi"].startswith("Những lượt xem mà pháp luật chưa cho phép thông báo")


def test_what_waits_for_the_dossier_is_told_when_it_has_ended(hub: LogHub, notice: Any) -> None:
    hub.ask("an", READ, {"personalId": hub.seller}, dossier=DOSSIER)
    notice("land-right-transfer", "after_closing")
    assert DOSSIER not in json.dumps(entries(hub))
    with psycopg.connect(hub.database, autocommit=True) as connection:
        connection.execute("update hub.dossier set ended_at = now(), outcome = 'CLOSED', reason = 'x', ended_by = 'x' where code = %s", (DOSSIER,))  # fmt: skip
        try:
            assert DOSSIER in json.dumps(entries(hub))
        finally:
            connection.execute("update hub.dossier set ended_at = null, outcome = null, reason = null, ended_by = null where code = %s", (DOSSIER,))  # fmt: skip


def test_a_purpose_that_is_gone_is_not_told(hub: LogHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.ask("an", IDENTIFY, {"personalId": hub.seller}, purpose="identify")
    without = {code: purpose for code, purpose in read_purposes().items() if code != "identify"}
    monkeypatch.setattr(my_access_log, "read_purposes", lambda: without)
    assert "xác định" not in json.dumps(entries(hub), ensure_ascii=False)


def test_the_log_says_since_when_it_is_complete(hub: LogHub) -> None:
    with psycopg.connect(hub.database) as connection:
        row = connection.execute("select min(opened_at) from ledger.month").fetchone()
    assert row is not None
    assert datetime.fromisoformat(read_log(hub)["completeSince"]) == row[0]


def month(first_day: date, *, destroyed: bool = False) -> MonthState:
    opened = datetime(first_day.year, first_day.month, 17, 9, tzinfo=UTC)
    return MonthState(first_day, opened, None if destroyed else b"k" * 32)


MAY, JUNE, JULY = date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1)


@pytest.mark.parametrize(
    ("months", "since"),
    [
        ((), None),
        ((month(MAY), month(JUNE)), datetime(2026, 5, 17, 9, tzinfo=UTC)),
        ((month(MAY, destroyed=True), month(JUNE), month(JULY)), datetime(2026, 6, 1, tzinfo=UTC)),
        ((month(MAY), month(JUNE, destroyed=True), month(JULY)), datetime(2026, 7, 1, tzinfo=UTC)),
        ((month(MAY), month(JUNE, destroyed=True)), None),
    ],
)
def test_a_month_whose_key_was_destroyed_ends_completeness(months: tuple[MonthState, ...], since: datetime | None) -> None:  # fmt: skip
    assert find_complete_since(months) == since


def test_a_role_is_told_of_its_own_paths_alone() -> None:
    purpose = read_purposes()["land-right-transfer"]
    by_role = list_paths_by_role(purpose.version, purpose.code)
    assert "citizen.landUseRights.nodes.certificateSerial" in by_role["transferor"]
    assert "citizen.landUseRights.nodes.certificateSerial" not in by_role.get("transferee", frozenset())
