"""Drafting from sources that need more than an address: OAuth2, sheets, a WSDL, a second stream of a connector that is there."""

import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.cli import main
from hub.sdk.paths import set_value
from tests.serving import served
from tests.system.servers.http_source import ListApi, Row
from tests.system.servers.soap_server import SCHEMA, Register, person, wsdl
from tests.system.sources.test_excel import book
from tests.system.sources.test_rest_pages import WAYS

PEOPLE: list[Row] = [
    {"so_dinh_danh": f"0{n:02d}080{n:06d}", "ho_va_ten": f"Lê Văn {'ABCDEFGH'[n]}", "ngay_sinh": f"0{n}/02/1980"}
    for n in range(1, 8)
]


class Drafts:
    """`hub connector new`, into a folder of connectors."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def new(self, name: str, *arguments: str, fails: int = 0) -> str:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(("connector", "new", name, "--folder", str(self.folder), *arguments))
        printed = self.capsys.readouterr()
        assert (left.value.code or 0) == fails, printed
        return printed.out + printed.err

    def manifest(self, name: str) -> dict[str, Any]:
        return tomllib.loads((self.folder / name / "manifest.toml").read_text("utf-8"))


@pytest.fixture
def drafts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Drafts:
    (tmp_path / "connectors").mkdir()
    return Drafts(tmp_path / "connectors", capsys)


def test_an_api_behind_oauth2(drafts: Drafts, monkeypatch: pytest.MonkeyPatch) -> None:
    api = ListApi([], proof="token")

    def answer(_: ListApi, request: Request) -> Response | None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return JSONResponse({"value": PEOPLE}) if given in api.tokens else None

    api.misbehave = answer
    with served(api.app()) as url:
        for name, value in (("URL", url), ("CLIENT_ID", "hub"), ("CLIENT_SECRET", "wrong-secret")):
            monkeypatch.setenv(f"PEOPLE_{name}", value)
        arguments = (
            "--kind",
            "rest",
            "--path",
            "/rows",
            "--auth",
            "oauth2",
            "--token-path",
            "/token",
            "--entity",
            "Citizen",
        )
        said = drafts.new("people", *arguments, fails=69)
        assert "PEOPLE_CLIENT_SECRET" in said
        assert "wrong-secret" not in said
        assert not (drafts.folder / "people").exists()
        monkeypatch.setenv("PEOPLE_CLIENT_SECRET", "client-secret")
        drafts.new("people", *arguments)
    found = drafts.manifest("people")
    assert found["source"]["auth"]["kind"] == "oauth2_client_credentials"
    assert found["streams"]["rows"]["records"] == "value"
    assert "client-secret" not in (drafts.folder / "people" / "manifest.toml").read_text("utf-8")
    assert "Lê Văn A" not in (drafts.folder / "people" / "samples" / "rows.jsonl").read_text("utf-8")


@pytest.mark.parametrize("way", WAYS)
def test_the_next_page_in_a_body_is_drafted(drafts: Drafts, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    records, path = WAYS[way]

    def answer(_: ListApi, request: Request) -> Response:
        last = "at" in request.query_params
        document = set_value({}, records, PEOPLE[4:] if last else PEOPLE[:4])
        if not last:
            set_value(document, path, "?at=4")
        return JSONResponse(document)

    with served(ListApi([], misbehave=answer).app()) as url:
        monkeypatch.setenv("PEOPLE_URL", url)
        given = () if records in ("value", "data", "results", "entry", "d.results") else ("--records", records)
        arguments = ("--kind", "rest", "--path", "/rows", "--entity", "Citizen")
        if given:
            assert "no list of objects" in drafts.new("people", *arguments, fails=64)
        drafts.new("people", *arguments, *given)
    assert drafts.manifest("people")["streams"]["rows"]["paging"] == {"kind": "next", "path": path}


def test_a_sheet_below_some_lines(drafts: Drafts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(made: Any, first: Any) -> None:
        first.write(0, 0, "Bìa")
        sheet = made.add_worksheet("Danh sách")
        sheet.write(0, 0, "DANH SÁCH CÔNG DÂN")
        for row, values in enumerate([list(PEOPLE[0]), *(list(p.values()) for p in PEOPLE)], start=2):
            sheet.write_row(row, 0, values)

    (tmp_path / "drop").mkdir()
    book(tmp_path / "drop", write)
    monkeypatch.setenv("PEOPLE_FOLDER", str(tmp_path / "drop"))
    drafts.new(
        "people",
        "--kind",
        "files",
        "--files",
        "a.xlsx",
        "--sheet",
        "Danh sách",
        "--skip-rows",
        "2",
        "--entity",
        "Citizen",
    )
    (stream,) = drafts.manifest("people")["streams"].values()
    assert (stream["sheet"], stream["skip_rows"]) == ("Danh sách", 2)
    assert stream["emits"]["Citizen"]["fields"]["full_name"] == "ho_va_ten"
    (tmp_path / "drop" / "b.csv").write_text("DANH SÁCH\nso_dinh_danh;ho_va_ten\n001080000001;Lê Văn A\n", "utf-8")
    assert "no sheets" in drafts.new(
        "other", "--kind", "files", "--env", "PEOPLE_FOLDER", "--files", "b.csv", "--sheet", "A", fails=64
    )
    drafts.new(
        "other",
        "--kind",
        "files",
        "--env",
        "PEOPLE_FOLDER",
        "--files",
        "b.csv",
        "--skip-rows",
        "1",
        "--entity",
        "Citizen",
    )
    (stream,) = drafts.manifest("other")["streams"].values()
    assert (stream["delimiter"], stream["skip_rows"]) == (";", 1)


def test_a_second_table_becomes_a_stream_and_the_first_stays_as_it_is(
    drafts: Drafts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        for table in ("cong_dan", "cong_dan_cu"):
            connection.execute(f"create table {table} (so_dinh_danh text primary key, ho_va_ten text, ngay_sinh text)")
            connection.executemany(f"insert into {table} values (?, ?, ?)", [tuple(p.values()) for p in PEOPLE])
    monkeypatch.setenv("PEOPLE_URL", f"sqlite:///{tmp_path / 'a.db'}")
    assert "no connector" in drafts.new("people", "--add-stream", "--table", "cong_dan", fails=64)
    drafts.new("people", "--kind", "sql", "--table", "cong_dan", "--entity", "Citizen")
    path = drafts.folder / "people" / "manifest.toml"
    before = path.read_text("utf-8") + "\n# a remark of a person\n"
    path.write_text(before, "utf-8")
    expected = (drafts.folder / "people" / "samples" / "cong_dan.expected.jsonl").read_bytes()
    assert "already has a manifest" in drafts.new("people", "--kind", "sql", "--table", "cong_dan_cu", fails=64)
    assert "has a stream cong_dan already" in drafts.new(
        "people", "--add-stream", "--table", "cong_dan", "--entity", "Citizen", fails=64
    )
    assert "already declares" in drafts.new("people", "--add-stream", "--kind", "rest", "--path", "/x", fails=64)
    assert path.read_text("utf-8") == before
    drafts.new("people", "--add-stream", "--table", "cong_dan_cu", "--entity", "Citizen")
    assert path.read_text("utf-8").startswith(before.rstrip("\n"))
    assert list(drafts.manifest("people")["streams"]) == ["cong_dan", "cong_dan_cu"]
    samples = drafts.folder / "people" / "samples"
    assert (samples / "cong_dan.expected.jsonl").read_bytes() == expected
    assert len((samples / "cong_dan_cu.expected.jsonl").read_bytes().splitlines()) == 7


def test_a_connector_whose_streams_cannot_be_added_to_stays_as_it_is(
    drafts: Drafts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_a_second_table_becomes_a_stream_and_the_first_stays_as_it_is(drafts, tmp_path, monkeypatch)
    path = drafts.folder / "people" / "manifest.toml"
    document = path.read_text("utf-8").partition("[streams.cong_dan]")[0]
    inline = document.replace("[source]", 'streams = { a = { table = "cong_dan", key = ["so_dinh_danh"], emits = { Citizen = { fields = { personal_id = "so_dinh_danh", full_name = "ho_va_ten" } } } } }\n\n[source]')  # fmt: skip
    path.write_text(inline, "utf-8")
    said = drafts.new("people", "--add-stream", "--table", "cong_dan", "--entity", "Citizen", fails=64)
    assert "cannot be added" in said
    assert path.read_text("utf-8") == inline


@pytest.mark.parametrize("as_file", [False, True])
def test_a_wsdl_tells_operations_and_where_the_list_is(
    drafts: Drafts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_file: bool
) -> None:
    register = Register()
    register.begin([person(number) for number in range(1, 6)])
    with served(register.app()) as url:
        given: tuple[str, ...] = ("--kind", "soap", "--entity", "Citizen")
        if as_file:
            (tmp_path / "wsdl").mkdir()
            (tmp_path / "wsdl" / "hotich.wsdl").write_text(wsdl(f"{url}/hotich"), "utf-8")
            (tmp_path / "wsdl" / "hotich.xsd").write_text(SCHEMA, "utf-8")
            given += ("--wsdl", str(tmp_path / "wsdl" / "hotich.wsdl"))
        else:
            monkeypatch.setenv("PEOPLE_WSDL", f"{url}/hotich")
        assert "danhSach, traCuu" in drafts.new("people", *given, fails=64)
        assert "no operation xoa" in drafts.new("people", *given, "--operation", "xoa", fails=64)
        said = drafts.new("people", *given, "--operation", "danhSach")
        assert "arguments of danhSach: trang, viTri" in said
    found = drafts.manifest("people")
    (stream,) = found["streams"].values()
    assert (stream["operation"], stream["records"]) == ("danhSach", "ketQua.congDan")
    assert stream["emits"]["Citizen"]["fields"]["full_name"] == "hoTen"
    if as_file:
        assert found["source"]["wsdl"] == "hotich.wsdl"
        assert (drafts.folder / "people" / "hotich.xsd").is_file()
