"""Pushing the log to a collector of OpenTelemetry: OTLP over HTTP in JSON, each record once or, if an answer was lost, twice.

Chains have no order among them, so it is kept for each chain how far it was sent. A span's id follows from its record: a collector can tell
one that it has already.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
from psycopg import Connection

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ledger.log.entries import LogEntry, read_entry
from hub.ledger.log.exports import to_otlp_spans
from hub.ledger.months import month_of
from hub.trusted_certificates import load_trusted_certificates

STATE_FORMAT = 1
MAX_STATE_BYTES = 20_000_000
MAX_SPANS = 1_000
"""Spans of one request; a record with more people is sent alone."""
READ_RECORDS = 500
TIMEOUT_S = 10.0
FIRST_REST_S, LONGEST_REST_S = 1.0, 30.0
MAX_ANSWER_BYTES = 65_536
RETRIED = frozenset({429, 502, 503, 504})
"""Answers after which a collector may take the same request later, as OTLP has it."""
CHAINS = """
select e.id, e.month, e.ended_at is not null, h.number from ledger.epoch e
cross join lateral ledger.chain_head(e.id, e.month) h
where e.month >= %s and h.number is not null and exists (select from ledger.month m where m.first_day = e.month and m.dropped_at is null)
order by e.month, e.begun_at, e.id"""
RECORDS = """
select r.epoch, r.number, r.record, r.hash, r.at, null from ledger.record r
where r.month = %s and r.epoch = %s and r.number > %s and r.number <= %s order by r.number limit %s"""


class CollectorUnavailable(SourceUnavailable):
    """The collector did not take the spans; what it has taken is remembered."""

    code = "COLLECTOR_UNAVAILABLE"


@dataclass
class PushState:
    """How far each chain was sent. All chains of months before `month` were sent to their end."""

    month: date = date(2000, 1, 1)
    sent: dict[UUID, int] = field(default_factory=dict)

    def forget_before(self, month: date, chains_since: set[UUID]) -> None:
        """Begin with this month, and keep the positions sent of its chains and of later ones only."""
        self.month = month
        self.sent = {epoch: number for epoch, number in self.sent.items() if epoch in chains_since}


def load_state(path: Path) -> PushState:
    """The state in a file; that of the beginning if there is none. Raises HubMisconfigured if it is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_STATE_BYTES + 1)
        found = orjson.loads(content)
        if len(content) > MAX_STATE_BYTES or found["format"] != STATE_FORMAT:
            raise ValueError("format")
        return PushState(
            date.fromisoformat(found["month"]), {UUID(epoch): int(last) for epoch, last in found["sent"].items()}
        )
    except FileNotFoundError:
        return PushState()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise HubMisconfigured(
            f"{path} is no state of a push, or cannot be read",
            next_step="name the file of the last push; with a new name everything is sent again",
        ) from None


def save_state(path: Path, state: PushState) -> None:
    """Replace the file whole: after a crash it has what it had, or this. Raises HubMisconfigured if it cannot be written."""
    told = {"format": STATE_FORMAT, "month": state.month, "sent": {str(epoch): n for epoch, n in state.sent.items()}}
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(orjson.dumps(told))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise HubMisconfigured(
            f"{path} cannot be written: {error.strerror}", next_step="name a file in a folder that you may write to"
        ) from None


