"""X-Road: the headers of a message to a security server, and the meaning of its fault codes.

Source: X-Road Message Protocol v4.0 (PR-MESS), sections 2.1, 2.2 and 2.5. Every call has its own id. The service is
named by the provider's subsystem and the operation.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from lxml import etree

from hub.errors import HubError, HubMisconfigured, SourceUnavailable
from hub.sdk.sources import XRoad

MESSAGE_NAMESPACE = "http://x-road.eu/xsd/xroad.xsd"
IDENTIFIERS_NAMESPACE = "http://x-road.eu/xsd/identifiers"
PROTOCOL_VERSION = "4.0"
NAMESPACE_PREFIXES = {"xrd": MESSAGE_NAMESPACE, "id": IDENTIFIERS_NAMESPACE}
IDENTIFIER_PARTS = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode")


@dataclass(frozen=True)
class FaultRule:
    """The meaning of a fault code, whether a retry may help, and what to do."""

    pattern: str
    error: type[HubError]
    may_pass: bool
    next_step: str


XROAD_FAULTS = (
    FaultRule(
        r"Client\b",
        HubMisconfigured,
        False,
        "correct `xroad` and the operation: our security server does not accept this message",
    ),
    FaultRule(
        r"Server\.\w+\b.*\b(AccessDenied|UnknownService|UnknownMember|ServiceDisabled)",
        SourceUnavailable,
        False,
        "ask the provider to grant our subsystem access to the service, and compare `xroad` with the registered names",
    ),
    FaultRule(
        r"Server\.ClientProxy",
        SourceUnavailable,
        True,
        "check our own security server: its connection, keys and certificates",
    ),
    FaultRule(
        r"Server\.ServerProxy",
        SourceUnavailable,
        True,
        "ask the provider to check their security server and the service behind it",
    ),
)
"""Matched against the beginning of the code; the first match counts."""
SOAP_FAULTS = (
    FaultRule(r"(Server|Receiver)\b", SourceUnavailable, True, "try again later, and report the code to the owner"),
    FaultRule(
        r"",
        SourceUnavailable,
        False,
        "compare `arguments` with the service's description, and report the code to the owner",
    ),
)
"""For services without X-Road, and for those behind it."""


def build_headers(xroad: XRoad, operation: str, where: str) -> list[Any]:
    """Return the header elements of one call. Raises HubMisconfigured if an identifier is invalid."""
    made = [
        _build_identifier("client", xroad.client, where),
        _build_identifier("service", xroad.service, where, serviceCode=operation, serviceVersion=xroad.version),
    ]
    texts = {
        "userId": xroad.user_id,
        "id": str(uuid.uuid4()),
        "issue": xroad.issue,
        "protocolVersion": PROTOCOL_VERSION,
    }
    for name, text in texts.items():
        if text is not None:
            made.append(_build_element(MESSAGE_NAMESPACE, name, text))
    return made


def find_rule(code: str, *, xroad: bool) -> FaultRule:
    """Return the meaning of a fault's code."""
    rules = (*XROAD_FAULTS, *SOAP_FAULTS) if xroad else SOAP_FAULTS
    return next(rule for rule in rules if re.match(rule.pattern, code))


def _build_identifier(name: str, given: str, where: str, **service: str | None) -> Any:
    codes = given.split("/")
    if len(codes) not in (3, 4) or not all(codes):
        raise HubMisconfigured(
            f"{where}: xroad.{name} is not a valid identifier", next_step="write it as INSTANCE/CLASS/MEMBER/SUBSYSTEM"
        )
    kind = "SERVICE" if service else "SUBSYSTEM" if len(codes) == len(IDENTIFIER_PARTS) else "MEMBER"
    found = _build_element(MESSAGE_NAMESPACE, name, None)
    found.set(f"{{{IDENTIFIERS_NAMESPACE}}}objectType", kind)
    for part, code in (*zip(IDENTIFIER_PARTS, codes, strict=False), *service.items()):
        if code is not None:
            found.append(_build_element(IDENTIFIERS_NAMESPACE, part, code))
    return found


def _build_element(namespace: str, name: str, text: str | None) -> Any:
    made = etree.Element(f"{{{namespace}}}{name}", nsmap=NAMESPACE_PREFIXES)
    made.text = text
    return made
