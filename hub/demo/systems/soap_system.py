"""The SOAP system of the demo province, the social-insurance agency: `python -m hub.demo.systems.soap_system FOLDER SOCKET`.

Document/literal, with HTTP basic authentication. For each list there is an operation that returns it page by page, and one that
returns the records of some keys. Rows are read from the files of the province, page by page, so a million citizens cost an index of
line offsets and no more.
"""

import argparse
import hmac
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import orjson
import uvicorn
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.demo.systems.http_systems import IndexedLines, end_with_parent, parse_basic

NAMESPACE = "http://bhxh.quangninh.example.vn/1"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
PATH = "/bhxh"
MAX_ROWS = 2_000
MAX_KEYS = 100
MAX_BODY_BYTES = 100_000
KEY = "maHoSo"
TEXT, LONG, DAY, TIME = "xs:string", "xs:long", "xs:date", "xs:dateTime"
PERSON = {"hoTen": TEXT, "ngaySinh": TEXT, "soGiayTo": TEXT, "diaChi": TEXT}


@dataclass(frozen=True)
class InsuranceList:
    """One list: its file, the operations that return it and look it up, and the elements of a record with their types."""

    file: str
    list_operation: str
    lookup_operation: str
    record: str
    elements: Mapping[str, str]


LISTS = (
    InsuranceList(
        "luong-huu", "danhSachLuongHuu", "traCuuLuongHuu", "luongHuu",
        {KEY: LONG, "soQuyetDinh": TEXT, "maSoBhxh": TEXT, **PERSON, "cheDo": TEXT, "mucHuong": TEXT, "tuNgay": DAY, "denNgay": DAY, "trangThai": TEXT, "capNhat": TIME},
    ),
    InsuranceList(
        "the-bhyt", "danhSachTheBhyt", "traCuuTheBhyt", "theBhyt",
        {KEY: LONG, "soThe": TEXT, **PERSON, "doiTuong": TEXT, "tuNgay": DAY, "denNgay": DAY, "maCoSo": TEXT, "tenCoSo": TEXT, "capNhat": TIME},
    ),
    InsuranceList(
        "giay-chung-sinh", "danhSachGiayChungSinh", "traCuuGiayChungSinh", "giayChungSinh",
        {KEY: LONG, "soChungSinh": TEXT, **{f"{name}Me": TEXT for name in PERSON}, "ngaySinhCon": TEXT, "gioiTinhCon": TEXT, "canNang": LONG, "duDinhDatTen": TEXT,
         "coSo": TEXT, "ngayCap": DAY, "capNhat": TIME},
    ),
)  # fmt: skip


