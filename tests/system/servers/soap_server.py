"""A SOAP service of a civil-status register: a list by pages and a record by key, over X-Road where a test wants it.

Its WSDL is written by hand, document/literal. `trouble` is what it does wrong, with the number of calls after which it stops.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

NS = "http://hotich.example.vn/1"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XRD = "http://x-road.eu/xsd/xroad.xsd"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PATIENCE_S = 1.5
"""How long those wait to whom the service is to be slow."""
IDENTIFIERS = "http://x-road.eu/xsd/identifiers"

SCHEMA = f"""<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{NS}" targetNamespace="{NS}" elementFormDefault="qualified">
  <xs:complexType name="CongDan"><xs:sequence>
    <xs:element name="id" type="xs:long"/>
    <xs:element name="hoTen" type="xs:string"/>
    <xs:element name="ngaySinh" type="xs:date" nillable="true"/>
    <xs:element name="phi" type="xs:decimal" minOccurs="0"/>
    <xs:element name="capNhat" type="xs:dateTime" minOccurs="0"/>
    <xs:element name="diaChi" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="xa" type="xs:string"/><xs:element name="tinh" type="xs:string" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="con" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="ten" type="xs:string"/><xs:element name="sinh" type="xs:date" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="soDienThoai" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence><xs:attribute name="phienBan" type="xs:string"/></xs:complexType>
  <xs:element name="danhSach"><xs:complexType><xs:sequence>
    <xs:element name="trang" type="xs:int" minOccurs="0"/><xs:element name="viTri" type="xs:int" minOccurs="0"/>
    <xs:element name="the" type="xs:string" minOccurs="0"/><xs:element name="soDong" type="xs:int" minOccurs="0"/>
    <xs:element name="tu" type="xs:string" minOccurs="0"/>
    <xs:element name="loc" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="xa" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="danhSachResponse"><xs:complexType><xs:sequence>
    <xs:element name="tongSoTrang" type="xs:int" minOccurs="0"/><xs:element name="tongSo" type="xs:int" minOccurs="0"/>
    <xs:element name="theSau" type="xs:string" minOccurs="0"/>
    <xs:element name="ketQua" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="congDan" type="t:CongDan" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="traCuu"><xs:complexType><xs:sequence>
    <xs:element name="ma" type="xs:string" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="traCuuResponse"><xs:complexType><xs:sequence>
    <xs:element name="ketQua" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="congDan" type="t:CongDan" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


def wsdl(address: str, schema: str = "hotich.xsd") -> str:
    """The description, with the service's address and where its schema is."""
    operations = ("danhSach", "traCuu")
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
    xmlns:t="{NS}" xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NS}">
  <types><xs:schema><xs:import namespace="{NS}" schemaLocation="{schema}"/></xs:schema></types>
  {messages}
  <portType name="hoTich">{port}</portType>
  <binding name="hoTichBinding" type="t:hoTich">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bound}
  </binding>
  <service name="hoTichService"><port name="hoTichPort" binding="t:hoTichBinding">
    <soap:address location="{address}"/></port></service>
