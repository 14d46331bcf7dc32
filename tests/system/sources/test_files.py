"""The files reader: formats, encodings and faults in a folder; SFTP on a real server; S3 on moto's."""

import gzip
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import paramiko
import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from hub.errors import HubError, HubMisconfigured, SourceUnavailable
from hub.ingest.read import open_reader
from hub.ingest.read.files import file_bytes
from hub.ingest.read.reader import ReadBatch, ReaderContext
from tests.system.reading import context, together
from tests.system.servers.sftp_server import PASSWORD, USER, SftpServer
from tests.system.servers.tcp_proxy import TcpProxy

SECRET = "Nguyễn Văn Kín"
OLD = 1_000_000_000
"""A time of writing long ago, so that no test waits for a second look."""


class Files:
    """A folder, and a reader of it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch
        patch.setenv("TRIAL_FOLDER", str(folder))
        self.source: dict[str, Any] = {
            "kind": "files",
            "folder": {"env": "TRIAL_FOLDER"},
            "attempts": 3,
            "timeout_s": 30,
        }

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (OLD, OLD))
        return path

    def context(
        self, files: str = "*", *, batch_rows: int = 1_000, taken: Any = frozenset(), **stream: Any
    ) -> ReaderContext:
        return context(self.source, {"files": files, "format": "csv", **stream}, batch_rows=batch_rows, taken=taken)

    def batches(self, files: str = "*", **stream: Any) -> list[ReadBatch]:
        reader = open_reader(self.context(files, **stream))
        try:
            return list(reader.read(None))
        finally:
            reader.close()

    def rows(self, files: str = "*", **stream: Any) -> list[dict[str, Any]]:
        return together(self.batches(files, **stream)).rows(named=True)

    def refused(self, files: str = "*", kind: type[HubError] = SourceUnavailable, **stream: Any) -> str:
        """What the reader says where it refuses; no more than it may."""
        with pytest.raises(kind) as raised:
            self.batches(files, **stream)
        text = str(raised.value)
        assert raised.value.next_step
        assert raised.value.__cause__ is None
        assert SECRET not in text
        assert PASSWORD not in text
        return text


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    folder = tmp_path / "files"
    folder.mkdir()
    return Files(folder, monkeypatch)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_bytes, "BLOCK_BYTES", 7)


def test_files_in_order_of_name(files: Files) -> None:
    files.write("b.csv", "id;ten\n3;C\n")
    files.write("a.csv", "id;ten\n1;A\n2;B")
    files.write("c.txt", "id;ten\n9;X\n")
    assert [row["id"] for row in files.rows("*.csv", delimiter=";")] == ["1", "2", "3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1258", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings(files: Files, small_blocks: None, encoding: str) -> None:
    name = "Trâm Ê đê ô" if encoding != "cp1252" else "Andrê Gûl"
    text = "id,tên\n" + "".join(f'{n},"{name}, {n}"\n' for n in range(40))
    text = text.replace("tên", "ten") if encoding == "cp1252" else text.replace("tên", "tê")
    files.write("a.csv", text.encode(encoding))
    rows = files.rows(encoding=encoding)
    assert [list(row.values()) for row in rows] == [[str(n), f"{name}, {n}"] for n in range(40)]


def test_decomposed_vietnamese_of_cp1258(files: Files) -> None:
    """Code page 1258 writes tones apart; the value types compose them, the reader leaves them."""
    files.write("a.csv", "id,ten\n1,Nguyê\u0303n\n".encode("cp1258"))
    assert files.rows(encoding="cp1258") == [{"id": "1", "ten": "Nguyê\u0303n"}]


def test_a_byte_order_mark_and_windows_lines(files: Files) -> None:
    files.write("a.csv", b'\xef\xbb\xbfid,ten\r\n1,"a\r\nb"\r\n2,\r\n')
    assert files.rows() == [{"id": "1", "ten": "a\r\nb"}, {"id": "2", "ten": None}]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("id,ten\n1,A\n2,B,C\n", "line 3"),
        ("id,ten\n1,A\n2\n3,C\n", "line 3"),
        ('id,ten\n1,"a\nb,"\n2\n3,C\n', "line 4"),
        ('id,ten\n1,"x, y"\n2,"z\n3,C\n4,D\n', "line 3"),
        (f"id,ten\n1,A\n2,{SECRET}\0\n", "line 3"),
        (f"id,ten\n1,A\n\n2,{SECRET},\n", "line 4"),
        (f'id,ten\n1,A\n2,"{SECRET}"x\n', "line 3"),
        ("id,id\n1,A\n", "line 1"),
        ("\nid,ten\n1,A\n", "line 1"),
    ],
)
def test_broken_csv_is_refused_by_line(files: Files, content: str, line: str) -> None:
    files.write("thue.csv", content)
    said = files.refused()
    assert "thue.csv" in said
    assert line in said


@pytest.mark.parametrize(
    ("encoding", "content", "line"),
    [
        ("utf-8", b"id,ten\n1,A\n2,\xc4\n", "line 3"),
        ("cp1258", b"id,ten\n1,A\n2,A\n3,\xd2\xd2\x8a\n", "line 4"),
        ("utf-16", "id,ten\n1,A\n".encode("utf-16") + b"\x00\xdc", "line 3"),
        ("ascii", "id,ten\n1,é\n".encode(), "line 2"),
    ],
)
def test_bytes_of_another_encoding_are_refused_by_line(
    files: Files, small_blocks: None, encoding: str, content: bytes, line: str
) -> None:
    files.write("thue.csv", content)
    said = files.refused(encoding=encoding)
    assert encoding in said
    assert line in said


def test_lines_without_anything_are_no_rows(files: Files) -> None:
    files.write("a.csv", 'id,ten\n\n1,A\n\n2,"B, b"\n3,\n\n')
    assert [row["id"] for row in files.rows()] == ["1", "2", "3"]
    files.write("a.csv", "id\n1\n\n2\n")
    assert [row["id"] for row in files.rows()] == ["1", "2"]


def test_a_header_alone_and_nothing_at_all(files: Files) -> None:
    files.write("a.csv", "id,ten\n")
    (batch,) = files.batches()
    assert (batch.frame.height, batch.frame.columns) == (0, ["id", "ten"])
    files.write("a.csv", "")
    assert "empty" in files.refused()


def test_quotes_that_are_text_and_lines_before_the_header(files: Files) -> None:
    files.write("a.csv", 'Cục thuế\n"Năm, 2026\nid|ten\n1|Quán "Bà Tí\n')
    assert files.rows(delimiter="|", quote=None, skip_rows=2) == [{"id": "1", "ten": 'Quán "Bà Tí'}]
    files.write("a.csv", "id|ten\n1|'a|b'\n")
    assert files.rows(delimiter="|", quote="'") == [{"id": "1", "ten": "a|b"}]


CELLS = st.text(st.sampled_from('ab,"\n\r đ;\t'), max_size=6)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12), block=st.integers(1, 40))
def test_what_csv_writes_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        files = Files(tmp_path_factory.mktemp("files"), patch)
        patch.setattr(file_bytes, "BLOCK_BYTES", block)
        quoted = ["id,b,c", *(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)]
        files.write("a.csv", "\n".join(quoted) + "\n")
        frame = together(files.batches(batch_rows=5))
        assert frame.rows() == rows


def test_batches_are_bounded(files: Files) -> None:
    files.write("a.csv", "id,ten\n" + "".join(f"{n},x\n" for n in range(2_500)))
    batches = files.batches(batch_rows=1_000)
    assert [batch.frame.height for batch in batches] == [1_000, 1_000, 500]


def test_packed_files(files: Files) -> None:
    files.write("a.csv.gz", gzip.compress(b"id,ten\n1,A\n"))
    assert files.rows() == [{"id": "1", "ten": "A"}]
    files.write("a.csv.gz", gzip.compress(b"id,ten\n1,A\n")[:-6])
    assert "gzip" in files.refused()
    files.write("a.csv.gz", b"id,ten\n")
    assert "gzip" in files.refused()
    files.write("a.csv.gz", gzip.compress(b"id,ten\n" + b"1,A\n" * 5_000_000))
    assert "max_file_bytes" in files.refused(max_file_bytes=1_000_000)


def test_json_lines(files: Files, small_blocks: None) -> None:
    files.write(
        "a.jsonl",
        '{"id": 12345678901234567890123, "so": 0.10, "o": {"a": {"b": true}}, "l": [1, 2]}\n\n'
        '{"id": "022", "so": 7, "o": null, "l": []}\n{"id": true, "moi": "x"}',
    )
    rows = files.rows(format="jsonl")
    assert [row["id"] for row in rows] == ["12345678901234567890123", "022", "true"]
    assert [row["so"] for row in rows] == ["0.10", "7", None]
    assert rows[0]["o.a.b"] == "true"
    assert [str(n) for n in rows[0]["l"]] == ["1", "2"]
    assert rows[2]["moi"] == "x"


def test_json_lines_of_one_block(files: Files) -> None:
    files.write(
        "a.jsonl", '{"id": 1, "so": 5, "t": "x"}\n{"id": 2, "so": 0.30, "t": 7}\n{"id": 3, "so": "", "t": true}\n'
    )
    assert files.rows(format="jsonl") == [
        {"id": "1", "so": "5", "t": "x"},
        {"id": "2", "so": "0.30", "t": "7"},
        {"id": "3", "so": "", "t": "true"},
    ]


@pytest.mark.parametrize("wrong", ['{"id": 1', "[1]", "null", f'{{"id": "{SECRET}" 2}}', '{"id": NaN}'])
def test_broken_json_lines_are_refused_by_line(files: Files, wrong: str) -> None:
    files.write("a.jsonl", f'{{"id": 1}}\n{{"id": 2}}\n{wrong}\n{{"id": 3}}\n')
    assert "line 3" in files.refused(format="jsonl")


def workbook(path: Path) -> None:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Hộ")
    day, moment = (book.add_format({"num_format": pattern}) for pattern in ("dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss"))
    sheet.write_row(0, 0, ["Bảng kê"])
    sheet.write_row(1, 0, ["id", "mot", "le", "ngay", "luc", "co", "ma"])
    sheet.write_row(2, 0, [22085001234, 1.0, 0.1])
    sheet.write_datetime(2, 3, datetime.fromisoformat("1990-02-03"), day)
    sheet.write_datetime(2, 4, datetime.fromisoformat("2026-01-02T03:04:05"), moment)
    sheet.write_boolean(2, 5, True)
    sheet.write_string(2, 6, "022085001234")
    sheet.write_row(4, 0, [123456789012345, 1250000.5, -7])
    book.add_worksheet("Khác").write_row(0, 0, ["id"])
    book.close()
    os.utime(path, (OLD, OLD))


def test_excel(files: Files) -> None:
    workbook(files.folder / "a.xlsx")
    first, second = files.rows(format="excel", sheet="Hộ", skip_rows=1)
    assert first == {
        "id": "22085001234",
        "mot": "1",
        "le": "0.1",
        "ngay": "1990-02-03",
        "luc": "2026-01-02 03:04:05",
        "co": "true",
        "ma": "022085001234",
    }
    assert (second["id"], second["mot"], second["le"]) == ("123456789012345", "1250000.5", "-7")
    (empty,) = files.batches(format="excel", sheet="Khác")
    assert (empty.frame.height, empty.frame.columns) == (0, ["id"])
    assert "Không có" in files.refused(format="excel", sheet="Không có")
    assert "max_file_bytes" in files.refused(format="excel", max_file_bytes=1_000)
    files.write("a.xlsx", SECRET * 100)
    assert "a.xlsx" in files.refused(format="excel")


def test_parquet(files: Files) -> None:
    frame = pl.DataFrame(
        {
            "id": [9007199254740993, None],
            "so": [Decimal("1.50"), None],
            "le": [0.1, 3.0],
            "ngay": [date(1990, 2, 3), None],
            "luc": pl.Series([datetime.fromisoformat("2026-01-02T03:04:05"), None]).dt.replace_time_zone(
                "Asia/Ho_Chi_Minh"
            ),
            "co": [True, None],
            "anh": [b"\x00\xff", None],
            "thua": [{"to": 1}, None],
            "ds": [[1, 2], None],
        }
    )
    frame.write_parquet(files.folder / "a.parquet")
    os.utime(files.folder / "a.parquet", (OLD, OLD))
    first, second = files.rows(format="parquet")
    assert datetime.fromisoformat(first.pop("luc")) == frame["luc"][0]
    assert first == {
        "id": "9007199254740993",
        "so": "1.50",
        "le": "0.1",
        "ngay": "1990-02-03",
        "co": "true",
        "anh": "00ff",
        "thua.to": "1",
        "ds": [1, 2],
    }
    assert second["le"] == "3"
    assert second["id"] is None
    frame.clear().write_parquet(files.folder / "a.parquet")
    assert files.batches(format="parquet")[0].frame.columns[0] == "id"
    files.write("a.parquet", SECRET * 100)
    assert "a.parquet" in files.refused(format="parquet")


INCREMENTAL = {"read": "incremental", "deletes": "none"}


def test_each_content_is_taken_once(files: Files) -> None:
    files.write("1.csv", "id,ten\n1,A\n")
    files.write("2.csv", "id,ten\n" + "".join(f"{n},B\n" for n in range(2, 5)))
    reader = open_reader(files.context(**INCREMENTAL))
    assert not reader.whole(None)
    batches = files.batches(batch_rows=2, **INCREMENTAL)
    assert [batch.commit for batch in batches] == [True, False, True]
    taken = [batch.taken for batch in batches if batch.taken]
    assert [(note.name, note.size) for note in taken] == [("1.csv", 11), ("2.csv", 19)]
    assert taken[0].digest == hashlib.sha256(b"id,ten\n1,A\n").hexdigest()
    known = frozenset(note.digest for note in taken)
    files.write("3.csv", "id,ten\n1,A\n")
    assert files.batches(taken=known, **INCREMENTAL) == []
    files.write("1.csv", "id,ten\n9,A\n")
    files.write("4.csv", "id,ten\n9,A\n")
    (again,) = files.batches(taken=known, **INCREMENTAL)
    assert again.frame["id"].to_list() == ["9"]


def test_nothing_yet_is_nothing_to_take_but_no_whole_list(files: Files) -> None:
    assert files.batches(**INCREMENTAL) == []
    assert "no file" in files.refused()
    files.patch.setenv("TRIAL_FOLDER", str(files.folder / "away"))
    assert "does not exist" in files.refused(**INCREMENTAL)


@pytest.mark.parametrize("name", ["b.csv.part", "b.csv.tmp", "b.csv.filepart"])
def test_a_file_that_is_being_sent_waits(files: Files, name: str) -> None:
    files.write("a.csv", "id,ten\n1,A\n")
    files.write(name, "id,ten\n2")
    assert [batch.frame.height for batch in files.batches(**INCREMENTAL)] == [1]
    assert "still being written" in files.refused()


def test_a_file_that_grows_between_two_looks_waits(files: Files) -> None:
    files.write("a.csv", "id,ten\n1,A\n")
    growing = files.folder / "b.csv"
    growing.write_text("id,ten\n")
    over = threading.Event()

    def grow() -> None:
        with growing.open("a") as file:
            while not over.wait(0.01):
                file.write("2,B\n")
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert [batch.frame["id"].to_list() for batch in files.batches(**INCREMENTAL)] == [["1"]]
        assert "b.csv is still being written" in files.refused()
    finally:
        over.set()
        writer.join()
    assert together(files.batches()).height > 1


def test_a_file_that_changes_while_it_is_read_is_refused(files: Files) -> None:
    path = files.write("a.csv", "id,ten\n" + "1,A\n" * 100)
    rows = open_reader(files.context(batch_rows=10)).read(None)
    next(rows)
    path.write_text("id,ten\n")
    with pytest.raises(SourceUnavailable, match="still being written"):
        list(rows)


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/*", "a/../../b", "..\\*.csv", ""])
def test_patterns_stay_in_the_folder(files: Files, pattern: str) -> None:
    (files.folder.parent / "b.csv").write_text("id\n1\n")
    files.refused(pattern, HubMisconfigured)


@pytest.mark.parametrize("encoding", ["utf-99", "rot13", "zlib"])
def test_encodings_that_are_none(files: Files, encoding: str) -> None:
    assert encoding in files.refused(kind=HubMisconfigured, encoding=encoding)


def test_beside_the_connectors(files: Files) -> None:
    files.write("a.csv", "id\n1\n")
    given = context(
        {"kind": "files", "beside": "files"},
        {"files": "*.csv", "format": "csv"},
        files.folder.parent / "connectors" / "trial",
    )
    assert together(open_reader(given).read(None)).rows() == [("1",)]


def test_a_file_url(files: Files) -> None:
    files.write("a.csv", "id\n1\n")
    files.patch.setenv("TRIAL_URL", f"file://{files.folder}")
    files.source = {"kind": "files", "url": {"env": "TRIAL_URL"}}
    assert files.rows() == [{"id": "1"}]
    for url in ("ftp://host/x", "memory://x", str(files.folder)):
        files.patch.setenv("TRIAL_URL", url)
        files.refused(kind=HubMisconfigured)


def leftovers() -> set[str]:
    import tempfile

    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("hub-") and "csv" in name}


class Sftp(Files):
    """A folder that a real SFTP server serves."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, server: SftpServer) -> None:
        super().__init__(folder, patch)
        self.server = server
        self.known_hosts = folder.parent / "known_hosts"
        patch.setenv("TRIAL_KNOWN", str(self.known_hosts))
        patch.setenv("TRIAL_PASSWORD", PASSWORD)
        options = {"known_hosts": {"env": "TRIAL_KNOWN"}, "password": {"env": "TRIAL_PASSWORD"}}
        self.source = {"kind": "files", "url": {"env": "TRIAL_URL"}, "options": options, "attempts": 3, "timeout_s": 30}
        self.at(server.port)

    def at(self, port: int) -> None:
        self.patch.setenv("TRIAL_URL", f"sftp://{USER}@127.0.0.1:{port}/thue")
        self.known_hosts.write_text(self.server.known_hosts(port))


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    folder = tmp_path / "served" / "thue"
    folder.mkdir(parents=True)
    with SftpServer(folder.parent) as server:
        yield Sftp(folder, monkeypatch, server)