@dataclass
class LogCollector:
    """A collector at the address of its `/v1/traces`. `patience_s` is how long one request is tried again."""

    url: str
    token: str | None = None
    patience_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    _client: httpx2.Client | None = None

    def send(self, document: dict[str, Any]) -> None:
        """Return when the collector has taken the spans. Raises CollectorUnavailable; its words never have the address or an answer."""
        body, deadline, rest_s = orjson.dumps(document), time.monotonic() + self.patience_s, FIRST_REST_S
        while True:
            reason, wait_s = self._try(body)
            if reason is None:
                return
            left_s = deadline - time.monotonic()
            rest_s = rest_s if wait_s is None else wait_s
            if rest_s > left_s:
                raise CollectorUnavailable(
                    f"the collector did not take the spans: {reason}",
                    next_step="run it again: it continues after the last accepted span",
                )
            self.sleep(rest_s)
            rest_s = min(LONGEST_REST_S, 2 * rest_s)

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def _try(self, body: bytes) -> tuple[str | None, float | None]:
        """Why it was not taken, None if it was; and how long the collector asks to wait. Raises CollectorUnavailable for good."""
        headers = {"content-type": "application/json"} | (
            {"authorization": f"Bearer {self.token}"} if self.token else {}
        )
        if self._client is None:
            self._client = httpx2.Client(
                verify=load_trusted_certificates(), timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
            )
        try:
            with self._client.stream("POST", self.url, content=body, headers=headers) as response:
                answer = b""
                for part in response.iter_bytes():
                    answer += part
                    if len(answer) > MAX_ANSWER_BYTES:
                        break
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return type(error).__name__, None
        if response.status_code in RETRIED:
            asked = response.headers.get("retry-after", "")
            return f"HTTP {response.status_code}", min(float(asked), 600.0) if asked.isdigit() else None
        if not response.is_success:
            raise CollectorUnavailable(
                f"the collector refused the spans: HTTP {response.status_code}",
                next_step="check the address, which ends in /v1/traces, and the token; nothing that was refused is skipped",
            )
        rejected = _count_rejected(answer)
        if rejected:
            raise CollectorUnavailable(
                f"the collector rejected {rejected} spans of a request",
                next_step="see its own log for why; run it again after it is mended: these spans are sent again",
            )
        return None, None


def _count_rejected(answer: bytes) -> int:
    """Spans that an ExportTraceServiceResponse says were rejected; 0 for an answer that says nothing of it."""
    try:
        return int((orjson.loads(answer).get("partialSuccess") or {}).get("rejectedSpans") or 0)
    except (ValueError, AttributeError, TypeError):
        return 0


def push_log(
    connection: Connection[Any],
    collector: LogCollector,
    state: PushState,
    save: Callable[[PushState], None],
    *,
    version: str,
    since: date | None = None,
) -> int:
    """Send every record after those that were sent, on an autocommit connection. Returns how many. `save` is called after each request.

    `since`: of nothing sent yet, begin with the chains of this month. Raises CollectorUnavailable.
    """
    if since is not None and not state.sent:
        state.month = max(state.month, since)
    chains = connection.execute(CHAINS, (state.month,)).fetchall()
    sent = 0
    for epoch, month, _, last in chains:
        for entries in _cut_requests(_read_chain(connection, (month, epoch), state.sent.get(epoch, -1), last)):
            collector.send(to_otlp_spans(entries, version=version))
            state.sent[epoch] = entries[-1].stored.number
            sent += len(entries)
            save(state)
    still_open = [month for _, month, has_ended, _ in chains if not has_ended]
    # One month more: a machine whose clock is behind may begin a chain in the month before.
    done = month_of_day_before(min([month_of(datetime.now(UTC)), *still_open]))
    if done > state.month:
        state.forget_before(done, {epoch for epoch, month, _, _ in chains if month >= done})
    save(state)
    return sent


def month_of_day_before(first_day: date) -> date:
    """The month before the one that begins on this day."""
    return (first_day - timedelta(days=1)).replace(day=1)


def _read_chain(connection: Connection[Any], chain: tuple[date, UUID], after: int, last: int) -> Iterator[LogEntry]:
    while rows := connection.execute(RECORDS, (*chain, after, last, READ_RECORDS)).fetchall():
        yield from map(read_entry, rows)
        after = rows[-1][1]


def _cut_requests(entries: Iterator[LogEntry]) -> Iterator[list[LogEntry]]:
    """Entries that go into one request: at most MAX_SPANS spans, one for each person."""
    waiting, spans = list[LogEntry](), 0
    for entry in entries:
        people = max(1, sum(map(len, entry.people.values())))
        if waiting and spans + people > MAX_SPANS:
            yield waiting
            waiting, spans = [], 0
        waiting.append(entry)
        spans += people
    if waiting:
        yield waiting
