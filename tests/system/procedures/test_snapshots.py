"""Snapshots of prefills over HTTP, with access on and one login for each role: kept, read, run again, sealed, closed, forgotten."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import orjson
import psycopg
import pypdfium2
import pytest

from hub.access.callers.principals import Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.cli import main
from hub.cli.terminal import OUT
from hub.ledger.checkpoints.signing_keys import create_signing_key
from hub.settings import load_settings
from hub.snapshots.evidence import verify_evidence
from hub.snapshots.records import find_people_now, forget_snapshots
from hub.store.connections.logins import Logins
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.conftest import LinkedProvince, copy_database
from tests.serving import served
from tests.system.access.test_access import UNLIMITED
from tests.system.ledger.test_ledger import Ledger
from tests.system.serving.test_serve_processes import wait_for

DATABASE = "snapshots"
OFFICE, OTHER_OFFICE = "06820@2025-07-01", "00097@2025-07-01"
ISSUER = LocalIssuer(
    "127.0.0.1",
    (
        LocalIdentity("an", "Lê An", frozenset({Role.OFFICER}), frozenset({OFFICE})),
        LocalIdentity("binh", "Vũ Bình", frozenset({Role.OFFICER}), frozenset({OTHER_OFFICE})),
        LocalIdentity("dung", "Ngô Dung", frozenset({Role.OPERATOR})),
    ),
)
DOSSIER, SECOND, CLOSED, SEALED, RECEIPT, PAPERS, ENDING = (f"H49.12-251118-000{number}" for number in range(1, 8))
OPEN = "mutation ($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code } snapshot { id } } }"
SUMMARY = "id dossier procedure procedureVersion at hubVersion occasion digest forgottenAt"
END = f"mutation ($input: EndDossierInput!) {{ endDossier(input: $input) {{ dossier {{ outcome }} snapshot {{ {SUMMARY} }} passedOn {{ code way receivers name {{ en }} }} }} }}"
KEEP = f"mutation ($input: KeepPrefillInput!) {{ keepPrefill(input: $input) {{ snapshot {{ {SUMMARY} }} }} }}"
PAPER = "mutation ($input: RequestPaperInput!) { requestPaper(input: $input) { request { requirement role status reasons snapshotId askedAt } } }"
LIST = f"{{ prefillSnapshots {{ {SUMMARY} }} }}"
ANSWERS = "answers { requirement { code } role status reasons items { key } values { display { vi en } source asOf ... on TextAnswer { text } corrections { id } } }"
READ = f"query ($id: ID!) {{ prefillSnapshot(id: $id) {{ {SUMMARY} prefill {{ dossier at {ANSWERS} stillToAsk {{ requirement {{ code }} }} }} }} }}"
PREFILL = (
    f'{{ prefill(procedure: "land-right-transfer") {{ dossier {ANSWERS} stillToAsk {{ requirement {{ code }} }} }} }}'
)
RERUN = """query ($id: ID!) { prefillSnapshot(id: $id) { rerun { choicesHold newBlocks { code } endedBlocks { code }
    changes { requirement label { vi } role items kind before now } prefill { at } } } }"""


@dataclass(frozen=True)
class SnapshotHub:
    """A served hub over a store of its own; the seller has rights of land."""

    url: str
    database: str
    seller: tuple[int, str]
    buyer: tuple[int, str]

    def ask(
        self, query: str, variables: Any = None, *, dossier: str = "", purpose: str = "", who: str = "an"
    ) -> dict[str, Any]:
        identity = ISSUER.find_identity(who)
        assert identity is not None
        named = {"x-hub-dossier": dossier, "x-hub-purpose": purpose}
        sent = {"authorization": f"Bearer {ISSUER.sign_token(identity)}"} | {k: v for k, v in named.items() if v}
        body = {"query": query, "variables": variables or {}}
        answer = httpx2.post(f"{self.url}/graphql", json=body, headers=sent, timeout=30)
        return dict(answer.json())

    def data(self, query: str, variables: Any = None, **more: str) -> Any:
        body = self.ask(query, variables, **more)
        assert "errors" not in body, body
        (found,) = body["data"].values()
        return found

    def code(self, query: str, variables: Any = None, **more: str) -> str:
        return str(self.ask(query, variables, **more)["errors"][0]["extensions"]["code"])

    def keep(self, dossier: str = DOSSIER, choices: Any = None) -> dict[str, Any]:
        given = {"input": {"choices": choices} if choices else {}}
        return dict(self.data(KEEP, given, dossier=dossier)["snapshot"])

    def rows(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            done = connection.execute(query, values)  # type: ignore[call-overload]
            return done.fetchall() if done.description else []


@pytest.fixture(scope="module")
def hub(linked_province: LinkedProvince, postgres_server: EmbeddedServer) -> Iterator[SnapshotHub]:
    database = copy_database(postgres_server, linked_province.database, DATABASE)
    query = (
        "select distinct on (c.id) c.id, c.personal_id from data.citizen c join link.land_use_right_holder l on l.subject_id = c.id"
        " join data.land_use_right r on r.id = l.record_id and r.status = 'REGISTERED'"
        " where l.status = 'CONFIRMED' and c.death_date is null and c.birth_date < '1990' order by c.id limit 2"
    )
    with psycopg.connect(database) as connection:
        seller, buyer = connection.execute(query).fetchall()
    with serve(postgres_server) as url:
        made = SnapshotHub(url, database, seller, buyer)
        for code in (DOSSIER, SECOND, CLOSED, SEALED, RECEIPT, PAPERS, ENDING):
            subjects = [
                {"role": "transferor", "subject": {"citizen": {"personalId": seller[1]}}},
                {"role": "transferee", "subject": {"citizen": {"personalId": buyer[1]}}},
            ]
            given = {"code": code, "purpose": "land-right-transfer", "office": OFFICE, "subjects": subjects}
            assert made.data(OPEN, {"input": given})["snapshot"] is None
        yield made


def serve(server: EmbeddedServer, **changed: Any) -> Any:
    logins = Logins.by_role(lambda role: server.login_url(role, DATABASE))
    return served(create_app(load_settings(access="on", **(UNLIMITED | changed)), logins, local_issuer=ISSUER))


def number_of(hub: SnapshotHub, snapshot: dict[str, Any]) -> int:
    ((number,),) = hub.rows("select id from hub.prefill_snapshot where digest = %s", bytes.fromhex(snapshot["digest"]))
    return int(number)


def test_what_was_answered_is_kept_as_it_was(hub: SnapshotHub) -> None:
    answered, kept = hub.data(PREFILL, dossier=DOSSIER), hub.keep()
    assert (kept["dossier"], kept["procedure"], kept["occasion"]) == (DOSSIER, "land-right-transfer", "REQUEST")
    read = hub.data(READ, {"id": kept["id"]}, dossier=DOSSIER)
    shown = {name: read["prefill"][name] for name in answered}
    assert shown == answered
    assert any(one["values"] for one in answered["answers"])
    assert {name: read[name] for name in kept} == kept
    assert hub.data(LIST, dossier=DOSSIER)[0] == kept
    ((answer, roles, outcomes, keep_days),) = hub.rows(
        "select answer, roles, outcomes, keep_days from hub.prefill_snapshot where id = %s", number_of(hub, kept)
    )
    assert hashlib.sha256(answer).hexdigest() == kept["digest"]
    assert orjson.dumps(orjson.loads(answer), option=orjson.OPT_SORT_KEYS) == answer
    assert (roles, keep_days) == (["transferor", "transferee"], 3650)
    assert hub.seller[1] not in json.dumps(outcomes), "what stays has no value"


def test_the_ledger_has_who_kept_and_who_read_it(hub: SnapshotHub) -> None:
    def count() -> int:
        ((found,),) = hub.rows(
            "select count(*) from ledger.record r join ledger.disclosure d using (month, epoch, number) where d.role in ('transferor', 'transferee')"
        )
        return int(found)

    before = count()
    kept = hub.keep()
    after_keeping = count()
    assert after_keeping >= before + 2, "both parties are written down when it is kept"
    hub.data(READ, {"id": kept["id"]}, dossier=DOSSIER)
    assert count() >= after_keeping + 2
    ((paths,),) = hub.rows("select convert_from(paths, 'UTF8') from ledger.operation where convert_from(paths, 'UTF8') like '%%prefillSnapshot.digest%%' limit 1")  # fmt: skip
    assert "citizen.fullName" in paths, "the fields that the snapshot has, not only the field that reads it"


def test_it_is_run_again_and_says_what_differs(hub: SnapshotHub) -> None:
    serial = next(
        one["items"][0]["key"]
        for one in hub.data(PREFILL, dossier=SECOND)["answers"]
        if one["items"] and one["role"] == "transferor"
    )
    kept = hub.keep(SECOND, [{"requirement": "certificates", "keys": [serial]}])
    same = hub.data(RERUN, {"id": kept["id"]}, dossier=SECOND)["rerun"]
    assert {one["kind"] for one in same["changes"]} == {"UNCHANGED"}
    assert same["choicesHold"] is True
    hub.rows("update data.citizen set birth_date = '1980-01-02', full_name = full_name || ' X' where id = %s", hub.buyer[0])  # fmt: skip
    hub.rows("update data.land_use_right set certificate_serial = 'ZZ 00000009' where certificate_serial = %s", serial)
    found = hub.data(RERUN, {"id": kept["id"]}, dossier=SECOND)["rerun"]
    kinds = {(one["requirement"], one["kind"]) for one in found["changes"]}
    assert ("transferee_birth_date", "CHANGED") in kinds
    assert ("transferor_name", "UNCHANGED") in kinds
    assert found["choicesHold"] is False, "the certificate has another serial now"
    assert {kind for code, kind in kinds if code == "certificates" or code.startswith("parcel")} & {"LOST", "GAINED", "CHANGED", "STATUS_CHANGED"}  # fmt: skip
    assert hub.data(READ, {"id": kept["id"]}, dossier=SECOND)["digest"] == kept["digest"], "what was kept stays"


def test_it_is_read_under_its_own_dossier_alone(hub: SnapshotHub) -> None:
    kept = hub.keep()
    given = {"id": kept["id"]}
    assert hub.code(READ, given, dossier=SECOND) == "SNAPSHOT_UNKNOWN"
    assert hub.code(READ, {"id": "abc"}, dossier=DOSSIER) == "SNAPSHOT_UNKNOWN"
    assert hub.code(READ, given, dossier=DOSSIER, who="binh") == "DOSSIER_UNKNOWN"
    assert hub.code(READ, given) == "DOSSIER_NEEDED"
    assert hub.code(LIST) == "DOSSIER_NEEDED"
    assert hub.code(KEEP, {"input": {}}) == "DOSSIER_NEEDED"
    wrong = {"input": {"choices": [{"requirement": "certificates", "keys": ["AA 00000000"]}]}}
    assert hub.code(KEEP, wrong, dossier=DOSSIER) == "CHOICE_UNKNOWN"


def test_a_permission_that_was_withdrawn_holds_for_what_was_kept(hub: SnapshotHub) -> None:
    kept = hub.keep()
    hub.rows("update hub.prefill_snapshot set paths = paths || '{citizen.deathDate.x}' where id = %s", number_of(hub, kept))  # fmt: skip
    assert hub.code(READ, {"id": kept["id"]}, dossier=DOSSIER) == "SNAPSHOT_WITHDRAWN"


def test_nothing_is_kept_of_a_dossier_that_is_ended_while_it_is_prefilled(hub: SnapshotHub) -> None:
    """The prefill waits for a table; meanwhile the dossier is withdrawn."""

    def waiting() -> bool:
        return bool(hub.rows("select 1 from pg_locks where not granted and relation = 'data.land_use_right'::regclass"))

    with psycopg.connect(hub.database) as other, ThreadPoolExecutor(1) as threads:
        other.execute("lock table data.land_use_right in access exclusive mode")
        asked = threads.submit(hub.code, KEEP, {"input": {}}, dossier=ENDING)
        wait_for(waiting, within_s=30)
        other.execute("update hub.dossier set ended_at = now(), outcome = 'WITHDRAWN', reason = 'x' where code = %s", (ENDING,))  # fmt: skip
        other.commit()
        assert asked.result() == "DOSSIER_ENDED"
    assert not hub.rows("select 1 from hub.prefill_snapshot s join hub.dossier d on d.id = s.dossier_id where d.code = %s", ENDING)  # fmt: skip


def test_bytes_that_somebody_changed_are_not_shown(hub: SnapshotHub) -> None:
    kept = hub.keep()
    hub.rows("update hub.prefill_snapshot set answer = answer || '\\x20' where id = %s", number_of(hub, kept))
    assert hub.code(READ, {"id": kept["id"]}, dossier=DOSSIER) == "SNAPSHOT_ALTERED"


def test_the_web_process_cannot_change_what_is_kept(hub: SnapshotHub, postgres_server: EmbeddedServer) -> None:
    for role in ("hub_clerk", "hub_reader"):
        with (
            psycopg.connect(postgres_server.login_url(role, DATABASE)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("update hub.prefill_snapshot set answer = null")


def test_closing_keeps_one_if_there_is_none(hub: SnapshotHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    closing = {"input": {"code": CLOSED, "outcome": "CLOSED", "reason": "xong"}}
    ended = hub.data(END, closing)
    assert ended["passedOn"] == []
    assert ended["dossier"]["outcome"] == "CLOSED"
    assert (ended["snapshot"]["occasion"], ended["snapshot"]["dossier"]) == ("CLOSING", CLOSED)
    assert hub.data(END, closing)["snapshot"] is None, "closed again"
    assert hub.code(READ, {"id": ended["snapshot"]["id"]}, dossier=CLOSED) == "DOSSIER_ENDED"
    number = number_of(hub, ended["snapshot"])
    # On the command line an ended dossier's snapshot can still be compared, until its values are forgotten.
    monkeypatch.setenv("HUB_DATABASE_URL", hub.database)
    assert '"counts"' in command(capsys, "snapshots", "rerun", str(number), "--json")
    assert CLOSED in command(capsys, "snapshots", "list", CLOSED)
    assert "unchanged" in command(capsys, "snapshots", "rerun", str(number))
    assert "SNAPSHOT_UNKNOWN" in command(capsys, "snapshots", "rerun", "999999", fails=True)
    with psycopg.connect(hub.database, autocommit=True) as connection:
        assert forget_snapshots(connection, None) == 0
        connection.execute("update hub.dossier set ended_at = now() - interval '3651 days' where code = %s", (CLOSED,))
        assert forget_snapshots(connection, None) == 1
        assert forget_snapshots(connection, None) == 0
    ((answer, people, choices, outcomes),) = hub.rows("select answer, people, choices, outcomes from hub.prefill_snapshot where id = %s", number)  # fmt: skip
    assert (answer, people, choices) == (None, None, None)
    assert outcomes, "statuses stay, for statistics"
    assert "SNAPSHOT_FORGOTTEN" in command(capsys, "snapshots", "rerun", str(number), fails=True)


def test_values_are_forgotten_earlier_if_the_operator_says_so(hub: SnapshotHub) -> None:
    with psycopg.connect(hub.database) as connection:
        connection.execute("update hub.dossier set ended_at = now() - interval '8 days' where code = %s", (DOSSIER,))
        assert forget_snapshots(connection, 9) == 0
        assert forget_snapshots(connection, 7) > 0
        connection.rollback()


def test_sealed_people_are_checked_again(hub: SnapshotHub, postgres_server: EmbeddedServer) -> None:
    kept = hub.keep(SEALED)
    hub.rows("insert into hub.sealed_subject (entity, subject_id, ground, sealed_by) values ('Citizen', %s, 'COURT_ORDER', 'x')", hub.buyer[0])  # fmt: skip
    with serve(postgres_server) as url:  # another process, which knows of the seal at once
        fresh = SnapshotHub(url, hub.database, hub.seller, hub.buyer)
        assert fresh.code(READ, {"id": kept["id"]}, dossier=SEALED) == "SUBJECT_SEALED"
        assert fresh.code(RERUN, {"id": kept["id"]}, dossier=SEALED) == "SUBJECT_SEALED"
        again = fresh.keep(SEALED)
        read = fresh.data(READ, {"id": again["id"]}, dossier=SEALED)
    sealed = [one for one in read["prefill"]["answers"] if one["requirement"]["code"] == "transferee_name"]
    assert [(one["status"], one["values"]) for one in sealed] == [("UNAVAILABLE", [])]
    assert hub.buyer[0] not in [number for _, number in hub.rows("select people from hub.prefill_snapshot where id = %s", number_of(hub, again))[0][0]]  # fmt: skip
    hub.rows("delete from hub.sealed_subject")


def test_who_was_merged_since_is_looked_for_too(hub: SnapshotHub) -> None:
    with psycopg.connect(hub.database) as connection:
        connection.execute("delete from link.heir")
        connection.execute("insert into link.heir values (%s, %s, 'Citizen', now())", (hub.seller[0], hub.buyer[0]))
        found = find_people_now(connection, [["Citizen", hub.seller[0]], ["Parcel", hub.seller[0]]])
        assert found == {("Citizen", hub.seller[0]), ("Citizen", hub.buyer[0]), ("Parcel", hub.seller[0])}
        connection.rollback()


def test_a_receipt_says_where_everything_is_from_and_no_value(
    hub: SnapshotHub,
    postgres_server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert get_receipt(hub, "an", RECEIPT).status_code == 404, "nothing is kept yet"
    kept = hub.keep(RECEIPT)
    page = get_receipt(hub, "an", RECEIPT)
    assert page.status_code == 200, page.text
    assert (page.headers["cache-control"], page.headers["content-type"]) == ("no-store", "text/html; charset=utf-8")
    assert "script" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    for words in (
        RECEIPT,
        kept["digest"],
        "Họ và tên bên chuyển nhượng",
        "Nghị quyết 66.7/2025/NQ-CP",
        "chưa được ký số",
    ):
        assert words in page.text, words
    names = hub.rows(
        "select full_name, personal_id from data.citizen where id = any(%s)", [hub.seller[0], hub.buyer[0]]
    )
    assert not [value for row in names for value in row if value in page.text], "nobody is named"
    check_pdf(get_receipt(hub, "an", RECEIPT, form=".pdf"), kept["digest"], [value for row in names for value in row])
    assert get_receipt(hub, "binh", RECEIPT).status_code == 404, "another office"
    assert get_receipt(hub, "binh", RECEIPT, form=".pdf").status_code == 404
    assert get_receipt(hub, None, RECEIPT).status_code == 401
    assert get_receipt(hub, "an", "022199876543").json()["errors"][0]["extensions"]["code"] == "DOSSIER_UNKNOWN"
    ended = hub.data(END, {"input": {"code": RECEIPT, "outcome": "WITHDRAWN", "reason": "rút"}})
    (dependent,) = ended["passedOn"]
    assert dependent == {
        "code": "tax-obligation",
        "way": "ALARM",
        "receivers": 0,
        "name": {"en": "Tax obligation of the transfer"},
    }
    assert get_receipt(hub, "an", RECEIPT).text == page.text, "also when the dossier has ended, and the same each time"
    ((read,),) = hub.rows(
        "select count(*) from ledger.operation where convert_from(paths, 'UTF8') like '%%\"receipt\"%%'"
    )
    assert read == 1, "the page and the PDF read the same"
    check_signed_receipt(hub, tmp_path, monkeypatch, capsys)


def check_signed_receipt(
    hub: SnapshotHub, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A receipt that the command line writes with a key is verified with its public key, and not if it was changed."""
    monkeypatch.setenv("HUB_DATABASE_URL", hub.database)
    monkeypatch.setenv("HUB_RECEIPT_SIGNING_KEY", str(folder / "key.pem"))
    create_signing_key(folder / "key.pem")
    create_signing_key(folder / "other.pem")
    file = folder / "receipt.html"
    command(capsys, "snapshots", "receipt", RECEIPT, "--to", str(file))
    command(capsys, "snapshots", "receipt", RECEIPT, "--to", str(file), fails=True)
    keys = ("--key", str(folder / "other.pem.pub"), "--key", str(folder / "key.pem.pub"))
    assert "the page shows the signed data" in command(capsys, "snapshots", "verify", str(file), *keys)
    assert "RECEIPT_INVALID" in command(capsys, "snapshots", "verify", str(file), *keys[:2], fails=True)
    for before, after in (("Giấy tờ không phải nộp", "Giấy tờ phải nộp"), ('"count":1', '"count":2')):
        text = file.read_text(encoding="utf-8")
        escaped = before.replace('"', "&quot;")
        assert escaped in text
        changed = folder / "changed.html"
        changed.write_text(text.replace(escaped, after.replace('"', "&quot;"), 1), encoding="utf-8")
        assert "RECEIPT_INVALID" in command(capsys, "snapshots", "verify", str(changed), *keys, fails=True)
    check_signed_pdf(folder, keys, capsys)
    # Another version shows receipts otherwise: what this one wrote is still checked, by the signature over the file.
    with monkeypatch.context() as patch:
        patch.setattr("hub.snapshots.receipt_page.PAGE", "<!doctype html>{content}")
        patch.setattr("hub.snapshots.receipt_pdf.MARGIN", 40)
        for written in (file, folder / "receipt.pdf"):
            assert "signed by" in command(capsys, "snapshots", "verify", str(written), *keys)
        # A version before signed the content alone: such a file is rendered again, and has to be the same.
        older = folder / "older.html"
        older.write_bytes(re.sub(rb'\n<pre id="file-signature">.*</pre>', b"", file.read_bytes()))
        assert "no signature of its own" in command(capsys, "snapshots", "verify", str(older), *keys, fails=True)
    assert "the page shows the signed data" in command(capsys, "snapshots", "verify", str(older), *keys)
    check_evidence(hub, folder, capsys)