def test_sftp(sftp: Sftp) -> None:
    sftp.write("b.csv", "id,ten\n2,B\n")
    sftp.write("a.csv.gz", gzip.compress(b"id,ten\n1,A\n"))
    sftp.write("c.txt", "-")
    before = leftovers()
    assert [row["id"] for row in sftp.rows("*.csv*")] == ["1", "2"]
    notes = [batch.taken for batch in sftp.batches("*.csv", **INCREMENTAL)]
    assert [note.name for note in notes if note] == ["b.csv"]
    assert (
        "max_file_bytes" in sftp.refused(max_file_bytes=1_000, **INCREMENTAL)
        if sftp.write("d.csv", "id\n" + "1\n" * 999)
        else ""
    )
    assert leftovers() == before


def test_sftp_by_key(sftp: Sftp, tmp_path: Path) -> None:
    key = paramiko.ECDSAKey.generate()
    sftp.server.client_key = key
    key.write_private_key_file(str(tmp_path / "key"))
    sftp.patch.setenv("TRIAL_KEY", str(tmp_path / "key"))
    sftp.source["options"] = {"known_hosts": {"env": "TRIAL_KNOWN"}, "key_filename": {"env": "TRIAL_KEY"}}
    sftp.write("a.csv", "id\n1\n")
    assert sftp.rows() == [{"id": "1"}]
    paramiko.ECDSAKey.generate().write_private_key_file(str(tmp_path / "key"))
    assert "rejects" in sftp.refused()
    (tmp_path / "key").unlink()
    assert "key_filename" in sftp.refused(kind=HubMisconfigured)


