"""A receiver of OTLP over HTTP: it takes in what an exporter sends, and decodes it with the protocol's own classes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class ReceivedSpan:
    """A span as it came over the network."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    status: int
    attributes: dict[str, Any]
    service: str


@dataclass
class Receiver:
    """What has come so far. `bodies` are the bytes."""

    url: str
    spans: list[ReceivedSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def wait_for(self, name: str, count: int = 1, **attributes: Any) -> list[ReceivedSpan]:
        """Wait until so many spans of this name, with these attributes, have come."""
        until = time.monotonic() + 60
        while True:
            found = [s for s in self.spans if s.name == name and attributes.items() <= s.attributes.items()]
            if len(found) >= count:
                return found
            assert time.monotonic() < until, sorted({s.name for s in self.spans})
            time.sleep(0.05)

    def find_children(self, parent: ReceivedSpan) -> list[str]:
        """Names of the spans right below one."""
        return [s.name for s in self.spans if s.parent_id == parent.span_id]


@contextmanager
def receive_traces(port: int = 0) -> Iterator[Receiver]:
    """Receive while the block runs."""
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
            receiver.bodies.append(body)
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                facts = {pair.key: pair.value.string_value for pair in group.resource.attributes}
                for scope in group.scope_spans:
                    receiver.spans += [_read_span(span, facts["service.name"]) for span in scope.spans]
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join(10)


def _read_span(span: Any, service: str) -> ReceivedSpan:
    attributes = {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return ReceivedSpan(span.name, *ids, span.kind, span.status.code, attributes, service)
