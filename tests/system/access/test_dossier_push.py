"""Dossiers pushed by a one-stop system: signatures, replays, versions, and what the hub's own mutations may then not do."""

import asyncio
import http.server
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from psycopg.conninfo import conninfo_to_dict

from hub.access.callers.principals import Role
from hub.access.dossiers.dossier_senders import (
    KeySetLocation,
    create_sender,
    read_key_set_location,
    read_public_key,
    revoke_sender,
)
from hub.access.dossiers.sender_keys import PublishedKeys
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.access.oidc.provider import REFETCH_S
from hub.errors import OperationRefused
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.roles import CLERK, READER
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from tests.doc_blocks import ROOT, blocks_of
from tests.serving import served
from tests.system.access.test_access import UNLIMITED
from tests.system.ledger.test_ledger import Ledger

OFFICE, OTHER_OFFICE = "06820@2025-07-01", "00097@2025-07-01"
SELLER, BUYER, THIRD = "022080000001", "022180000002", "022080000003"
KEY = OKPKey.generate_key("Ed25519")
PEM = KEY.as_pem(private=False).decode()
ISSUER = LocalIssuer(
    "127.0.0.1", (LocalIdentity("an", "An", frozenset({Role.OFFICER}), frozenset({OFFICE, OTHER_OFFICE})),)
)


@dataclass
class OneStop:
    """A served hub, its store, and a registered sender."""

    url: str
    database: str
    sender: str

    def send(
        self, body: Any, *, signature: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {
            "content-type": "application/json",
            "x-jws-signature": signature or self.sign(content),
            **(headers or {}),
        }
        return httpx2.post(f"{self.url}/dossiers", content=content, headers=sent, timeout=60)

    def sign(self, body: bytes, key: Any = KEY, **header: Any) -> str:
        given = {"alg": "Ed25519", "kid": self.sender, "iat": int(time.time()), "jti": str(uuid4()), **header}
        registry = JWSRegistry(algorithms=[given["alg"]], strict_check_header=False)
        return str(jws.detach_content(jws.serialize_compact(given, body, key, registry=registry)))

    def ask(self, query: str, variables: Any, **headers: str) -> httpx2.Response:
        identity = ISSUER.find_identity("an")
        assert identity is not None
        sent = {
            "authorization": f"Bearer {ISSUER.sign_token(identity)}",
            **{f"x-hub-{n}": v for n, v in headers.items()},
        }
        return httpx2.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, headers=sent, timeout=60
        )


def code_of(answer: httpx2.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


def subject(role: str, personal_id: str) -> dict[str, str]:
    return {"role": role, "kind": "Citizen", "field": "personal_id", "value": personal_id}


def transfer(code: str, **change: Any) -> dict[str, Any]:
    subjects = [subject("transferor", SELLER), subject("transferee", BUYER)]
    facts = {"code": code, "version": 1, "state": "OPEN", "purpose": "land-right-transfer", "office": OFFICE}
    return {**facts, "subjects": subjects, **change}


@pytest.fixture(scope="module")
def one_stop(module_database_url: str, postgres_server: EmbeddedServer) -> Iterator[OneStop]:
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        stream = connection.execute(
            "insert into hub.stream (connector, name) values ('population', 'citizens') returning id"
        ).fetchone()
        assert stream is not None
        for number, personal_id in enumerate((SELLER, BUYER, THIRD), 1):
            connection.execute(
                "insert into data.citizen (id, stream_id, source_key, run_id, row_digest, first_seen, sys_from, personal_id,"
                " full_name, full_name_key, birth_date) values (%s, %s, %s, 1, %s, now(), now(), %s, 'Lê Văn An',"
                " hub.name_key('Lê Văn An'), '1980')",
                (number, stream[0], personal_id, number, personal_id),
            )
        sender = create_sender(connection, "One-stop", PEM, (OFFICE,), 30)
    name = str(conninfo_to_dict(module_database_url)["dbname"])
    reader, clerk = (postgres_server.login_url(role, name) for role in (READER, CLERK))
    settings = load_settings(access="on", pushed_dossiers_only=True, **UNLIMITED)
    with served(create_app(settings, Logins(reader, clerk, module_database_url, reader), local_issuer=ISSUER)) as url:
        yield OneStop(url, module_database_url, sender)


READ = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName } }"


