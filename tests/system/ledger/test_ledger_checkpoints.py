"""Checkpoints of a ledger that is written to: when they are made, by whom, what they have, and what witnesses get."""

import asyncio
import http.server
import json
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints.checkpointer import Checkpointer
from hub.ledger.checkpoints.document import SIGNED_PREFIX, Checkpoint, CheckpointKind, decode_head
from hub.ledger.checkpoints.merkle import merkle_root
from hub.ledger.checkpoints.signing_keys import create_signing_key, is_signed_by, load_public_keys
from hub.ledger.keeper import LedgerKeeper, check_witness_file, make_keeper
from hub.ledger.verify.checkpoint_chain import TrustedKeys
from hub.ledger.verify.database_source import DatabaseSource
from hub.ledger.verify.verify import VerifyOptions, verify_ledger
from hub.ledger.witnesses.file_witness import FileWitness, read_last_line, read_lines
from hub.ledger.witnesses.timestamp_witness import check_token, load_roots
from hub.ledger.writing.writer import LedgerWriter, utc_now
from hub.settings import Settings, load_settings
from tests.system.ledger.test_ledger_faults import Store, abandon, entry, store

__all__ = ["store"]


def list_checkpoints(store: Store) -> list[Checkpoint]:
    rows = store.run("select number, document, heads, signature from ledger.checkpoint order by number")
    return [Checkpoint(*row) for row in rows]