def test_sftp_refusals(sftp: Sftp) -> None:
    sftp.write("a.csv", "id\n1\n")
    sftp.patch.setenv("TRIAL_PASSWORD", "wrong")
    assert "rejects" in sftp.refused()
    sftp.patch.setenv("TRIAL_PASSWORD", PASSWORD)
    sftp.known_hosts.write_text("")
    assert "not in known_hosts" in sftp.refused()
    other = paramiko.ECDSAKey.generate()
    sftp.known_hosts.write_text(f"[127.0.0.1]:{sftp.server.port} {other.get_name()} {other.get_base64()}\n")
    assert "another" in sftp.refused()
    sftp.known_hosts.unlink()
    assert "cannot read known_hosts" in sftp.refused()
    sftp.source["options"]["host_key_policy"] = {"env": "TRIAL_KNOWN"}
    assert "host_key_policy" in sftp.refused(kind=HubMisconfigured)


def test_sftp_copies_again_after_a_lost_connection(sftp: Sftp, caplog: pytest.LogCaptureFixture) -> None:
    # More than is asked for ahead, so that not all of it has been when the connection is lost.
    sftp.write("a.csv", "id,ten\n" + "".join(f"{n},{'x' * 90}\n" for n in range(60_000)))
    with TcpProxy("127.0.0.1", sftp.server.port) as proxy:
        sftp.at(proxy.port)
        proxy.break_after(700_000, "reset")
        assert together(sftp.batches())["id"].to_list() == [str(n) for n in range(60_000)]
        assert proxy.broken == 1
        assert proxy.connections == 2
    # One line of ours; the library would log a traceback for each connection that is lost.
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("trial.people: the sftp server cannot be reached, or the connection was lost")
    assert "retry 1 in" in line
    until = time.monotonic() + 30
    while asking := [thread for thread in threading.enumerate() if "prefetch" in thread.name]:
        assert time.monotonic() < until, f"{len(asking)} threads wait for a connection that is lost"
        time.sleep(0.05)