def test_a_pushed_dossier_is_read_under_and_ends_when_the_sender_ends_it(one_stop: OneStop) -> None:
    first, again = (one_stop.send(transfer("H49.12-251118-0001")) for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (201, "accepted"), first.text
    assert (again.status_code, again.json()["status"]) == (200, "known"), "the same version is signed and sent again"
    read = one_stop.ask(READ, {"personalId": SELLER}, dossier="H49.12-251118-0001")
    assert read.json()["data"]["citizen"]["fullName"] == "Lê Văn An"
    ended = one_stop.send(transfer("H49.12-251118-0001", version=2, state="CLOSED", subjects=[], reason="xong"))
    assert (ended.status_code, ended.json()["outcome"]) == (201, "CLOSED")
    assert code_of(one_stop.ask(READ, {"personalId": SELLER}, dossier="H49.12-251118-0001")) == "DOSSIER_ENDED"
    assert code_of(one_stop.send(transfer("H49.12-251118-0001", version=3))) == "DOSSIER_ENDED"


def test_a_snapshot_is_kept_of_a_dossier_that_its_sender_closes(one_stop: OneStop) -> None:
    """Once, of a dossier that is closed and not of one that is withdrawn; and what was read for it is in the ledger."""
    closed, withdrawn, refused = (f"H49.12-251118-06{n}" for n in ("01", "02", "03"))
    for code in (closed, withdrawn, refused):
        assert one_stop.send(transfer(code)).status_code == 201
    end = {"version": 2, "subjects": []}
    for _ in range(2):
        assert one_stop.send(transfer(closed, state="CLOSED", **end)).is_success
    assert one_stop.send(transfer(withdrawn, state="WITHDRAWN", **end)).is_success
    old = one_stop.send(transfer(refused, state="CLOSED", **end, purpose="detached-house-permit"))
    assert (old.status_code, code_of(old)) == (409, "DOSSIER_CHANGED")
    with psycopg.connect(one_stop.database) as connection:
        kept = connection.execute(
            "select d.code, s.occasion, s.kept_by, s.answer is not null from hub.prefill_snapshot s join hub.dossier d on d.id = s.dossier_id"
            " where d.code like 'H49.12-251118-06%%'"
        ).fetchall()
    assert kept == [(closed, "CLOSING", f"sender:{one_stop.sender}", True)]
    written = Ledger(one_stop.database).bodies(principal=f"sender:{one_stop.sender}", kind="READ")
    reads = [b for b in written if b["dossier"] in (closed, withdrawn, refused)]
    assert [(b["dossier"], b["purpose"], b["outcome"]) for b in reads] == [(closed, "land-right-transfer", "ANSWERED")]
    assert len(reads[0]["subjects"]) >= 2, "seller and buyer"


def test_what_is_not_signed_by_the_sender_is_refused(one_stop: OneStop) -> None:
    body = json.dumps(transfer("H49.12-251118-0002")).encode()
    good = one_stop.sign(body)
    with psycopg.connect(one_stop.database, autocommit=True) as connection:
        gone = create_sender(connection, "Gone", PEM, (OFFICE,), 30)
        revoke_sender(connection, gone)
    secret = OctKey.generate_key(256)
    head, _, tail = good.split(".")
    bad = {
        "another body": one_stop.sign(body + b" "),
        "another key": one_stop.sign(body, OKPKey.generate_key("Ed25519")),
        "another algorithm": one_stop.sign(body, ECKey.generate_key("P-256"), alg="ES256"),
        "a secret key": one_stop.sign(body, secret, alg="HS256"),
        "a key of its own": one_stop.sign(body, jwk=KEY.as_dict(private=False)),
        "a critical parameter": one_stop.sign(body, b64=True),
        "an unknown sender": one_stop.sign(body, kid="one-stop-aaaaaaaa"),
        "a revoked sender": one_stop.sign(body, kid=gone),
        "a strange sender": one_stop.sign(body, kid="' or true --"),
        "no jti": one_stop.sign(body, jti=""),
        "an instant in words": one_stop.sign(body, iat="now"),
        "a payload of its own": f"{head}.e30.{tail}",
        "no signature": f"{head}..",
        "no parts": "x",
        "too long": "x" * 3_000,
    }
    for what, signature in bad.items():
        answer = one_stop.send(body, signature=signature)
        assert (answer.status_code, code_of(answer)) == (401, "SIGNATURE_INVALID"), what
        assert SELLER not in answer.text
    for late_s in (-400, 400):
        late = one_stop.send(body, signature=one_stop.sign(body, iat=int(time.time()) + late_s))
        assert (late.status_code, code_of(late)) == (401, "TIMESTAMP_OUTSIDE_TOLERANCE")
    assert one_stop.send(body, signature=good).status_code == 201
    replay = one_stop.send(body, signature=good)
    assert (replay.status_code, code_of(replay)) == (401, "SIGNATURE_REPLAYED")


def test_versions_are_taken_in_order_and_once(one_stop: OneStop) -> None:
    code = "H49.12-251118-0003"
    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(lambda _: one_stop.send(transfer(code)).status_code, range(4)))
    assert answers == [200, 200, 200, 201]
    other = one_stop.send(transfer(code, expiresAt="2099-01-01T00:00:00Z"))
    assert (other.status_code, code_of(other)) == (409, "DOSSIER_VERSION_CONFLICT")
    assert (
        code_of(one_stop.send(transfer(code, version=2, subjects=[subject("transferor", SELLER)]))) == "DOSSIER_CHANGED"
    )
    assert code_of(one_stop.send(transfer(code, version=2, purpose="emergency"))) == "DOSSIER_CHANGED"
    assert one_stop.send(transfer(code, version=5)).status_code == 201
    assert code_of(one_stop.send(transfer(code, version=4))) == "DOSSIER_VERSION_OLD"