</definitions>"""


@dataclass
class Register:
    """The service: its people, what it was asked, and what it does wrong."""

    people: list[str] = field(default_factory=list)
    size: int = 2
    trouble: str = ""
    for_calls: int = 1_000
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    calls: int = 0
    fetched: int = 0
    password: str = ""
    token: str = ""
    """Which user name token is wanted: "digest" or "text"; none where it is empty."""
    parts: str = ""
    """How attachments are sent: "mtom"; or what is wrong with them. The people's texts that begin with cid: are references."""

    def begin(self, people: list[str]) -> None:
        """Forget all, and hold these people."""
        self.people, self.trouble, self.for_calls, self.password = people, "", 1_000, ""
        self.asked, self.headers, self.calls, self.fetched = [], [], 0, 0
        self.token, self.parts = "", ""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/hotich", self.describe, methods=["GET"]),
                Route("/hotich.xsd", self.schema, methods=["GET"]),
                Route("/hotich", self.answer, methods=["POST"]),
            ]
        )

    async def describe(self, request: Request) -> Response:
        self.fetched += 1
        return Response(wsdl(str(request.url).partition("?")[0]), media_type="text/xml")

    async def schema(self, request: Request) -> Response:
        return Response(SCHEMA, media_type="text/xml")

    async def answer(self, request: Request) -> Response:
        self.calls += 1
        wanted = f"Basic {base64.b64encode(f'hub:{self.password}'.encode()).decode()}"
        if self.password and not self.token and request.headers.get("authorization") != wanted:
            return Response("no", 401)
        if self.trouble == "slow" and self.calls <= self.for_calls:
            await asyncio.sleep(2 * PATIENCE_S)
            return Response(b"", 200)
        if self.trouble == "drips" and self.calls <= self.for_calls:
            return StreamingResponse(drips(), media_type="text/xml", headers={"Content-Length": "100000"})
        if self.trouble and self.calls <= self.for_calls and self.trouble in TROUBLES:
            return TROUBLES[self.trouble]()
        document = etree.fromstring(await request.body())
        self.headers.append(document.find(f"{{{SOAP}}}Header"))
        if self.token and not self.proved(document):
            return fault("FailedAuthentication", prefix="wsse")
        call = document.find(f"{{{SOAP}}}Body")[0]
        asked: dict[str, Any] = {}
        for element in call.iter():
            name = etree.QName(element).localname
            asked[name] = f"{asked[name]},{element.text}" if name in asked else element.text
        self.asked.append(asked)
        operation = etree.QName(call).localname
        body = self.found(asked) if operation == "traCuu" else self.page(asked)
        content = envelope(f'<{operation}Response xmlns="{NS}">{body}</{operation}Response>')
        if self.trouble == "truncated" and self.calls <= self.for_calls:
            content = content[: len(content) // 2]
        return attached(content, self.parts) if self.parts else Response(content, media_type="text/xml")

    def proved(self, document: Any) -> bool:
        """Whether the message has the user name token that is wanted, made as UsernameToken Profile 1.1 says."""
        (token,) = document.iter(f"{{{WSSE}}}UsernameToken")
        password = token.find(f"{{{WSSE}}}Password")
        if not password.get("Type").endswith(f"#Password{self.token.capitalize()}"):
            return False
        wanted = self.password
        if self.token == "digest":
            nonce = base64.b64decode(token.find(f"{{{WSSE}}}Nonce").text)
            created = token.find(f"{{{WSU}}}Created").text
            made = hashlib.sha1(nonce + created.encode() + self.password.encode()).digest()
            wanted = base64.b64encode(made).decode()
        return bool(token.find(f"{{{WSSE}}}Username").text == "hub" and password.text == wanted)

    def found(self, asked: dict[str, Any]) -> str:
        keys = asked["ma"].split(",")
        return listed([p for p in self.people if any(f"<id>{key}</id>" in p for key in keys)])

    def page(self, asked: dict[str, Any]) -> str:
        size = int(asked.get("soDong") or self.size)
        at = int(asked.get("viTri") or 0)
        if "trang" in asked:
            at = (int(asked["trang"]) - 1) * size
        if "soDong" in asked and "trang" not in asked and "viTri" not in asked:
            at = int(asked.get("the") or 0)
        if self.trouble == "repeats":
            at = 0
        if "soDong" not in asked:
            return listed(self.people)
        after = "1" if self.trouble == "loops" else str(at + size) if at + size < len(self.people) else ""
        pages = -(-len(self.people) // size)
        totals = f"<tongSoTrang>{pages}</tongSoTrang><tongSo>{len(self.people)}</tongSo>"
        return f"{totals}<theSau>{after}</theSau>{listed(self.people[at : at + size])}"


async def drips() -> AsyncIterator[bytes]:
    """An answer of which a byte comes at a time, each before anybody loses patience."""
    while True:
        yield b" "
        await asyncio.sleep(PATIENCE_S / 10)


def listed(people: list[str]) -> str:
    return f"<ketQua>{''.join(people)}</ketQua>" if people else ""


def person(number: int, name: str = "Lê Thị Bí Mật", *, changed: str = "2026-01-01T08:00:00", more: str = "") -> str:
    """One record, as XML."""
    return (
        f'<congDan phienBan="2"><id>{number}</id><hoTen>{escape(name)}</hoTen><ngaySinh>1980-02-03</ngaySinh>'
        f"<phi>15000.10</phi><capNhat>{changed}</capNhat><diaChi><xa>06820</xa></diaChi>{more}</congDan>"
    )


def envelope(body: str) -> bytes:
    return f'<?xml version="1.0"?><s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


PICTURE = bytes(range(256))


def attached(message: bytes, how: str) -> Response:
    """The message and a picture that it refers to, as MTOM sends them."""
    parts = [(b"<root@hub>", b'application/xop+xml; charset=UTF-8; type="text/xml"', message)]
    if how != "without it":
        parts.append((b"<picture@hub>", b"image/png", PICTURE))
    if how == "in another order":
        parts.reverse()
    body = b"".join(
        b"--edge\r\nContent-Type: " + kind + b"\r\nContent-ID: " + name + b"\r\n\r\n" + content + b"\r\n"
        for name, kind, content in parts
    )
    kind = 'multipart/related; type="application/xop+xml"; start="<root@hub>"; start-info="text/xml"; boundary="edge"'
    if how == "no boundary":
        kind = "multipart/related"
    return Response(body + b"--edge--\r\n", headers={"Content-Type": kind})


def picture(address: str = "cid:picture%40hub") -> str:
    """What a person has beside texts: a reference to a part."""
    return f'<anh><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="{address}"/></anh>'


def fault(code: str, status: int = 500, prefix: str = "s") -> Response:
    body = f"<s:Fault><faultcode>{prefix}:{code}</faultcode><faultstring>Lê Thị Bí Mật 079080000001</faultstring></s:Fault>"
    return Response(envelope(body), status, media_type="text/xml")


BOMB = (
    b'<!DOCTYPE a [<!ENTITY b "079080000001">]><s:Envelope xmlns:s="'
    + SOAP.encode()
    + b'"><s:Body>&b;</s:Body></s:Envelope>'
)
TROUBLES = {
    "html": lambda: Response("<!DOCTYPE html><html><body>Đăng nhập</body></html>", media_type="text/html"),
    "error 502": lambda: Response("bad gateway", 502),
    "error 404": lambda: Response("nothing", 404),
    "redirect": lambda: Response("", 302, {"location": "http://127.0.0.1:1/elsewhere"}),
    "dtd": lambda: Response(BOMB, media_type="text/xml"),
    "other answer": lambda: Response(envelope(f'<khac xmlns="{NS}"/>'), media_type="text/xml"),
    "no soap": lambda: Response("<a/>", media_type="text/xml"),
    **{
        f"fault {code}": (lambda code=code: fault(code))  # type: ignore[misc]  # a default keeps each code
        for code in (
            "Server",
            "Client",
            "Server.ServerProxy.ServiceFailed.NetworkError",
            "Server.ServerProxy.AccessDenied",
            "Server.ClientProxy.NetworkError",
            "Client.InvalidSoap",
        )
    },
}
"""What can go wrong, by name."""
