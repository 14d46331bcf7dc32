"""A request whose body is there, and an answer that is ready, passed between the server and the application whole.

ASGI passes both in pieces: a coroutine and a dictionary for each, headers checked one by one, the head of an answer sent apart from its body. For a
keyed read that cost more than planning and reading it. Where a server does not offer this, or a message does not fit, the pieces of ASGI are used.
"""

from collections import Counter
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

KEY = "hub.whole_exchange"
"""Of the exchange in the scope of a request."""
Headers = list[tuple[bytes, bytes]]
NO_BODY = frozenset({204, 304})


class WholeExchange:
    """One request and its answer. `added_headers` are those of the layers around the application, which also count the answer in `statuses`."""

    __slots__ = ("_cycle", "added_headers", "status", "statuses")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self.added_headers: Headers = []
        self.statuses: Counter[int] | None = None
        self.status: int | None = None
        """Of the answer that was sent through this."""

    def take_body(self) -> bytes | None:
        """The body of the request if all of it has arrived; None if it has to be received."""
        cycle = self._cycle
        return None if cycle.more_body or cycle.disconnected else bytes(cycle.body)

    def send_answer(self, status: int, headers: Headers, body: bytes) -> bool:
        """Send a whole answer, whose length this adds. False if it has to be sent in pieces: nothing is sent then."""
        cycle = self._cycle
        if (
            cycle.response_started
            or cycle.disconnected
            or cycle.flow.write_paused
            or status in NO_BODY
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        head = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            head += (name, b": ", value, b"\r\n")
        for name, value in (*headers, *self.added_headers):
            # A value with an end of line in it would begin a header of its own; `connection` is for the server to understand.
            if b"\n" in value or b"\r" in value or name == b"connection":
                return False
            head += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            head.append(b"connection: close\r\n")
        head.append(b"content-length: %d\r\n\r\n" % len(body))
        self.status = status
        if self.statuses is not None:
            self.statuses[status] += 1
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.transport.writelines((b"".join(head), body))
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


def offer_exchange(cycle: RequestResponseCycle) -> None:
    """Let the application have the request of this cycle whole. Called before it runs."""
    scope: Scope = cycle.scope  # type: ignore[assignment]  # uvicorn's has no keys of others
    scope[KEY] = WholeExchange(cycle)


def find_exchange(scope: Scope) -> WholeExchange | None:
    """The exchange of a request; None if its server offers none."""
    found: Any = scope.get(KEY)
    return found if isinstance(found, WholeExchange) else None