def test_sftp_that_stalls_or_is_away(sftp: Sftp) -> None:
    sftp.source |= {"attempts": 1, "timeout_s": 3}
    sftp.write("a.csv", "id,ten\n" + f"1,{'x' * 90}\n" * 20_000)
    with TcpProxy("127.0.0.1", sftp.server.port) as proxy:
        sftp.at(proxy.port)
        proxy.break_after(700_000, "stall")
        started = time.monotonic()
        assert "lost" in sftp.refused()
        assert time.monotonic() - started < 60
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sftp.at(port)
    assert "cannot be reached" in sftp.refused()


@pytest.mark.parametrize("passed", range(2_200, 3_000, 130))
def test_sftp_that_falls_silent_while_it_connects_or_lists(sftp: Sftp, passed: int) -> None:
    """After the exchange of keys: while it checks the password, opens the channel, greets, lists. Never is it an empty folder."""
    sftp.source |= {"attempts": 1, "timeout_s": 0.5}
    sftp.write("a.csv", "id,ten\n1,x\n")
    with TcpProxy("127.0.0.1", sftp.server.port) as proxy:
        sftp.at(proxy.port)
        proxy.break_after(passed, "stall")
        told: list[str] = []
        reading = threading.Thread(target=lambda: told.append(sftp.refused()), daemon=True)
        reading.start()
        reading.join(30)
        assert proxy.broken
    assert "lost" in told[0]


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Files, Any]]:
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "TRIAL_URL": "s3://thue/nam/2026",
        "TRIAL_ENDPOINT": s3_server,
        "TRIAL_KEY": "key",
        "TRIAL_SECRET": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    files = Files(tmp_path, monkeypatch)
    options = {
        "endpoint_url": {"env": "TRIAL_ENDPOINT"},
        "key": {"env": "TRIAL_KEY"},
        "secret": {"env": "TRIAL_SECRET"},
    }
    files.source = {"kind": "files", "url": {"env": "TRIAL_URL"}, "options": options, "attempts": 2, "timeout_s": 30}
    client = boto3.client("s3", endpoint_url=s3_server, aws_access_key_id="key", aws_secret_access_key="secret")
    client.create_bucket(Bucket="thue")
    yield files, client
    for found in client.list_objects_v2(Bucket="thue").get("Contents", []):
        client.delete_object(Bucket="thue", Key=found["Key"])
    client.delete_bucket(Bucket="thue")
    client.close()


