"""The SOAP reader against a real service: pages, what changed, keys, X-Road headers, and everything that goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext
from hub.ingest.read.soap.transport import InMemoryCache  # type: ignore[attr-defined]  # looked up there
from hub.sdk.manifest import parse_manifest
from tests.conftest import served
from tests.system.servers.soap_server import (
    IDENTIFIERS,
    PATIENCE_S,
    PICTURE,
    SCHEMA,
    WSSE,
    XRD,
    Register,
    person,
    picture,
    wsdl,
)

VALUES = ("Bí Mật", "079080000001", "very-secret")
IMPATIENT = {"timeout_s": PATIENCE_S}
PAGES = {"kind": "page", "parameter": "trang", "size_parameter": "soDong", "size": 2}


class Service:
    """A register that is served, and readers of it."""

    def __init__(self, register: Register, url: str, folder: Path) -> None:
        self.register, self.url, self.folder = register, url, folder
        self.readers: list[Reader] = []

    def reader(self, *, source: dict[str, Any] | None = None, batch_rows: int = 50_000, **stream: Any) -> Reader:
        fields = {
            "personal_id": "id",
            "full_name": "hoTen",
            "birth_date": "ngaySinh",
            "residence_unit_code": "diaChi.xa",
        }
        people = {
            "operation": "danhSach",
            "records": "ketQua.congDan",
            "key": ["id"],
            "emits": {"Citizen": {"fields": fields}},
            **stream,
        }
        label = {"vi": "Thử", "en": "Test"}
        facts = {
            "title": label,
            "sector": "citizen",
            "owner": "-",
            "legal_basis": "-",
            "version": "7",
            "freshness": "-",
        }
        given = {"kind": "soap", "wsdl": {"env": "WSDL_URL"}, "attempts": 2, "timeout_s": 30, **(source or {})}
        made = parse_manifest({"name": "trial", "source": given, "streams": {"people": people}, **facts})
        found = open_reader(ReaderContext(made, "people", made.streams["people"], self.folder, batch_rows=batch_rows))
        self.readers.append(found)
        return found

    def read(self, state: Any = None, **given: Any) -> list[ReadBatch]:
        return list(self.reader(**given).read(state))


@pytest.fixture(scope="module")
def register() -> Iterator[tuple[Register, str]]:
    made = Register()
    with served(made.app()) as url:
        yield made, url


@pytest.fixture
def service(register: tuple[Register, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    one, url = register
    one.begin([person(number) for number in range(1, 6)])
    # Another test's description is forgotten.
    monkeypatch.setattr(InMemoryCache, "_cache", {})
    monkeypatch.setenv("WSDL_URL", f"{url}/hotich")
    made = Service(one, url, tmp_path)
    yield made
    for reader in made.readers:
        reader.close()


def ids(batches: list[ReadBatch]) -> list[str]:
    return [value for batch in batches for value in batch.frame["id"]]


def test_values_are_the_texts_that_the_service_sent(service: Service) -> None:
    more = "<con><ten>An</ten><sinh>2010-01-01</sinh></con><con><ten>Bình</ten></con><soDienThoai>091</soDienThoai>"
    odd = "<congDan><id>2</id><hoTen/><ngaySinh xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:nil='true'/><moi>7</moi></congDan>"
    service.register.people = [person(1, more=more), odd]
    (batch,) = service.read()
    first, second = batch.frame.to_dicts()
    assert first == {
        "@phienBan": "2",
        "id": "1",
        "hoTen": "Lê Thị Bí Mật",
        "ngaySinh": "1980-02-03",
        "phi": "15000.10",
        "capNhat": "2026-01-01T08:00:00",
        "diaChi.xa": "06820",
        "diaChi.tinh": None,
        "con": [{"ten": "An", "sinh": "2010-01-01"}, {"ten": "Bình", "sinh": None}],
        "soDienThoai": ["091"],
        "moi": None,
    }
    assert (second["hoTen"], second["ngaySinh"], second["con"], second["moi"]) == ("", None, None, "7")


def test_a_value_that_is_not_of_its_type_is_not_lost(service: Service) -> None:
    service.register.people = [person(1).replace("1980-02-03", "31/02/1980")]
    assert service.read()[0].frame["ngaySinh"].to_list() == ["31/02/1980"]


@pytest.mark.parametrize(
    "paging",
    [
        {**PAGES, "total_pages": "tongSoTrang"},
        PAGES,
        {"kind": "offset", "parameter": "viTri", "size_parameter": "soDong", "size": 2, "total": "tongSo"},
        {"kind": "offset", "parameter": "viTri", "size_parameter": "soDong", "size": 2},
        {"kind": "cursor", "parameter": "the", "size_parameter": "soDong", "size": 2, "next": "theSau"},
    ],
)
def test_pages_are_read_to_the_end(service: Service, paging: dict[str, Any]) -> None:
    batches = service.read(paging=paging, arguments={"loc.xa": "06820"}, batch_rows=2)
    assert ids(batches) == ["1", "2", "3", "4", "5"]
    assert [asked["xa"] for asked in service.register.asked] == ["06820"] * service.register.calls
    assert service.register.calls == (4 if paging == PAGES else 3)
    assert all(batch.frame.columns == batches[0].frame.columns for batch in batches)


def test_an_empty_list_has_the_columns_all_the_same(service: Service) -> None:
    service.register.people = []
    (batch,) = service.read()
    assert batch.frame.height == 0
    assert batch.frame.schema["con"] == pl.List(pl.Struct({"ten": pl.String, "sinh": pl.String}))


@pytest.mark.parametrize(
    ("trouble", "paging"),
    [
        ("repeats", {**PAGES, "total_pages": "tongSoTrang"}),
        ("loops", {"kind": "cursor", "parameter": "the", "size_parameter": "soDong", "size": 2, "next": "theSau"}),
    ],
)
def test_pages_that_never_end_are_refused(service: Service, trouble: str, paging: dict[str, Any]) -> None:
    service.register.trouble = trouble
    with pytest.raises(SourceUnavailable, match="a page repeats an earlier one"):
        service.read(paging=paging)


def incremental(**since: Any) -> dict[str, Any]:
    cursor = {"column": "capNhat", "overlap": "10 min"}
    return {"read": "incremental", "deletes": "none", "cursor": cursor, "since": {"parameter": "tu", **since}}


def test_what_changed_is_asked_for_and_the_place_moves_at_the_end(service: Service) -> None:
    service.register.people = [person(1, changed="2026-03-01T08:00:00"), person(2, changed="2026-03-01T07:00:00+07:00")]
    paging = {**PAGES, "size": 1, "total_pages": "tongSoTrang"}
    batches = service.read(**incremental(), paging=paging, batch_rows=1)
    assert [batch.state for batch in batches] == [None, None, {"since": "2026-03-01T01:00:00+00:00"}]
    assert "tu" not in service.register.asked[0]
    (again,) = service.read({"since": "2026-03-01T01:00:00+00:00"}, **incremental())
    assert service.register.asked[-1]["tu"] == "2026-03-01T00:50:00Z"
    assert again.state == {"since": "2026-03-01T01:00:00+00:00"}
    service.read({"since": "2026-03-01T01:00:00+00:00"}, **incremental(format="%d/%m/%Y %H:%M"))
    assert service.register.asked[-1]["tu"] == "01/03/2026 07:50"


def test_a_time_in_the_future_does_not_move_the_place_beyond_now(service: Service) -> None:
    service.register.people = [person(1, changed="2999-01-01T00:00:00Z"), person(2, changed="never")]
    begun = datetime.now(UTC)
    (batch,) = service.read(**incremental())
    assert batch.state is not None
    assert begun - timedelta(seconds=1) <= datetime.fromisoformat(batch.state["since"]) <= datetime.now(UTC)


def test_rows_are_looked_up_by_key(service: Service) -> None:
    one = service.reader(lookup={"operation": "traCuu", "argument": "ma"})
    keys = pl.DataFrame({"id": ["4", "2", "77"]})
    assert one.looks_up
    assert [frame["id"].to_list() for frame in one.lookup(keys)] == [["4"], ["2"], []]
    several = service.reader(lookup={"operation": "traCuu", "argument": "ma", "batch": 2})
    assert [frame["id"].to_list() for frame in several.lookup(keys)] == [["2", "4"], []]
    assert not service.reader().looks_up


XROAD = {"client": "VN/GOV/079/hub", "service": "VN/GOV/100/hotich", "version": "v1", "user_id": "VN1", "issue": "H-7"}


def test_xroad_headers_say_who_asks_for_which_service(service: Service) -> None:
    service.read(source={"xroad": XROAD}, paging={**PAGES, "total_pages": "tongSoTrang"})
    first, second = service.register.headers[:2]
    kind = f"{{{IDENTIFIERS}}}objectType"
    client, asked = first.find(f"{{{XRD}}}client"), first.find(f"{{{XRD}}}service")
    assert (client.get(kind), [part.text for part in client]) == ("SUBSYSTEM", ["VN", "GOV", "079", "hub"])
    assert asked.get(kind) == "SERVICE"
    assert {part.tag.partition("}")[2]: part.text for part in asked} == {
        "xRoadInstance": "VN",
        "memberClass": "GOV",
        "memberCode": "100",
        "subsystemCode": "hotich",
        "serviceCode": "danhSach",
        "serviceVersion": "v1",
    }
    assert {part.tag.partition("}")[0][1:] for part in asked} == {IDENTIFIERS}
    texts = {name: first.findtext(f"{{{XRD}}}{name}") for name in ("protocolVersion", "userId", "issue")}
    assert texts == {"protocolVersion": "4.0", "userId": "VN1", "issue": "H-7"}
    assert len(first.findtext(f"{{{XRD}}}id")) == 36
    assert first.findtext(f"{{{XRD}}}id") != second.findtext(f"{{{XRD}}}id")
    with pytest.raises(HubMisconfigured, match=r"xroad\.client is not a valid identifier"):
        service.read(source={"xroad": {**XROAD, "client": "VN/GOV"}})


@pytest.mark.parametrize(
    ("trouble", "match", "calls"),
    [
        ("html", "the answer is HTML", 2),
        ("error 502", "answers 502", 2),
        ("error 404", "answers 404", 1),
        ("redirect", "answers 302", 1),
        ("slow", "ReadTimeout", 2),
        ("drips", "ReadTimeout", 2),
        ("truncated", "is truncated", 2),
        ("dtd", "declares a DTD", 1),
        ("other answer", "not the one declared for the operation", 1),
        ("no soap", "is not a SOAP envelope", 1),
        ("fault Server", "fault Server$", 2),
        ("fault Client", "fault Client$", 1),
    ],
)
def test_what_goes_wrong_is_said_and_tried_again_where_it_may_pass(
    service: Service, monkeypatch: pytest.MonkeyPatch, trouble: str, match: str, calls: int
) -> None:
    monkeypatch.setattr("hub.ingest.read.slow_sources.PATIENCE_TIMEOUTS", 2)
    service.register.trouble = trouble
    with pytest.raises(SourceUnavailable) as caught:
        service.read(source=IMPATIENT if trouble in ("slow", "drips") else None)
    assert pl.Series([caught.value.message]).str.contains(match).item()
    assert service.register.calls == calls
    assert not any(value in str(caught.value) for value in VALUES)


@pytest.mark.parametrize("trouble", ["html", "error 502", "slow", "truncated", "fault Server"])
def test_what_passes_is_read_after_all(service: Service, trouble: str) -> None:
    service.register.trouble, service.register.for_calls = trouble, 1
    assert ids(service.read(source=IMPATIENT if trouble == "slow" else None)) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("code", "error", "next_step", "calls"),
    [
        ("Server.ServerProxy.ServiceFailed.NetworkError", SourceUnavailable, "their security server", 2),
        ("Server.ServerProxy.AccessDenied", SourceUnavailable, "access to the service", 1),
        ("Server.ClientProxy.NetworkError", SourceUnavailable, "our own security server", 2),
        ("Client.InvalidSoap", HubMisconfigured, "correct `xroad`", 1),
    ],
)
def test_faults_of_security_servers_say_whose_they_are(
    service: Service, code: str, error: type[Exception], next_step: str, calls: int
) -> None:
    service.register.trouble = f"fault {code}"
    with pytest.raises(error, match=next_step) as caught:
        service.read(source={"xroad": XROAD})
    assert code in str(caught.value)
    assert service.register.calls == calls
    assert not any(value in str(caught.value) for value in VALUES)


@pytest.mark.parametrize(
    ("stream", "named"),
    [
        ({"operation": "khac"}, "no operation khac"),
        ({"arguments": {"loc.huyen": "1"}}, r"no argument loc\.huyen"),
        ({"records": "ketQua.nguoi"}, "has no nguoi"),
        ({"paging": {**PAGES, "parameter": "so"}}, "no argument so"),
        ({"paging": {**PAGES, "total_pages": "tong"}}, "has no tong"),
        ({"lookup": {"operation": "traCuu", "argument": "so"}}, "no argument so"),
    ],
)
def test_what_the_description_lacks_is_named_before_anything_is_sent(
    service: Service, stream: dict[str, Any], named: str
) -> None:
    reader = service.reader(**stream)
    with pytest.raises(HubMisconfigured, match=named):
        list(reader.lookup(pl.DataFrame({"id": ["1"]})) if reader.looks_up else reader.read(None))
    assert service.register.calls == 0


def test_a_description_in_the_folder_needs_no_network_and_takes_the_address_given(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    (service.folder / "hotich.wsdl").write_text(wsdl("http://127.0.0.1:1/nowhere"))
    (service.folder / "hotich.xsd").write_text(SCHEMA)
    monkeypatch.setenv("SERVICE_URL", f"{service.url}/hotich")
    local = {"wsdl": "hotich.wsdl", "endpoint": {"env": "SERVICE_URL"}}
    assert ids(service.read(source=local)) == ["1", "2", "3", "4", "5"]
    assert service.register.fetched == 0
    (service.folder / "hotich.wsdl").write_text(wsdl("http://127.0.0.1:1/nowhere", f"{service.url}/hotich.xsd"))
    with pytest.raises(HubMisconfigured, match="refers to a file outside"):
        service.read(source=local)
    (service.folder / "hotich.wsdl").write_text(wsdl("http://127.0.0.1:1/nowhere", "../../etc/passwd"))
    with pytest.raises(HubMisconfigured, match="refers to a file outside"):
        service.read(source=local)
    with pytest.raises(HubMisconfigured, match="lacks its WSDL"):
        service.read(source={"wsdl": "other.wsdl"})


def test_a_description_is_fetched_once(service: Service) -> None:
    service.read()
    service.read()
    assert service.register.fetched == 1


def test_credentials_are_sent_and_named_where_they_are_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.register.password = "mật-khẩu"
    auth = {"kind": "basic", "user": {"env": "SOAP_USER"}, "password": {"env": "SOAP_PASSWORD"}}
    monkeypatch.setenv("SOAP_USER", "hub")
    monkeypatch.setenv("SOAP_PASSWORD", "mật-khẩu")
    assert len(ids(service.read(source={"auth": auth}))) == 5
    monkeypatch.setenv("SOAP_PASSWORD", "very-secret")
    with pytest.raises(SourceUnavailable, match="SOAP_USER and SOAP_PASSWORD") as caught:
        service.read(source={"auth": auth})
    assert "very-secret" not in str(caught.value)


def test_a_service_that_is_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSDL_URL", "http://user:very-secret@127.0.0.1:1/wsdl")
    with pytest.raises(SourceUnavailable, match="cannot read the source: ConnectionError") as caught:
        service.read()
    assert "very-secret" not in str(caught.value)
    monkeypatch.setenv("WSDL_URL", "file:///etc/passwd")
    with pytest.raises(HubMisconfigured, match="address"):
        service.read()


@pytest.mark.parametrize("password_type", ["digest", "text"])
def test_a_user_name_token_proves_the_hub(
    service: Service, monkeypatch: pytest.MonkeyPatch, password_type: str
) -> None:
    register = service.register
    register.token, register.password = password_type, "mật khẩu very-secret"
    monkeypatch.setenv("SOAP_USER", "hub")
    monkeypatch.setenv("SOAP_PASSWORD", register.password)
    auth = {"kind": "ws_security", "user": {"env": "SOAP_USER"}, "password": {"env": "SOAP_PASSWORD"}}
    source = {"auth": {**auth, "password_type": password_type}}
    assert ids(service.read(source=source, paging=PAGES)) == ["1", "2", "3", "4", "5"]
    nonces = [nonce.text for header in register.headers for nonce in header.iter(f"{{{WSSE}}}Nonce")]
    assert len(set(nonces)) == len(nonces) == (4 if password_type == "digest" else 0)
    monkeypatch.setenv("SOAP_PASSWORD", "very-secret other")
    with pytest.raises(SourceUnavailable, match="rejects the credentials") as caught:
        service.read(source=source)
    assert "SOAP_PASSWORD, and whether the clocks agree" in str(caught.value)
    assert not any(value in str(caught.value) for value in VALUES)


@pytest.mark.parametrize("how", ["mtom", "in another order"])
def test_what_a_message_refers_to_is_put_in_its_place(service: Service, how: str) -> None:
    import base64

    service.register.people = [person(1, more=picture()), person(2), person(3, more=picture())]
    service.register.parts = how
    (batch,) = service.read()
    shown = base64.b64encode(PICTURE).decode()
    assert batch.frame["anh"].to_list() == [shown, None, shown]
    assert batch.frame["hoTen"].to_list() == ["Lê Thị Bí Mật"] * 3


@pytest.mark.parametrize(
    ("how", "address", "words"),
    [
        ("without it", "cid:picture%40hub", "refers to a part that it does not contain"),
        ("mtom", "cid:other", "refers to a part that it does not contain"),
        ("mtom", "file:///etc/passwd", "refers to a part that it does not contain"),
        ("mtom", "http://127.0.0.1:1/", "refers to a part that it does not contain"),
        ("no boundary", "cid:picture%40hub", "do not match its header"),
    ],
)
def test_parts_that_are_not_there_are_refused(service: Service, how: str, address: str, words: str) -> None:
    service.register.people, service.register.parts = [person(1, more=picture(address))], how
    with pytest.raises(SourceUnavailable, match=words):
        service.read()


def test_a_part_that_is_named_many_times_over_is_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ingest.read.soap.client.MAX_ANSWER_BYTES", 10 * len(PICTURE))
    service.register.people = [person(number, more=picture()) for number in range(11)]
    service.register.parts = "mtom"
    with pytest.raises(SourceUnavailable, match="exceed"):
        service.read()


def test_a_last_page_that_is_repeated_is_an_end_where_it_is_declared(service: Service) -> None:
    service.register.people, service.register.trouble = [person(1), person(2)], "repeats"
    assert ids(service.read(paging={**PAGES, "end": ["repeat"]})) == ["1", "2"]
    with pytest.raises(SourceUnavailable, match="repeats an earlier one"):
        service.read(paging=PAGES)
    with pytest.raises(ValueError, match="never answers 404"):
        service.reader(paging={**PAGES, "end": ["not_found"]})


def test_xml_that_is_nested_deeply_is_refused_or_read(service: Service) -> None:
    service.register.people = [person(1, more="<x>" * 10_000 + "</x>" * 10_000)]
    with pytest.raises(SourceUnavailable, match="not XML"):
        service.read()
    service.register.people = [person(1, more="<x>" * 100 + "7" + "</x>" * 100)]
    (batch,) = service.read()
    assert batch.frame["id"].to_list() == ["1"]
