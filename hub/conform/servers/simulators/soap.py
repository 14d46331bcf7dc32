"""A SOAP service with the operations that the manifest names. Its WSDL is made of the rows: their names, nesting and types."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

from lxml import etree

from hub.conform.rows.row_edits import read_value_at
from hub.conform.rows.samples import Row
from hub.conform.servers.simulators.base import Rows, SourceSimulator, write_secret
from hub.conform.servers.simulators.rest import FAULTS, HEALING_FAULTS, PAGE_ROWS, QuietHttpServer, give_plain, is_since
from hub.conform.servers.simulators.wsdl import NAMESPACE, render_envelope, render_wsdl, shape_of
from hub.sdk.paging import CursorPaging, OffsetPaging, PagePaging
from hub.sdk.paths import set_value
from hub.sdk.streams import SoapStream

XML_HEADERS = {"Content-Type": "text/xml; charset=utf-8"}
Given = Mapping[str, list[str]]
"""Argument → the texts that a call gives for it; those within objects by path."""


class SoapSimulator(SourceSimulator):
    """A SOAP service, document/literal, without X-Road and whoever asks."""

    faults: ClassVar[frozenset[str]] = frozenset({
        "server_error", "stall", "reset", "half_close", "truncated", "html", "repeated_page", "looping_cursor", "garbage",
        "bomb",
    })  # fmt: skip

    def start(self) -> None:
        """Begin to serve."""
        self.rows: Rows = {}
        self.known: dict[str, Sequence[Row]] = {}
        self.played: set[str] = set()
        self.released = threading.Event()
        server = QuietHttpServer(("127.0.0.1", 0), _make_soap_handler(self))
        server.daemon_threads = True
        self.address = f"http://127.0.0.1:{server.server_address[1]}/"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.stack.callback(server.server_close)
        self.stack.callback(server.shutdown)
        self.stack.callback(self.released.set)
        self.point({}, dict(map(_with_small_pages, self.declared.streams.items())))  # type: ignore[arg-type]  # these are SoapStream
        changes: dict[str, object] = {
            "wsdl": write_secret(self.folder, "wsdl", f"{self.address}?wsdl"),
            "endpoint": None,
        }
        changes |= {"auth": None, "xroad": None}
        self.manifest = self.manifest.model_copy(update={"source": self.manifest.source.model_copy(update=changes)})

    def put(self, rows: Rows) -> None:
        """Have these rows. Of a list without rows, the description stays as it was."""
        self.rows = dict(rows)
        self.known |= {name: given for name, given in rows.items() if given}

    def break_(self, fault: str) -> None:
        """Misbehave from now on, each operation once where the fault passes."""
        super().break_(fault)
        self.played.clear()

    def release_clients(self) -> None:
        """Let go of calls that are held."""
        self.released.set()
        self.released = threading.Event()

    @property
    def streams(self) -> Mapping[str, SoapStream]:
        """The streams, as their kind."""
        return {name: s for name, s in self.manifest.streams.items() if isinstance(s, SoapStream)}

    def described(self) -> bytes:
        """The WSDL."""
        asked: dict[str, Any] = {}
        answered: dict[str, list[Any]] = {}
        for name, stream in self.streams.items():
            names = [*stream.arguments, *_paging_arguments(stream), *([stream.since.parameter] if stream.since else [])]
            example = asked.setdefault(stream.operation, {})
            for argument in names:
                set_value(example, argument, "x")
            whole = self.document(stream, self.known.get(name, ()), 0)
            set_value(whole, stream.records, list(self.known.get(name, ())))
            answered.setdefault(stream.operation, []).append(whole)
            if stream.lookup is not None:
                set_value(asked.setdefault(stream.lookup.operation, {}), stream.lookup.argument, ["x"])
                document = set_value({}, stream.records, list(self.known.get(name, ())))
                answered.setdefault(stream.lookup.operation, []).append(document)
        return render_wsdl(self.address, {o: (shape_of([asked[o]]), shape_of(answered[o])) for o in answered})

    def document(self, stream: SoapStream, rows: Sequence[Row], at: int, *, looping: bool = False) -> Any:
        """The answer that has the rows of one page, or all of them if there are no pages."""
        some = list(rows) if stream.paging is None else list(rows[at : at + PAGE_ROWS])
        document = set_value({}, stream.records, some)
        further = at + PAGE_ROWS if at + PAGE_ROWS < len(rows) else None
        match stream.paging:
            case PagePaging() if stream.paging.total_pages:
                set_value(document, stream.paging.total_pages, max(1, -(-len(rows) // PAGE_ROWS)))
            case OffsetPaging() if stream.paging.total:
                set_value(document, stream.paging.total, len(rows))
            case CursorPaging():
                following = 0 if looping else further
                set_value(document, stream.paging.next, None if following is None else f"after-{following}")
        return document

    def answer(self, operation: str, given: Given) -> tuple[bytes, str | None]:
        """The answer to a call, and the fault with which it is sent."""
        for name, stream in self.streams.items():
            rows = self.rows.get(name, ())
            if stream.lookup is not None and operation == stream.lookup.operation:
                keys = given.get(stream.lookup.argument, [])
                found = [row for row in rows if str(read_value_at(row, stream.key[0])) in keys]
                return render_envelope(f"{operation}Response", set_value({}, stream.records, found)), None
            if operation == stream.operation and all(given.get(k) == [v] for k, v in stream.arguments.items()):
                return self._listed(name, stream, [row for row in rows if _is_wanted(row, stream, given)], given)
        return render_envelope(f"{operation}Response", {}), None

    def _listed(self, name: str, stream: SoapStream, rows: Sequence[Row], given: Given) -> tuple[bytes, str | None]:
        at = _first_position(stream, given)
        fault = self.fault if at + PAGE_ROWS >= len(rows) or stream.paging is None else None
        if fault in HEALING_FAULTS:
            fault = None if name in self.played else fault
            self.played.add(name)
        if self.fault == "repeated_page":
            at = 0
        document = self.document(stream, rows, at, looping=fault == "looping_cursor")
        return render_envelope(f"{stream.operation}Response", document), fault


def _with_small_pages(named: tuple[str, SoapStream]) -> tuple[str, SoapStream]:
    name, stream = named
    if stream.paging is None:
        return name, stream
    return name, stream.model_copy(update={"paging": stream.paging.model_copy(update={"size": PAGE_ROWS})})


def _paging_arguments(stream: SoapStream) -> list[str]:
    paging = stream.paging
    return [name for name in (paging.parameter, paging.size_parameter) if name] if paging else []


def _is_wanted(row: Row, stream: SoapStream, given: Given) -> bool:
    since = given.get(stream.since.parameter) if stream.since else None
    if stream.since is None or not since or stream.cursor is None:
        return True
    return is_since(row, stream.cursor, since[0], stream.since.format)


def _first_position(stream: SoapStream, given: Given) -> int:
    """The first row of the page that is asked for."""
    paging = stream.paging
    text = given.get(paging.parameter, [""])[0] if paging else ""
    match paging:
        case PagePaging():
            return (int(text or paging.first) - paging.first) * PAGE_ROWS
        case OffsetPaging():
            return int(text or 0)
        case CursorPaging():
            return int((text or "after-0").removeprefix("after-"))
    return 0


def _make_soap_handler(world: SoapSimulator) -> type[BaseHTTPRequestHandler]:
    class SoapHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        world: SoapSimulator

        def do_GET(self) -> None:
            with suppress(OSError):
                give_plain(self, self.world.described(), headers=XML_HEADERS)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            call = etree.fromstring(body).find("{http://schemas.xmlsoap.org/soap/envelope/}Body/*")  # ours
            answer, fault = self.world.answer(etree.QName(call).localname, _read_arguments(call))
            act = FAULTS.get(fault or "")
            with suppress(OSError):
                if act is None:
                    give_plain(self, answer, headers=XML_HEADERS)
                else:
                    act(self, answer)

        @property
        def handler(self) -> BaseHTTPRequestHandler:
            """What misdeeds are done with."""
            return self

        @property
        def released(self) -> threading.Event:
            """Set when a call that is held is to end."""
            return self.world.released

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    SoapHandler.world = world
    return SoapHandler


def _read_arguments(call: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in call.iter(f"{{{NAMESPACE}}}*"):
        if element is not call and not len(element):
            steps = [
                etree.QName(a).localname for a in element.iterancestors() if a in set(call.iter()) and a is not call
            ]
            found.setdefault(".".join([*reversed(steps), etree.QName(element).localname]), []).append(
                element.text or ""
            )
    return found