def test_a_later_version_adds_a_subject(one_stop: OneStop) -> None:
    code, one = "H49.12-251118-0004", [subject("person", SELLER)]
    assert one_stop.send(transfer(code, purpose="emergency", subjects=one)).status_code == 201
    assert code_of(one_stop.ask(READ, {"personalId": THIRD}, dossier=code)) == "NOT_A_SUBJECT"
    both = [*one, subject("person", THIRD)]
    assert one_stop.send(transfer(code, version=2, purpose="emergency", subjects=both)).status_code == 201
    assert one_stop.ask(READ, {"personalId": THIRD}, dossier=code).json()["data"]["citizen"]


def test_what_does_not_fit_is_refused_without_a_value(one_stop: OneStop) -> None:
    code = "H49.12-251118-0005"
    for change, expected in (
        ({"office": OTHER_OFFICE}, "OFFICE_FORBIDDEN"),
        ({"office": "x"}, "OFFICE_UNKNOWN"),
        ({"purpose": "identify"}, "FORBIDDEN"),
        ({"purpose": "none"}, "UNKNOWN_PURPOSE"),
        ({"purposeVersion": "0" * 64}, "PURPOSE_VERSION_OTHER"),
        ({"subjects": []}, "ROLE_MISSING"),
        ({"code": "1"}, "DOSSIER_CODE_INVALID"),
        ({"code": "KHANCAP-251118-0001"}, "DOSSIER_CODE_INVALID"),
        ({"state": "CLOSED"}, "DOSSIER_UNKNOWN"),
        ({"version": 0}, "BAD_USER_INPUT"),
        ({"strange": SELLER}, "BAD_USER_INPUT"),
        ({"expiresAt": "2000-01-01T00:00:00Z"}, "DOSSIER_EXPIRY_INVALID"),
    ):
        answer = one_stop.send({**transfer(code), **change})
        assert (answer.status_code, code_of(answer)) == (422, expected)
        assert SELLER not in answer.text
    assert code_of(one_stop.send(b"[")) == "BAD_USER_INPUT"
    assert one_stop.send(b" " * 64_001).status_code == 413
    assert one_stop.send(b"{}", headers={"content-type": "text/plain"}).status_code == 415
    with psycopg.connect(one_stop.database, autocommit=True) as connection:
        assert connection.execute("select count(*) from hub.dossier where code = %s", (code,)).fetchone() == (0,)