@asynccontextmanager
async def kept(
    store: Store, settings: Settings, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[tuple[LedgerWriter, LedgerKeeper]]:
    """A writer and a keeper, as a server process has them, ended in order."""
    writer, keeper = LedgerWriter(store.writer, "test", clock=clock), make_keeper(settings, store.writer)
    keeper.checkpointer._clock = clock
    writer.on_append = keeper.checkpointer.note_appended
    await writer.open()
    keeper.open()
    try:
        yield writer, keeper
    finally:
        await writer.close()
        await keeper.close()


def write(store: Store, settings: Settings, count: int, clock: Callable[[], datetime] = utc_now) -> None:
    """So many records, and a checkpoint of them and of the chain's end."""

    async def run() -> None:
        async with kept(store, settings, clock) as (writer, keeper):
            await asyncio.gather(*(writer.commit(entry(f"request-{n}")) for n in range(count)))
            await keeper.checkpointer.wait_for_checkpoint(10)

    asyncio.run(run())


def test_checkpoints_are_linked_signed_and_have_the_heads(store: Store, tmp_path: Path) -> None:
    key = create_signing_key(tmp_path / "key.pem")
    write(store, load_settings(ledger_signing_key=tmp_path / "key.pem"), 5)
    made = list_checkpoints(store)
    assert [one.number for one in made] == list(range(len(made)))
    assert made[0].body["kind"] == CheckpointKind.KEY
    assert made[0].body["details"]["public"] == key.public.hex()
    previous = bytes(32)
    for one in made:
        assert bytes.fromhex(one.body["previous"]) == previous
        assert one.signature is not None
        assert is_signed_by(key.public, SIGNED_PREFIX + one.document, one.signature)
        assert merkle_root(one.leaves).hex() == one.body["root"]
        previous = one.hash
    ((epoch, number, digest),) = store.run("select epoch, number, hash from ledger.record order by number desc limit 1")
    (last,) = (decode_head(leaf) for leaf in made[-1].leaves)
    assert (last.epoch, last.number, last.hash) == (epoch, number, digest), "the end of the chain is covered"
    assert store.run("select count(*) from ledger.epoch where not covered") == [(0,)]


HIDES = {
    "covered": "update ledger.epoch set covered = true",
    "deleted": "delete from ledger.epoch",
    "in another month": "update ledger.epoch set month = '2020-01-01'",
    "cut": "delete from ledger.record where number > 2",
    "edited": "update ledger.record set hash = sha256(hash)",
}
"""What whoever owns the tables can do so that the index of chains hides the end of one."""
ALARMS = "select details from hub.alarm where kind = 'LEDGER_NOT_COVERED'"


async def wait_for(condition: Callable[[], object]) -> None:
    for _ in range(300):
        if condition():
            return
        await asyncio.sleep(0.1)
    pytest.fail("it did not come")


@pytest.mark.parametrize("how", HIDES)
def test_a_process_covers_its_own_chain_whatever_the_index_of_chains_says(store: Store, how: str) -> None:
    last: tuple[int, bytes] | None = None

    async def run() -> None:
        nonlocal last
        async with kept(store, load_settings()) as (writer, keeper):
            await asyncio.gather(*(writer.commit(entry(f"before-{n}")) for n in range(5)))
            await keeper.checkpointer.wait_for_checkpoint(10)
            if how not in ("cut", "edited"):
                store.run(HIDES[how])
            await asyncio.gather(*(writer.commit(entry(f"after-{n}")) for n in range(50)))
            if how in ("cut", "edited"):
                store.run(HIDES[how])
            assert writer.epoch is not None
            chain = writer.epoch.chain
            last = (chain.number - 1, chain.previous)
            await wait_for(lambda: store.run(ALARMS))
            # The writer dies: nothing is ended in order.
            await writer._drop()

    asyncio.run(run())
    heads = {(one.number, one.hash) for made in list_checkpoints(store) for one in map(decode_head, made.leaves)}
    assert last in heads
    ((details,),) = store.run(ALARMS)
    assert (details["committed"] <= last[0], details["found"] != details["committed"] or how == "edited") == (
        True,
        True,
    )


def test_an_end_that_was_hidden_and_cut_off_is_found(store: Store, tmp_path: Path) -> None:
    """A chain is marked as covered, written on, and cut when its writer is gone, so that all tables fit together."""
    create_signing_key(tmp_path / "key.pem")
    settings = load_settings(ledger_signing_key=tmp_path / "key.pem")

    async def run() -> None:
        async with kept(store, settings) as (writer, keeper):
            await asyncio.gather(*(writer.commit(entry(f"before-{n}")) for n in range(5)))
            await keeper.checkpointer.wait_for_checkpoint(10)
            store.run("update ledger.epoch set covered = true")
            await asyncio.gather(*(writer.commit(entry(f"after-{n}")) for n in range(50)))
            await wait_for(lambda: store.run(ALARMS))
            await abandon(store, writer)
        store.run("delete from ledger.record where number > 5; update ledger.epoch set covered = false")
        async with kept(store, settings) as (writer, keeper):
            await writer.commit(entry("next"))
            await keeper.checkpointer.wait_for_checkpoint(10)

    asyncio.run(run())
    source = DatabaseSource(store.owner)
    found = verify_ledger(source, VerifyOptions(TrustedKeys(load_public_keys([tmp_path / "key.pem.pub"]))))
    source.close()
    assert "TAIL_MISSING" in found.counts, found.findings


def test_a_process_raises_an_alarm_if_the_checkpoints_of_another_leave_its_chain_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.ledger.checkpoints.checkpointer.COVERED_WITHIN_S", 2.0)

    async def run() -> None:
        async with kept(store, load_settings()) as (one, keeper):
            await one.commit(entry("one"))
            await keeper.checkpointer.wait_for_checkpoint(10)
            async with kept(store, load_settings()) as (other, waiting):
                for n in range(8):
                    await asyncio.gather(one.commit(entry(f"one-{n}")), other.commit(entry(f"other-{n}")))
                    await asyncio.sleep(0.5)
                assert not waiting.checkpointer.is_at_work
                assert store.run(ALARMS) == [], "a chain that is followed is not overdue"
                assert other.epoch is not None
                store.run(f"update ledger.epoch set covered = true where id = '{other.epoch.chain.epoch}'")
                await other.commit(entry("hidden"))
                await wait_for(lambda: store.run(ALARMS))
                ((details,),) = store.run(ALARMS)
                assert details["chain"] == str(other.epoch.chain.epoch)
                store.run(f"update ledger.epoch set covered = false where id = '{other.epoch.chain.epoch}'")

    asyncio.run(run())


def test_one_process_makes_them_and_another_takes_over(store: Store) -> None:
    async def run() -> None:
        settings = load_settings()
        async with kept(store, settings) as (one, keeper):
            await one.commit(entry("one"))
            await keeper.checkpointer.wait_for_checkpoint(10)
            async with kept(store, settings) as (other, waiting):
                await other.commit(entry("other"))
                await keeper.checkpointer.wait_for_checkpoint(10)
                assert keeper.checkpointer.is_at_work
                assert not waiting.checkpointer.is_at_work
                store.run(
                    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 7022020"
                )
                before = len(list_checkpoints(store))
                await other.commit(entry("after"))
                for _ in range(300):
                    if len(list_checkpoints(store)) > before:
                        break
                    await asyncio.sleep(0.1)
                else:
                    pytest.fail("nobody took over")

    asyncio.run(run())
    made = list_checkpoints(store)
    assert [one.number for one in made] == list(range(len(made)))
    assert any(len(one.leaves) == 2 for one in made), "the heads of both processes are in one root"


def test_a_thousand_records_do_not_wait_for_the_second(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ledger.checkpoints.checkpointer.EVERY_S", 3600.0)

    async def run() -> None:
        async with kept(store, load_settings()) as (writer, keeper):
            await keeper.checkpointer.wait_for_checkpoint(30)
            before = len(list_checkpoints(store))
            await asyncio.gather(*(writer.commit(entry(f"request-{n}")) for n in range(1_000)))
            await keeper.checkpointer.wait_for_checkpoint(30)
            assert len(list_checkpoints(store)) == before + 1

    asyncio.run(run())


def test_silence_is_written_down_and_nothing_else(store: Store) -> None:
    start = datetime.now(UTC)
    now = [start]

    async def run() -> None:
        checkpointer = Checkpointer(store.writer, None, clock=lambda: now[0])
        for minutes in (0, 1, 9, 10, 15, 21):
            now[0] = start + timedelta(minutes=minutes)
            await checkpointer._take_turn()
        await checkpointer.close()

    asyncio.run(run())
    kinds = [(one.body["kind"], one.body["at"]) for one in list_checkpoints(store)]
    expected = [(start + timedelta(minutes=minutes)).isoformat(timespec="microseconds") for minutes in (0, 10, 21)]
    assert kinds == [("HEARTBEAT", at) for at in expected]


def test_a_month_is_closed_when_it_is_over(store: Store) -> None:
    start = datetime.now(UTC)
    write(store, load_settings(), 3, lambda: start)
    later = start + timedelta(days=32)

    async def run() -> None:
        checkpointer = Checkpointer(store.writer, None, clock=lambda: later)
        await checkpointer._take_turn()
        await checkpointer.close()

    asyncio.run(run())
    closing = [one for one in list_checkpoints(store) if one.body["kind"] == CheckpointKind.MONTH]
    assert [one.body["details"] for one in closing] == [{"month": start.date().replace(day=1).isoformat()}]
    assert len(closing[0].leaves) == 1


def test_a_new_key_is_introduced_by_the_old_one(store: Store, tmp_path: Path) -> None:
    old = create_signing_key(tmp_path / "old.pem")
    write(store, load_settings(ledger_signing_key=tmp_path / "old.pem"), 1)
    new = create_signing_key(tmp_path / "new.pem", endorsed_by=old)
    write(store, load_settings(ledger_signing_key=tmp_path / "new.pem"), 1)
    keys = [one.body["details"] for one in list_checkpoints(store) if one.body["kind"] == CheckpointKind.KEY]
    assert [(said["public"], said["after"]) for said in keys] == [(old.public.hex(), None), (new.public.hex(), old.id)]
    assert new.endorsement is not None
    assert keys[1]["endorsement"] == new.endorsement.signature.hex()


@dataclass
class Receiver:
    """A web service that keeps what is posted to it, while it is up."""

    url: str = ""
    lines: dict[bytes, None] = field(default_factory=dict)
    """In the order of their first delivery: a server that stops between a delivery and its note of it delivers again."""
    status: int = 204


@contextmanager
def receiving(answer: Callable[[bytes], bytes] | None = None) -> Iterator[Receiver]:
    """Serve a receiver; `answer` makes the body of an answer."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            body = answer(content) if answer and receiver.status < 300 else b""
            if receiver.status < 300 and not answer:
                receiver.lines |= dict.fromkeys(content.splitlines())
            self.send_response(200 if body else receiver.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield receiver
        server.shutdown()


def test_witnesses_get_every_checkpoint_in_order(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "witness.jsonl"
    with receiving() as receiver:
        settings = load_settings(ledger_witness_file=path, ledger_witness_url=receiver.url)
        write(store, settings, 2)
        write(store, settings, 2)
    made = [(one.number, one.document) for one in list_checkpoints(store)]
    assert [(one.number, one.document) for one in read_lines(path)] == made
    assert [json.loads(line)["document"].encode() for line in receiver.lines] == [document for _, document in made]
    delivered = store.run("select name, delivered from ledger.witness order by name")
    assert delivered == [("file", made[-1][0]), ("webhook", made[-1][0])]


def test_a_witness_that_is_down_stops_nothing_and_gets_the_rest_later(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.ledger.witnesses.delivery.ALARM_AFTER_S", 0.0)
    with receiving() as receiver:
        receiver.status = 503
        settings = load_settings(ledger_witness_url=receiver.url)
        write(store, settings, 3)
        assert len(store.requests()) == 3
        ((failing, reason),) = store.run("select failing_since is not null, reason from ledger.witness")
        assert (failing, reason) == (True, "HTTP 503")
        assert store.run("select kind, details from hub.alarm") == [
            ("WITNESS_UNAVAILABLE", {"witness": "webhook", "reason": "HTTP 503"})
        ]
        receiver.status = 204
        write(store, settings, 1)
        assert len(receiver.lines) == len(list_checkpoints(store))
    assert store.run("select failing_since, reason from ledger.witness") == [(None, None)]


def test_a_line_that_was_cut_off_is_not_lost(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "witness.jsonl"
    write(store, load_settings(), 1)
    made = list_checkpoints(store)
    asyncio.run(FileWitness(path).deliver(made[:1]))
    with path.open("ab") as file:
        file.write(b'{"document": "{')
    last = read_last_line(path)
    assert last is not None
    assert last.number == 0
    asyncio.run(FileWitness(path).deliver(made))
    assert [one.number for one in read_lines(path)] == [one.number for one in made]


TSA = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ts]
default_tsa = service
[service]
serial = {folder}/serial
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@pytest.fixture
def timestamp_service(tmp_path: Path) -> Callable[[bytes], bytes]:
    """A timestamp service of OpenSSL's: the answer to a request. Its root certificate is root.crt of the folder."""
    (tmp_path / "tsa.cnf").write_text(TSA.format(folder=tmp_path))
    (tmp_path / "serial").write_text("01\n")

    def run(*arguments: object) -> None:
        command = ["openssl", *map(str, arguments)]
        subprocess.run(command, check=True, timeout=60, capture_output=True, cwd=tmp_path)

    common = ("-newkey", "rsa:2048", "-nodes", "-config", "tsa.cnf", "-days", 30)
    run(
        "req",
        "-x509",
        *common,
        "-subj",
        "/CN=Test root",
        "-extensions",
        "root",
        "-keyout",
        "root.key",
        "-out",
        "root.crt",
    )
    run("req", *common[:5], "-subj", "/CN=Test TSA", "-keyout", "tsa.key", "-out", "tsa.csr")
    signed = ("-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "tsa.cnf", "-extensions", "tsa")
    run("x509", "-req", "-in", "tsa.csr", *signed, "-days", 30, "-out", "tsa.crt")

    def answer(request: bytes) -> bytes:
        (tmp_path / "request.tsq").write_bytes(request)
        run(
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-section",
            "service",
            "-queryfile",
            "request.tsq",
            "-out",
            "answer.tsr",
        )
        return (tmp_path / "answer.tsr").read_bytes()

    return answer


def test_a_timestamp_service_says_when(
    store: Store, tmp_path: Path, timestamp_service: Callable[[bytes], bytes]
) -> None:
    with receiving(timestamp_service) as service:
        write(store, load_settings(ledger_timestamp_url=service.url), 2)
    tokens = store.run(
        "select c.document, t.token from ledger.timestamp_token t join ledger.checkpoint c using (number)"
    )
    roots = load_roots((tmp_path / "root.crt").read_bytes())
    assert tokens, store.run("select reason from ledger.witness")
    for document, token in tokens:
        said = check_token(token, document, roots)
        assert said is not None
        assert abs(said - datetime.now(UTC)) < timedelta(minutes=5)
        assert check_token(token, document + b" ", roots) is None
        assert check_token(token[:-1], document, roots) is None
    with pytest.raises(HubMisconfigured):
        load_roots(b"nothing")


def test_an_answer_of_another_request_is_not_taken(store: Store, timestamp_service: Callable[[bytes], bytes]) -> None:
    answers: list[bytes] = []

    def replay(request: bytes) -> bytes:
        answers.append(timestamp_service(request) if not answers else answers[0])
        return answers[-1]

    with receiving(replay) as service:
        write(store, load_settings(ledger_timestamp_url=service.url), 1)
        write(store, load_settings(ledger_timestamp_url=service.url), 1)
    assert len(store.run("select number from ledger.timestamp_token")) == 1
    assert store.run("select failing_since is not null from ledger.witness") == [(True,)]


def test_a_restored_backup_is_found_by_the_witness_file(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "witness.jsonl"
    settings = load_settings(ledger_witness_file=path)
    check_witness_file(settings, store.writer)
    write(store, settings, 2)
    check_witness_file(settings, store.writer)
    store.run("delete from ledger.checkpoint where number = (select max(number) from ledger.checkpoint)")
    with pytest.raises(HubMisconfigured, match="a backup was restored, or the ledger was cut") as refused:
        check_witness_file(settings, store.writer)
    assert refused.value.code == "LEDGER_BEHIND_WITNESS"


def test_the_writer_cannot_change_a_checkpoint(store: Store) -> None:
    write(store, load_settings(), 1)
    with psycopg.connect(store.writer, autocommit=True) as connection:
        for statement in (
            "update ledger.checkpoint set heads = ''",
            "delete from ledger.checkpoint",
            "truncate ledger.checkpoint",
            "delete from ledger.timestamp_token",
            "delete from ledger.epoch",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