def check_pdf(answer: httpx2.Response, digest: str, values: list[str]) -> None:
    """The PDF says what the page says, with the letters of Vietnamese, and names nobody."""
    assert answer.status_code == 200, answer.text
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == ("no-store", "application/pdf")
    assert f'filename="{RECEIPT}.pdf"' in answer.headers["content-disposition"]
    text = " ".join(read_pdf_text(answer.content).split())
    for words in (RECEIPT, digest, "Họ và tên bên chuyển nhượng", "Nghị quyết 66.7/2025/NQ-CP", "chưa được ký số"):
        assert words in text, words
    assert not [value for value in values if value in text], "nobody is named"


def check_signed_pdf(folder: Path, keys: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    file, changed = folder / "receipt.pdf", folder / "changed.pdf"
    command(capsys, "snapshots", "receipt", RECEIPT, "--to", str(file))
    assert "the page shows the signed data" in command(capsys, "snapshots", "verify", str(file), *keys)
    assert "RECEIPT_INVALID" in command(capsys, "snapshots", "verify", str(file), *keys[:2], fails=True)
    changed.write_bytes(file.read_bytes().replace(b"/A4", b"/A5").replace(b"841.8898", b"840.8898"))
    assert changed.read_bytes() != file.read_bytes()
    assert "RECEIPT_INVALID" in command(capsys, "snapshots", "verify", str(changed), *keys, fails=True)


def check_evidence(hub: SnapshotHub, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Evidence of the same snapshot, with the same key: exported in both forms, in the ledger, and refused once somebody is sealed."""
    ((number,),) = hub.rows(
        "select max(s.id) from hub.prefill_snapshot s join hub.dossier d on d.id = s.dossier_id where d.code = %s",
        RECEIPT,
    )
    ((name,),) = hub.rows("select full_name from data.citizen where id = %s", hub.seller[0])
    written = "select count(*) from ledger.record"
    ((before,),) = hub.rows(written)
    for form in ("json", "sd-jwt"):
        file = folder / f"name.{form}"
        export = ("evidence", "export", str(number), "transferor_name", "--form", form)
        said = command(capsys, *export, "--to", str(file))
        command(capsys, *export, "--to", str(file), fails=True)
        assert file.stat().st_mode & 0o077 == 0
        told = command(capsys, "evidence", "verify", str(file), "--key", str(folder / "key.pem.pub"))
        assert "population said transferor_name" in told
        assert "1 values disclosed" in told
        assert name not in said + told
        command(capsys, "evidence", "verify", str(file), "--key", str(folder / "other.pem.pub"), fails=True)
    assert name in (folder / "name.json").read_text(encoding="utf-8")
    ((after,),) = hub.rows(written)
    assert after - before >= 8, (
        "four exports, of two people at least: two failed at the file, after they were written down"
    )
    assert (after - before) % 4 == 0
    command(capsys, "evidence", "export", str(number), "contract", "--to", str(folder / "none"), fails=True)
    seal_subject_of(
        hub,
        "insert into hub.sealed_subject (entity, subject_id, ground, sealed_by) values ('Citizen', %s, 'ADOPTION', 'x')",
    )
    refused = command(capsys, *export, "--to", str(folder / "sealed"), fails=True)
    seal_subject_of(hub, "delete from hub.sealed_subject where entity = 'Citizen' and subject_id = %s")
    assert "sealed or restricted" in refused
    assert not (folder / "sealed").exists()
    assert not (folder / "none").exists()
    assert hub.rows(written)[0][0] == after


EVIDENCE = """query ($requirement: String!, $form: EvidenceForm! = JWS, $snapshot: ID) {
    registerEvidence(requirement: $requirement, form: $form, snapshot: $snapshot) { text mediaType keyId registers snapshotId } }"""


def test_a_client_under_the_dossier_gets_signed_evidence(
    hub: SnapshotHub, postgres_server: EmbeddedServer, tmp_path: Path
) -> None:
    """Both forms verify offline and name the same values; each is in the ledger; guesses, sealed people and other dossiers are refused."""
    key = create_signing_key(tmp_path / "key.pem")
    wanted = {"requirement": "transferor_name"}
    ((name,),) = hub.rows("select full_name from data.citizen where id = %s", hub.seller[0])
    kept = hub.keep()
    assert hub.code(EVIDENCE, wanted, dossier=DOSSIER) == "EVIDENCE_REFUSED", "the hub has no key"
    with serve(postgres_server, receipt_signing_key=tmp_path / "key.pem") as url:
        signing = replace(hub, url=url)
        for form, media_type in (("JWS", "application/json"), ("SD_JWT_VC", "application/dc+sd-jwt")):
            made = signing.data(EVIDENCE, {**wanted, "form": form}, dossier=DOSSIER)
            assert (made["mediaType"], made["keyId"], made["registers"]) == (media_type, key.id, ["population"])
            assert made["snapshotId"] == kept["id"], "the newest"
            signer, content = verify_evidence(made["text"].encode(), {key.id: key.public})
            assert (signer, [value["text"] for value in content["values"]]) == (key.id, [name])
        assert signing.data(EVIDENCE, {**wanted, "snapshot": kept["id"]}, dossier=DOSSIER)
        assert signing.code(EVIDENCE, {"requirement": "contract"}, dossier=DOSSIER) == "EVIDENCE_REFUSED"
        assert signing.code(EVIDENCE, wanted) == "DOSSIER_NEEDED"
        assert signing.code(EVIDENCE, wanted, dossier=DOSSIER, who="binh") == "DOSSIER_UNKNOWN"
        assert signing.code(EVIDENCE, {**wanted, "snapshot": kept["id"]}, dossier=SECOND) == "SNAPSHOT_UNKNOWN"
        assert signing.code(EVIDENCE, {**wanted, "snapshot": "x"}, dossier=DOSSIER) == "SNAPSHOT_UNKNOWN"
        ((number, answer),) = hub.rows("select id, answer from hub.prefill_snapshot where digest = %s", bytes.fromhex(kept["digest"]))  # fmt: skip
        guessed = orjson.loads(answer)
        for one in guessed["answers"]:
            if one["requirement"]["code"] == "transferor_name":
                one["values"][0]["linkStatus"] = "UNCONFIRMED"
        for text in (orjson.dumps(guessed, option=orjson.OPT_SORT_KEYS), answer):
            digest = hashlib.sha256(text).digest()
            hub.rows("update hub.prefill_snapshot set answer = %s, digest = %s where id = %s", text, digest, number)
            if text != answer:
                assert signing.code(EVIDENCE, wanted, dossier=DOSSIER) == "EVIDENCE_REFUSED", "a guess is no evidence"
    seal_subject_of(hub, "insert into hub.sealed_subject (entity, subject_id, ground, sealed_by) values ('Citizen', %s, 'ADOPTION', 'x')")  # fmt: skip
    with serve(postgres_server, receipt_signing_key=tmp_path / "key.pem") as url:
        assert replace(hub, url=url).code(EVIDENCE, wanted, dossier=DOSSIER) == "SUBJECT_SEALED"
    seal_subject_of(hub, "delete from hub.sealed_subject where entity = 'Citizen' and subject_id = %s")
    ledger = Ledger(hub.database)
    reads = ledger.bodies(dossier=DOSSIER, kind="READ", outcome="ANSWERED")
    answered = [body for body in reads if "evidence" in ledger.paths(body["operation"])]
    assert len(answered) == 3
    assert all(len(body["subjects"]) >= 2 for body in answered)


def seal_subject_of(hub: SnapshotHub, statement: str) -> None:
    with psycopg.connect(hub.database, autocommit=True) as connection:
        connection.execute(statement, (hub.buyer[0],))


def test_a_paper_is_asked_for_only_if_the_hub_says_that_it_is_not_held(
    hub: SnapshotHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(requirement: str, role: str | None = None, dossier: str = PAPERS) -> dict[str, Any]:
        return hub.ask(PAPER, {"input": {"requirement": requirement, "role": role}}, dossier=dossier)

    def code(answer: dict[str, Any]) -> str:
        return str(answer["errors"][0]["extensions"]["code"])

    assert code(ask("contract")) == "SNAPSHOT_NEEDED"
    kept = hub.keep(PAPERS)
    allowed = ask("contract")["data"]["requestPaper"]["request"]
    assert (allowed["status"], allowed["reasons"]) == ("ASKED_OF_CITIZEN", ["ONLY_THE_CITIZEN_KNOWS"])
    assert allowed["snapshotId"] == kept["id"]
    assert code(ask("transferor_name")) == "VALUE_HELD"
    assert code(ask("transferor_name", "transferor")) == "VALUE_HELD"
    assert code(ask("transferor_name", "transferee")) == "REQUIREMENT_UNKNOWN"
    assert code(ask("sổ đỏ")) == "REQUIREMENT_UNKNOWN"
    assert code(hub.ask(PAPER, {"input": {"requirement": "contract"}})) == "DOSSIER_NEEDED"
    hub.rows("update hub.prefill_snapshot set at = at - interval '25 hours' where id = %s", number_of(hub, kept))
    assert code(ask("contract")) == "SNAPSHOT_NEEDED"
    monkeypatch.setenv("HUB_DATABASE_URL", hub.database)
    (found,) = json.loads(command(capsys, "procedures", "stats", "land-right-transfer", "--json"))
    requirements = found["requirements"]
    assert (requirements["transferor_name"]["papersRefused"], requirements["contract"]["papersGranted"]) == (2, 1)
    assert requirements["contract"]["notHeld"] == {"ASKED_OF_CITIZEN: ONLY_THE_CITIZEN_KNOWS": found["dossiers"]}
    for one in (*requirements.values(), found["total"]):
        assert one["answers"] == one["held"] + sum(one["notHeld"].values())
        assert one["shareHeld"] == (round(one["held"] / one["answers"], 4) if one["answers"] else None)
    assert requirements["transferor_name"]["answers"] == found["dossiers"], "each dossier once, by its newest snapshot"
    assert requirements["transferor_name"]["held"] >= 1
    assert found["snapshots"] >= found["dossiers"]
    monkeypatch.setattr(OUT, "width", 400)
    table = command(capsys, "procedures", "stats")
    assert "Chuyển nhượng quyền sử dụng đất (land-right-transfer)" in table
    assert "Họ và tên bên chuyển nhượng" in table
    assert "transferor_name" not in table
    assert "ASKED_OF_CITIZEN" not in table
    assert "Tất cả" in table
    english = command(capsys, "procedures", "stats", "--lang", "en")
    assert "Name of the transferor" in english
    assert json.loads(command(capsys, "procedures", "stats", "tax-clearance", "--json")) == []


def test_statistics_are_read_under_their_purpose_and_tell_of_no_single_dossier(hub: SnapshotHub) -> None:
    hub.keep()
    asked = (Path(__file__).parents[3] / "schema/purposes/statistics/procedures.graphql").read_text(encoding="utf-8")
    found = hub.data(asked, who="dung", purpose="statistics")
    assert [one["procedure"] for one in found] == ["land-right-transfer"]
    assert found[0]["dossiers"] == 0, "fewer than ten"
    assert all(one["answers"] % 10 == 0 for one in found[0]["requirements"])
    assert any(one["shareHeld"] is None for one in found[0]["requirements"])
    assert hub.data(asked, {"procedure": "birth-residence-health-card"}, who="dung", purpose="statistics") == []
    assert hub.code(asked, {"procedure": "none"}, who="dung", purpose="statistics") == "UNKNOWN_PROCEDURE"
    assert hub.code(asked) == hub.code(asked, dossier=DOSSIER) == "FORBIDDEN_FIELD"


def test_the_copy_of_a_person_says_how_many_answers_are_kept(
    hub: SnapshotHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", hub.database)
    monkeypatch.setattr("sys.stdin", io.StringIO(hub.seller[1] + "\n"))
    hub.keep(SECOND)
    copy = tmp_path / "copy.json"
    command(capsys, "subjects", "export", "--personal-id", "-", "--to", str(copy))
    (kept,) = hub.rows("select count(*) from hub.prefill_snapshot s join hub.dossier d on d.id = s.dossier_id where d.code = %s", SECOND)  # fmt: skip
    dossiers = {one["code"]: one for one in json.loads(copy.read_text(encoding="utf-8"))["dossiers"]}
    assert dossiers[SECOND]["snapshots"] == kept[0] > 0


def test_nothing_is_kept_if_it_cannot_be_written_down(hub: SnapshotHub) -> None:
    def count() -> list[Any]:
        return hub.rows("select count(*) from hub.prefill_snapshot")

    before = count()
    hub.rows("revoke insert on ledger.record from hub_ledger")
    assert hub.code(KEEP, {"input": {}}, dossier=SECOND) == "LEDGER_UNAVAILABLE"
    assert get_receipt(hub, "an", RECEIPT).status_code == 503
    assert count() == before
    hub.rows("grant insert on ledger.record to hub_ledger")


def get_receipt(hub: SnapshotHub, who: str | None, code: str, *, form: str = "") -> httpx2.Response:
    identity = ISSUER.find_identity(who) if who else None
    sent = {"authorization": f"Bearer {ISSUER.sign_token(identity)}"} if identity else {}
    return httpx2.get(f"{hub.url}/dossiers/{code}/receipt{form}", headers=sent, timeout=30)


def read_pdf_text(file: bytes) -> str:
    with pypdfium2.PdfDocument(file) as document:
        return " ".join(document[number].get_textpage().get_text_range() for number in range(len(document)))


def command(capsys: pytest.CaptureFixture[str], *words: str, fails: bool = False) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(words)
    printed = capsys.readouterr()
    assert bool(left.value.code) is fails, printed
    return printed.out + printed.err