class InsuranceService:
    """Answers calls over `folder`/insurance/*.jsonl. The records of a file are in the order of their keys."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        self.user, self.password = user, password
        self.files = {one.file: IndexedLines(folder / "insurance" / f"{one.file}.jsonl") for one in LISTS}

    def make_app(self) -> Starlette:
        """The service as an application: WSDL by GET, calls by POST."""
        return Starlette(
            routes=[Route(PATH, self._describe, methods=["GET"]), Route(PATH, self._answer, methods=["POST"])]
        )

    async def _describe(self, request: Request) -> Response:
        address = str(request.url).partition("?")[0]
        return Response(render_wsdl(address), media_type="text/xml")

    async def _answer(self, request: Request) -> Response:
        given = parse_basic(request) or ("", "")
        if not (_is_same(given[0], self.user) and _is_same(given[1], self.password)):
            return Response("", 401, {"WWW-Authenticate": "Basic"})
        body = await request.body()
        if len(body) > MAX_BODY_BYTES:
            return _make_fault("the message is too large")
        try:
            call = _parse_call(body)
            return Response(self._call(call), media_type="text/xml; charset=utf-8")
        except ValueError as error:
            return _make_fault(str(error))

    def _call(self, call: "etree._Element") -> bytes:
        operation, arguments = etree.QName(call).localname, _read_arguments(call)
        for one in LISTS:
            if operation == one.list_operation:
                return self._page(one, arguments)
            if operation == one.lookup_operation:
                return _render(operation, one, self._find(one, _keys_of(arguments)))
        raise ValueError(f"there is no operation {operation[:60]}")

    def _page(self, one: InsuranceList, arguments: Mapping[str, Sequence[str]]) -> bytes:
        lines = self.files[one.file]
        page, size = (_read_number(arguments, name, default) for name, default in (("trang", 1), ("soDong", 1_000)))
        if size > MAX_ROWS:
            raise ValueError(f"soDong is at most {MAX_ROWS}")
        pages = max(1, -(-len(lines) // size))
        return _render(
            one.list_operation,
            one,
            orjson.loads(b"[" + lines.page(page, size) + b"]"),
            f"<tongSoTrang>{pages}</tongSoTrang>",
        )

    def _find(self, one: InsuranceList, keys: Sequence[int]) -> Iterator[Mapping[str, object]]:
        lines = self.files[one.file]
        for key in keys:
            row = find_row(lines, key)
            if row is not None:
                yield row


def find_row(lines: IndexedLines, key: int) -> Mapping[str, object] | None:
    """The record with this key, by binary search: records are in the order of their keys. None if there is none."""
    low, high = 1, len(lines)
    while low <= high:
        middle = (low + high) // 2
        row: dict[str, object] = orjson.loads(lines.page(middle, 1))
        found = int(str(row[KEY]))
        if found == key:
            return row
        low, high = (middle + 1, high) if found < key else (low, middle - 1)
    return None


def _is_same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _parse_call(body: bytes) -> "etree._Element":
    """The element of the call. Raises ValueError for anything that is no SOAP message."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        found = etree.fromstring(body, parser).find(f"{{{ENVELOPE}}}Body/*")
    except etree.XMLSyntaxError:
        found = None
    if found is None:
        raise ValueError("the message is no SOAP envelope with a call")
    return found


def _read_arguments(call: "etree._Element") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in call.iterchildren("*"):
        found.setdefault(etree.QName(element).localname, []).append(element.text or "")
    return found


def _read_number(arguments: Mapping[str, Sequence[str]], name: str, default: int) -> int:
    (text,) = arguments.get(name, [str(default)])[:1]
    if not text.isdecimal() or not 1 <= int(text) < 10**9:
        raise ValueError(f"{name} must be a whole number from 1")
    return int(text)


def _keys_of(arguments: Mapping[str, Sequence[str]]) -> list[int]:
    keys = arguments.get("ma", ())
    if len(keys) > MAX_KEYS or not all(key.isdecimal() and len(key) < 19 for key in keys):
        raise ValueError(f"ma must be at most {MAX_KEYS} whole numbers")
    return [int(key) for key in keys]


def _render(operation: str, one: InsuranceList, rows: Iterable[Mapping[str, object]], head: str = "") -> bytes:
    listed = "".join(f"<{one.record}>{''.join(_render_elements(one, row))}</{one.record}>" for row in rows)
    answer = f'<{operation}Response xmlns="{NAMESPACE}">{head}<ketQua>{listed}</ketQua></{operation}Response>'
    return _wrap(answer)


def _render_elements(one: InsuranceList, row: Mapping[str, object]) -> Iterator[str]:
    for name in one.elements:
        value = row[name]
        if value is not None:
            yield f"<{name}>{escape(str(value))}</{name}>"


def _wrap(answer: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<e:Envelope xmlns:e="{ENVELOPE}"><e:Body>{answer}</e:Body></e:Envelope>'.encode()


def _make_fault(reason: str) -> Response:
    fault = f"<e:Fault><faultcode>e:Client</faultcode><faultstring>{escape(reason)}</faultstring></e:Fault>"
    return Response(_wrap(fault), 500, media_type="text/xml; charset=utf-8")


def render_wsdl(address: str) -> str:
    """The description of the service at an address."""
    operations = [name for one in LISTS for name in (one.list_operation, one.lookup_operation)]
    messages = "".join(
        f'<message name="{name}"><part name="body" element="t:{name}"/></message>'
        for operation in operations
        for name in (operation, f"{operation}Response")
    )
    port = "".join(
        f'<operation name="{o}"><input message="t:{o}"/><output message="t:{o}Response"/></operation>'
        for o in operations
    )
    body = '<soap:body use="literal"/>'
    bound = "".join(
        f'<operation name="{o}"><soap:operation soapAction=""/><input>{body}</input><output>{body}</output></operation>'
        for o in operations
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:t="{NAMESPACE}" xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}">
  <types><xs:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">{"".join(map(_describe_list, LISTS))}</xs:schema></types>
  {messages}
  <portType name="baoHiem">{port}</portType>
  <binding name="baoHiemBinding" type="t:baoHiem">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}
  </binding>
  <service name="baoHiemService"><port name="baoHiemPort" binding="t:baoHiemBinding">
    <soap:address location="{escape(address)}"/></port></service>
</definitions>"""


def _describe_list(one: InsuranceList) -> str:
    """The types of a list's record, calls and answers."""
    record = "".join(
        f'<xs:element name="{name}" type="{kind}"{"" if name == KEY else OPTIONAL}/>'
        for name, kind in one.elements.items()
    )
    result = _sequence(f'<xs:element name="{one.record}" type="t:{one.record}" minOccurs="0" maxOccurs="unbounded"/>')
    answer = f'<xs:element name="ketQua"{OPTIONAL}>{result}</xs:element>'
    paging = "".join(f'<xs:element name="{name}" type="xs:int"{OPTIONAL}/>' for name in ("trang", "soDong"))
    parts = {
        one.list_operation: paging,
        f"{one.list_operation}Response": f'<xs:element name="tongSoTrang" type="xs:int"/>{answer}',
        one.lookup_operation: '<xs:element name="ma" type="xs:string" maxOccurs="unbounded"/>',
        f"{one.lookup_operation}Response": answer,
    }
    elements = "".join(
        f'<xs:element name="{name}">{_sequence(content)}</xs:element>' for name, content in parts.items()
    )
    return f'<xs:complexType name="{one.record}"><xs:sequence>{record}</xs:sequence></xs:complexType>{elements}'


OPTIONAL = ' minOccurs="0"'


def _sequence(content: str) -> str:
    return f"<xs:complexType><xs:sequence>{content}</xs:sequence></xs:complexType>"


def main() -> None:
    """Serve on the socket that the parent handed over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("socket", type=int)
    given = parser.parse_args()
    end_with_parent()
    app = InsuranceService(given.folder, os.environ["INSURANCE_USER"], os.environ["INSURANCE_PASSWORD"]).make_app()
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(
        sockets=[socket.socket(fileno=given.socket)]
    )


if __name__ == "__main__":
    main()