def test_s3(bucket: tuple[Files, Any]) -> None:
    files, client = bucket
    client.put_object(Bucket="thue", Key="nam/2026/b.csv", Body=b"id,ten\n2,B\n")
    client.put_object(Bucket="thue", Key="nam/2026/a.csv", Body="id,ten\n1,Ế\n".encode())
    client.put_object(Bucket="thue", Key="nam/2025/z.csv", Body=b"id,ten\n9,Z\n")
    before = leftovers()
    assert files.rows("*.csv") == [{"id": "1", "ten": "Ế"}, {"id": "2", "ten": "B"}]
    first = files.batches("*.csv", **INCREMENTAL)
    known = frozenset(batch.taken.digest for batch in first if batch.taken)
    client.put_object(Bucket="thue", Key="nam/2026/c.csv", Body=b"id,ten\n3,C\n")
    assert [batch.frame["id"].to_list() for batch in files.batches("*.csv", taken=known, **INCREMENTAL)] == [["3"]]
    assert leftovers() == before


def test_s3_refusals(bucket: tuple[Files, Any]) -> None:
    files, _ = bucket
    files.patch.setenv("TRIAL_URL", "s3://nowhere/x")
    files.refused("*.csv")
    files.patch.setenv("TRIAL_URL", "s3://thue/nam")
    assert "no file" in files.refused("*.csv")
    files.source["attempts"] = 1
    files.patch.setenv("TRIAL_ENDPOINT", "http://127.0.0.1:1")
    assert "cannot be reached" in files.refused("*.csv")