def test_nobody_opens_extends_or_ends_a_dossier_of_such_an_office_here(one_stop: OneStop) -> None:
    code = "H49.12-251118-0006"
    assert one_stop.send(transfer(code)).status_code == 201
    named = [
        {"role": "transferor", "subject": {"citizen": {"personalId": SELLER}}},
        {"role": "transferee", "subject": {"citizen": {"personalId": BUYER}}},
    ]
    opening = {"code": "H49.12-251118-0007", "purpose": "land-right-transfer", "office": OFFICE, "subjects": named}
    for name, kind, given in (
        ("openDossier", "OpenDossierInput", opening),
        ("addDossierSubjects", "AddDossierSubjectsInput", {"code": code, "subjects": named}),
        ("endDossier", "EndDossierInput", {"code": code, "outcome": "CLOSED", "reason": "xong"}),
    ):
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ dossier {{ code }} }} }}"
        assert code_of(one_stop.ask(query, {"input": given})) == "DOSSIER_PUSHED_ONLY", name
    query = "mutation ($input: OpenDossierInput!) { openDossier(input: $input) { dossier { code } } }"
    elsewhere = one_stop.ask(query, {"input": {**opening, "office": OTHER_OFFICE}}).json()
    assert elsewhere["data"]["openDossier"], "an office without a one-stop system goes on as before"
    taken = one_stop.send(transfer("H49.12-251118-0007"))
    assert (taken.status_code, code_of(taken)) == (409, "DOSSIER_EXISTS")


