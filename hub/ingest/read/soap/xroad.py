"""X-Road: the headers of a message to a security server, and what the codes of its faults mean.

Source: X-Road Message Protocol v4.0 (PR-MESS), sections 2.1, 2.2 and 2.5. Every call has an id of its own; the service is
named by the provider's subsystem and the operation.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Any

from lxml import etree

from hub.errors import HubError, HubMisconfigured, SourceUnavailable
from hub.sdk.sources import XRoad

MESSAGE = "http://x-road.eu/xsd/xroad.xsd"
IDENTIFIERS = "http://x-road.eu/xsd/identifiers"
VERSION = "4.0"
PREFIXES = {"xrd": MESSAGE, "id": IDENTIFIERS}
PARTS = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode")


@dataclass(frozen=True)
class FaultRule:
    """What the code of a fault means, whether it may pass by itself, and what to do."""

    pattern: str
    error: type[HubError]
    passes: bool
    next_step: str


XROAD_FAULTS = (
    FaultRule(
        r"Client\b",
        HubMisconfigured,
        False,
        "correct `xroad` and the operation: our security server takes no such message",
    ),
    FaultRule(
        r"Server\.\w+\b.*\b(AccessDenied|UnknownService|UnknownMember|ServiceDisabled)",
        SourceUnavailable,
        False,
        "ask the provider to give our subsystem access to the service, and compare `xroad` with what is registered",
    ),
    FaultRule(
        r"Server\.ClientProxy",
        SourceUnavailable,
        True,
        "see our own security server: its connection, keys and certificates",
    ),
    FaultRule(
        r"Server\.ServerProxy",
        SourceUnavailable,
        True,
        "ask the provider to look at their security server and the service behind it",
    ),
)
"""By the code's beginning, the first that fits."""
FAULTS = (
    FaultRule(r"(Server|Receiver)\b", SourceUnavailable, True, "try again later, and tell the owner the code"),
    FaultRule(
        r"", SourceUnavailable, False, "compare `arguments` with the service's description, and tell the owner the code"
    ),
)
"""Of services without X-Road, and of those behind it."""


def headers(xroad: XRoad, operation: str, where: str) -> list[Any]:
    """The header elements of one call. Raises HubMisconfigured where an identifier is none."""
    made = [
        _identifier("client", xroad.client, where),
        _identifier("service", xroad.service, where, serviceCode=operation, serviceVersion=xroad.version),
    ]
    texts = {"userId": xroad.user_id, "id": str(uuid.uuid4()), "issue": xroad.issue, "protocolVersion": VERSION}
    for name, text in texts.items():
        if text is not None:
            made.append(_element(MESSAGE, name, text))
    return made


def rule_of(code: str, *, xroad: bool) -> FaultRule:
    """What a fault's code means."""
    rules = (*XROAD_FAULTS, *FAULTS) if xroad else FAULTS
    return next(rule for rule in rules if re.match(rule.pattern, code))


def _identifier(name: str, given: str, where: str, **service: str | None) -> Any:
    codes = given.split("/")
    if len(codes) not in (3, 4) or not all(codes):
        raise HubMisconfigured(
            f"{where}: xroad.{name} is no identifier", next_step="write it as INSTANCE/CLASS/MEMBER/SUBSYSTEM"
        )
    kind = "SERVICE" if service else "SUBSYSTEM" if len(codes) == len(PARTS) else "MEMBER"
    found = _element(MESSAGE, name, None)
    found.set(f"{{{IDENTIFIERS}}}objectType", kind)
    for part, code in (*zip(PARTS, codes, strict=False), *service.items()):
        if code is not None:
            found.append(_element(IDENTIFIERS, part, code))
    return found


def _element(namespace: str, name: str, text: str | None) -> Any:
    made = etree.Element(f"{{{namespace}}}{name}", nsmap=PREFIXES)
    made.text = text
    return made
