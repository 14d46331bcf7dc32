"""The log in the shapes of others: Estonia's findUsage, and the Dutch Logboek Dataverwerkingen as OTLP.

findUsage (data tracker, `dumonitor.wsdl`) gives `logtime`, `action` and `receiver` of each use. The Logboek has a span for each
action, with `dpl.core.processing_activity_id` and an encrypted `dpl.core.data_subject_id`: here the pseudonym of the month.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hub.ledger.log.entries import LogEntry
from hub.ledger.log.sentences import CitizenEntry, name_receiver, write_sentence

SCOPE = "hub.ledger"
SERVER_SPAN = 2
UNSET, ERROR = 0, 2
"""Status codes of OTLP. A refusal is no error of the hub, so it stays unset."""


def to_find_usage(told: Iterable[tuple[datetime, CitizenEntry]]) -> dict[str, Any]:
    """The answer of `findUsage` for one person: instants, each with what that person is told. The receiver is an authority, never a person."""
    return {
        "findUsageResponse": {
            "usage": [
                {
                    "logtime": at.isoformat(),
                    "action": write_sentence(entry).vi,
                    "receiver": name_receiver(entry).vi,
                }
                for at, entry in told
            ]
        }
    }


def to_otlp_spans(entries: Iterable[LogEntry], *, version: str) -> dict[str, Any]:
    """An `ExportTraceServiceRequest` in OTLP's JSON, to be posted to `/v1/traces`: a span for each person of each entry."""
    spans = [span for entry in entries for span in _make_spans(entry)]
    resource = [_attribute("service.name", "cross-sector-hub"), _attribute("service.version", version)]
    scope = {"scope": {"name": SCOPE, "version": version}, "spans": spans}
    return {"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [scope]}]}


def _make_spans(entry: LogEntry) -> Iterable[dict[str, Any]]:
    people = [(role, pseudonym) for role, pseudonyms in entry.people.items() for pseudonym in pseudonyms]
    if not people:
        return [_make_span(entry, None, None)]
    return [_make_span(entry, role, pseudonym) for role, pseudonym in people]


def _make_span(entry: LogEntry, role: str | None, pseudonym: str | None) -> dict[str, Any]:
    body = entry.body
    purpose = body.get("purpose") or "none"
    version = body.get("purposeVersion")
    activity = f"urn:hub:purpose:{purpose}" + (f":{version}" if version else "")
    place = f"{entry.stored.epoch.hex}:{entry.stored.number}"
    attributes = {
        "dpl.core.processing_activity_id": activity,
        "dpl.core.data_subject_id": pseudonym,
        "dpl.core.data_subject_id_type": pseudonym and f"urn:hub:pseudonym:{entry.at:%Y-%m}",
        "hub.role": role,
        "hub.outcome": body.get("outcome"),
        "hub.code": body.get("code"),
        "hub.principal": body.get("principal"),
        "hub.app": body.get("app"),
        "hub.office": body.get("office"),
        "hub.dossier": body.get("dossier"),
        "hub.record": place,
        "hub.record.sha256": entry.stored.hash.hex(),
    }
    at = str(int(entry.at.timestamp()) * 10**9 + entry.at.microsecond * 1000)
    return {
        "traceId": body.get("trace") or hashlib.sha256(place.encode()).hexdigest()[:32],
        "spanId": hashlib.sha256(f"{place}:{pseudonym}".encode()).hexdigest()[:16],
        "name": str(body.get("kind")),
        "kind": SERVER_SPAN,
        "startTimeUnixNano": at,
        "endTimeUnixNano": at,
        "status": {"code": ERROR if body.get("outcome") == "FAILED" else UNSET},
        "attributes": [_attribute(name, value) for name, value in attributes.items() if value is not None],
    }


def _attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}
