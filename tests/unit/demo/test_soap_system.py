"""The SOAP system of the demo: what it describes and answers, and what it refuses."""

import base64
from pathlib import Path

import pytest
from lxml import etree
from starlette.testclient import TestClient

from hub.demo.province.generate import generate_province
from hub.demo.systems.http_systems import IndexedLines
from hub.demo.systems.soap_system import LISTS, MAX_KEYS, NAMESPACE, PATH, InsuranceService, find_row, render_wsdl

PASSWORD = "a-password"
LISTED = {one.list_operation: one for one in LISTS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("insurance")
    generate_province(made, 1_000)
    return made


@pytest.fixture(scope="module")
def service(folder: Path) -> TestClient:
    return TestClient(InsuranceService(folder, "hub", PASSWORD).make_app())


def call(
    service: TestClient, operation: str, arguments: str = "", password: str = PASSWORD
) -> "tuple[int, etree._Element]":
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<{operation} xmlns="{NAMESPACE}">{arguments}</{operation}></e:Body></e:Envelope>'
    )
    return post(service, body, password)


def post(service: TestClient, body: str, password: str = PASSWORD) -> "tuple[int, etree._Element]":
    given = base64.b64encode(f"hub:{password}".encode()).decode()
    answer = service.post(PATH, content=body.encode(), headers={"Authorization": f"Basic {given}"})
    return answer.status_code, etree.fromstring(answer.content or b"<none/>")


def keys(answer: "etree._Element") -> list[int]:
    return [int(element.text or 0) for element in answer.iter(f"{{{NAMESPACE}}}maHoSo")]


@pytest.mark.parametrize("operation", LISTED)
def test_pages_have_every_record_once(service: TestClient, folder: Path, operation: str) -> None:
    lines = IndexedLines(folder / "insurance" / f"{LISTED[operation].file}.jsonl")
    _, first = call(service, operation, "<trang>1</trang><soDong>10</soDong>")
    pages = int(first.findtext(f".//{{{NAMESPACE}}}tongSoTrang") or 0)
    found = [
        key
        for page in range(1, pages + 1)
        for key in keys(call(service, operation, f"<trang>{page}</trang><soDong>10</soDong>")[1])
    ]
    assert found == list(range(1, len(lines) + 1))
    assert keys(call(service, operation, f"<trang>{pages + 1}</trang><soDong>10</soDong>")[1]) == []


@pytest.mark.parametrize("one", LISTS, ids=lambda one: one.file)
def test_a_look_up_finds_the_records_of_its_keys_and_leaves_out_unknown_ones(service: TestClient, one: object) -> None:
    operation = one.lookup_operation  # type: ignore[attr-defined]
    status, answer = call(service, operation, "<ma>3</ma><ma>1</ma><ma>999999</ma>")
    assert (status, keys(answer)) == (200, [3, 1])


def test_a_row_is_found_at_both_ends_and_nothing_beyond(folder: Path) -> None:
    lines = IndexedLines(folder / "insurance" / "the-bhyt.jsonl")
    for key in (1, 2, len(lines)):
        found = find_row(lines, key)
        assert found is not None
        assert found["maHoSo"] == key
    assert find_row(lines, 0) is None
    assert find_row(lines, len(lines) + 1) is None


def test_a_wrong_password_is_refused(service: TestClient) -> None:
    assert call(service, "danhSachTheBhyt", password="another")[0] == 401
    assert service.post(PATH, content=b"").status_code == 401


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("khongCo", ""),
        ("danhSachTheBhyt", "<soDong>100000</soDong>"),
        ("danhSachTheBhyt", "<trang>0</trang>"),
        ("danhSachTheBhyt", "<trang>hai</trang>"),
        ("traCuuTheBhyt", "<ma>1; drop</ma>"),
        ("traCuuTheBhyt", "<ma>1</ma>" * (MAX_KEYS + 1)),
    ],
)
def test_a_call_that_makes_no_sense_is_a_fault(service: TestClient, operation: str, arguments: str) -> None:
    status, answer = call(service, operation, arguments)
    assert status == 500
    assert answer.find(".//{*}Fault") is not None


@pytest.mark.parametrize("body", ["", "<html/>", "<", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_is_no_soap_message_is_a_fault(service: TestClient, body: str) -> None:
    assert post(service, body)[0] == 500


def test_the_description_names_every_operation(service: TestClient) -> None:
    described = service.get(f"{PATH}?wsdl").text
    assert described == render_wsdl(f"http://testserver{PATH}")
    document = etree.fromstring(described.encode())
    named = {element.get("name") for element in document.iter("{*}operation")} - {None}
    assert named == {name for one in LISTS for name in (one.list_operation, one.lookup_operation)}