@pytest.mark.parametrize("passed", [0, 300, 200_000])
def test_s3_that_falls_silent_is_left(bucket: tuple[Files, Any], passed: int) -> None:
    """Before it answers, while it lists, while a file is copied. Never is it an empty folder."""
    files, client = bucket
    client.put_object(Bucket="thue", Key="nam/2026/a.csv", Body=b"id,ten\n" + b"1,x\n" * 500_000)
    files.source |= {"attempts": 1, "timeout_s": 1}
    at = urlsplit(os.environ["TRIAL_ENDPOINT"])
    with TcpProxy(at.hostname or "", at.port or 0) as proxy:
        files.patch.setenv("TRIAL_ENDPOINT", f"http://127.0.0.1:{proxy.port}")
        if passed:
            proxy.break_after(passed, "stall", times=100)
        else:
            proxy.mute()
        told: list[str] = []
        reading = threading.Thread(target=lambda: told.append(files.refused("*.csv")), daemon=True)
        reading.start()
        reading.join(60)
        assert told
        assert "cannot be reached, or the connection was lost" in told[0]


@pytest.mark.parametrize("opening", ['{"a": ', "["])
def test_json_that_is_nested_deeply_is_refused_and_ends_no_process(files: Files, opening: str) -> None:
    """Nested some 900 times, Polars' own reader ends the process with a segmentation fault."""
    closing = "}" if opening != "[" else "]"
    for depth in (60, 900, 100_000):
        files.write("a.jsonl", '{"id": 1}\n{"id": 2, "x": ' + opening * depth + "1" + closing * depth + "}\n")
        said = files.refused(format="jsonl")
        assert "levels deep" in said or "is not JSON" in said
    files.write("a.jsonl", '{"id": 1, "x": ' + opening * 40 + "1" + closing * 40 + "}\n")
    assert len(files.rows(format="jsonl")) == 1


def test_parquet_that_holds_one_text_a_million_times_is_read_in_pieces_or_refused(files: Files) -> None:
    text = "x" * 10_000
    pl.select(pl.repeat(text, 40_000).alias("id")).write_parquet(files.folder / "a.parquet")
    assert (files.folder / "a.parquet").stat().st_size < 1_000_000
    frames = [batch.frame for batch in files.batches(format="parquet", batch_rows=50_000)]
    assert sum(frame.height for frame in frames) == 40_000
    assert max(frame.height for frame in frames) * len(text) < 300_000_000
    assert "max_file_bytes" in files.refused(format="parquet", max_file_bytes=100_000_000)
    assert "cells" in files.refused(format="parquet", max_file_bytes=100_000)


def test_a_gzip_that_unpacks_to_far_more_than_any_table_is_refused(files: Files) -> None:
    files.write("a.csv.gz", gzip.compress(b"id\n" + b"1" * 20 + b"\n" * 120_000_000, compresslevel=6))
    assert "250 times its size" in files.refused()