def test_the_example_of_the_docs_is_accepted(one_stop: OneStop, tmp_path: Path) -> None:
    (block,) = [b for b in blocks_of(ROOT / "docs" / "how-to" / "push-dossiers.md") if b.language == "python"]
    (tmp_path / "one-stop.pem").write_bytes(KEY.as_pem(private=True))
    program = re.sub(r"one-stop-[a-z2-7]{8}", one_stop.sender, block.text).replace(
        "http://127.0.0.1:8000", one_stop.url
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert json.loads(run.stdout)["status"] == "accepted", run.stderr


def test_keys_that_are_weak_private_or_none_are_not_registered() -> None:
    for key in (KEY, ECKey.generate_key("P-256"), RSAKey.generate_key(2_048)):
        algorithm, jwk = read_public_key(key.as_pem(private=False).decode())
        assert algorithm in ("Ed25519", "ES256", "RS256")
        assert "d" not in jwk
        with pytest.raises(OperationRefused, match="private"):
            read_public_key(key.as_pem(private=True).decode())
    for pem in (ECKey.generate_key("P-384").as_pem(private=False).decode(), "", "-----BEGIN PUBLIC KEY-----"):
        with pytest.raises(OperationRefused, match="cannot be used"):
            read_public_key(pem)


@contextmanager
def publishing(*keys: Any) -> Iterator[dict[str, Any]]:
    """An address where a sender publishes keys; the state says which, with what status, and how often it was asked."""
    state: dict[str, Any] = {"keys": list(keys), "status": 200, "asked": 0}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state["asked"] += 1
            body = json.dumps({"keys": [key.as_dict(private=False) for key in state["keys"]]}).encode()
            self.send_response(state["status"])
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state["url"] = f"http://127.0.0.1:{server.server_port}/jwks.json"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()


def test_a_sender_publishes_its_keys_and_changes_them(one_stop: OneStop) -> None:
    first, stranger = (ECKey.generate_key("P-256", {"kid": name, "use": "sig"}) for name in ("2026-11", "stranger"))
    with publishing(first) as state:
        with psycopg.connect(one_stop.database, autocommit=True) as connection:
            location = KeySetLocation(state["url"], "ES256")
            sender = create_sender(connection, "Publishes", location, (OFFICE,), 30)
        own = replace(one_stop, sender=sender)

        def send(number: int, key: Any = first, kid: str = "2026-11", alg: str = "ES256") -> httpx2.Response:
            body = json.dumps(transfer(f"H49.12-251118-{number}")).encode()
            return own.send(body, signature=own.sign(body, key, alg=alg, kid=f"{sender}/{kid}" if kid else sender))

        assert send(7001).status_code == 201
        assert send(7002).status_code == 201
        assert state["asked"] == 1, "keys are kept"
        for refused in (
            send(7003, stranger),
            send(7003, kid=""),
            send(7003, KEY, alg="Ed25519"),
            send(7003, stranger, "x"),
        ):
            assert (refused.status_code, code_of(refused)) == (401, "SIGNATURE_INVALID")
        assert state["asked"] == 1, "an invented key fetches nothing so soon"
        plain = json.dumps(transfer("H49.12-251118-7004")).encode()
        registered = one_stop.send(plain, signature=one_stop.sign(plain, kid=f"{one_stop.sender}/2026-11"))
        assert code_of(registered) == "SIGNATURE_INVALID", "a registered key is not looked for elsewhere"
    with publishing(first) as away:
        away["status"] = 500
        with psycopg.connect(one_stop.database, autocommit=True) as connection:
            sender = create_sender(connection, "Away", KeySetLocation(away["url"], "ES256"), (OFFICE,), 30)
        own = replace(one_stop, sender=sender)
        body = json.dumps(transfer("H49.12-251118-7005")).encode()
        answer = own.send(body, signature=own.sign(body, first, alg="ES256", kid=f"{sender}/2026-11"))
        assert (answer.status_code, code_of(answer)) == (503, "SENDER_KEYS_UNAVAILABLE")


def test_published_keys_are_fetched_again_for_an_unknown_key_and_no_sooner_than_said() -> None:
    old, new = (ECKey.generate_key("P-256", {"kid": name, "use": "sig"}) for name in ("old", "new"))
    now = [0.0]

    async def run(state: dict[str, Any]) -> None:
        keys = PublishedKeys(state["url"], clock=lambda: now[0])
        assert await keys.find_key("old", "ES256") is not None
        state["keys"] = [new]
        assert await keys.find_key("new", "ES256") is None, "anybody can invent an id"
        now[0] += REFETCH_S + 1
        assert await keys.find_key("new", "ES256") is not None
        assert await keys.find_key("old", "ES256") is None, "a key that was withdrawn is used no more"
        assert await keys.find_key("new", "Ed25519") is None
        await keys.close()

    with publishing(old) as state:
        asyncio.run(run(state))


@pytest.mark.parametrize(
    ("url", "algorithm"),
    [
        ("http://one-stop.example/jwks.json", "ES256"),
        ("https://me@one-stop.example/jwks.json", "ES256"),
        ("https://one-stop.example/" + "x" * 500, "ES256"),
        ("file:///etc/passwd", "ES256"),
        ("https://one-stop.example/jwks.json", "HS256"),
        ("https://one-stop.example/jwks.json", "none"),
    ],
)
def test_keys_are_looked_for_at_safe_addresses_only(url: str, algorithm: str) -> None:
    with pytest.raises(OperationRefused):
        read_key_set_location(KeySetLocation(url, algorithm))
