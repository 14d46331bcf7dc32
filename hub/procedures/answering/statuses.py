"""Status and reason of an answer: the findings about a requirement, and the one order that decides which finding counts.

Everything that is found out about a value is a `Finding`. An answer has the status of its strongest finding and the reasons of all,
in the order of `PRECEDENCE`. So "the source is down" can never look like "there is none": both are found, and the former is stronger.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple


class AnswerStatus(Enum):
    """What the hub can say to a requirement."""

    __hash__ = object.__hash__  # Enum's own, in Python, was a twentieth of a prefill: findings are kept in sets

    HELD = "HELD"
    MISSING = "MISSING"
    STALE = "STALE"
    CONTRADICTORY = "CONTRADICTORY"
    UNCONFIRMED = "UNCONFIRMED"
    UNAVAILABLE = "UNAVAILABLE"
    ASKED_OF_CITIZEN = "ASKED_OF_CITIZEN"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Reason(Enum):
    """Why an answer has its status."""

    __hash__ = object.__hash__  # as above

    RULE = "RULE"
    NO_ITEM = "NO_ITEM"
    SEALED = "SEALED"
    RESTRICTED = "RESTRICTED"
    NOT_CONNECTED = "NOT_CONNECTED"
    NEVER_READ = "NEVER_READ"
    SOURCE_DOWN = "SOURCE_DOWN"
    DEFERRED = "DEFERRED"
    NOT_SWEPT = "NOT_SWEPT"
    TRUNCATED = "TRUNCATED"
    SOURCES_DIFFER = "SOURCES_DIFFER"
    NAMED_OTHERWISE = "NAMED_OTHERWISE"
    LINK_UNCONFIRMED = "LINK_UNCONFIRMED"
    LINK_PROBABLE = "LINK_PROBABLE"
    LOOKUP_FAILED = "LOOKUP_FAILED"
    TOO_OLD = "TOO_OLD"
    SUBJECT_ABSENT = "SUBJECT_ABSENT"
    SUBJECT_UNMATCHED = "SUBJECT_UNMATCHED"
    NOT_LINKED = "NOT_LINKED"
    NOT_RECORDED = "NOT_RECORDED"
    NO_RECORD = "NO_RECORD"
    CHOICE_OPEN = "CHOICE_OPEN"
    ONLY_THE_CITIZEN_KNOWS = "ONLY_THE_CITIZEN_KNOWS"


class Finding(NamedTuple):
    """One thing found out about a value."""

    status: AnswerStatus
    reason: Reason


PRECEDENCE: tuple[Finding, ...] = (
    Finding(AnswerStatus.NOT_APPLICABLE, Reason.RULE),
    Finding(AnswerStatus.NOT_APPLICABLE, Reason.NO_ITEM),
    Finding(AnswerStatus.NOT_APPLICABLE, Reason.SUBJECT_ABSENT),
    Finding(AnswerStatus.UNAVAILABLE, Reason.SEALED),
    Finding(AnswerStatus.UNAVAILABLE, Reason.RESTRICTED),
    Finding(AnswerStatus.UNAVAILABLE, Reason.NOT_CONNECTED),
    Finding(AnswerStatus.UNAVAILABLE, Reason.NEVER_READ),
    Finding(AnswerStatus.UNAVAILABLE, Reason.SOURCE_DOWN),
    Finding(AnswerStatus.UNAVAILABLE, Reason.DEFERRED),
    Finding(AnswerStatus.UNAVAILABLE, Reason.NOT_SWEPT),
    Finding(AnswerStatus.UNAVAILABLE, Reason.TRUNCATED),
    Finding(AnswerStatus.CONTRADICTORY, Reason.SOURCES_DIFFER),
    Finding(AnswerStatus.CONTRADICTORY, Reason.NAMED_OTHERWISE),
    Finding(AnswerStatus.UNCONFIRMED, Reason.LINK_UNCONFIRMED),
    Finding(AnswerStatus.UNCONFIRMED, Reason.LINK_PROBABLE),
    Finding(AnswerStatus.STALE, Reason.TOO_OLD),
    Finding(AnswerStatus.STALE, Reason.SOURCE_DOWN),
    Finding(AnswerStatus.STALE, Reason.DEFERRED),
    Finding(AnswerStatus.STALE, Reason.LOOKUP_FAILED),
    Finding(AnswerStatus.MISSING, Reason.SUBJECT_UNMATCHED),
    Finding(AnswerStatus.MISSING, Reason.NOT_LINKED),
    Finding(AnswerStatus.MISSING, Reason.NOT_RECORDED),
    Finding(AnswerStatus.MISSING, Reason.NO_RECORD),
    Finding(AnswerStatus.ASKED_OF_CITIZEN, Reason.CHOICE_OPEN),
    Finding(AnswerStatus.ASKED_OF_CITIZEN, Reason.ONLY_THE_CITIZEN_KNOWS),
)
"""Every finding there is, the strongest first. With none of them a value is held."""

RANK: Mapping[Finding, int] = {finding: rank for rank, finding in enumerate(PRECEDENCE)}
SETTLED = frozenset({AnswerStatus.HELD, AnswerStatus.NOT_APPLICABLE})
"""Nobody is asked for a value with one of these statuses."""

STATUS_MEANINGS: Mapping[AnswerStatus, str] = {
    AnswerStatus.HELD: "The state holds it for sure, and recently enough: it must not be asked for.",
    AnswerStatus.MISSING: "The source was read and does not hold it.",
    AnswerStatus.STALE: "Held, but confirmed longer ago than the requirement allows.",
    AnswerStatus.CONTRADICTORY: "Sources hold different values: see `losingValues`. A person has to look.",
    AnswerStatus.UNCONFIRMED: "Held by a link that nobody has confirmed: a person has to look.",
    AnswerStatus.UNAVAILABLE: "The hub cannot say whether the state holds it.",
    AnswerStatus.ASKED_OF_CITIZEN: "Only the citizen can say.",
    AnswerStatus.NOT_APPLICABLE: "Not asked in this case.",
}

REASON_MEANINGS: Mapping[Reason, str] = {
    Reason.RULE: "The requirement's own rule says that it does not apply here.",
    Reason.NO_ITEM: "It is asked of each item of a list, and there is none.",
    Reason.SEALED: "The answer has data of a sealed identity: ask the office that sealed it.",
    Reason.RESTRICTED: "The answer has data of a person whose processing is restricted: ask the data protection officer.",
    Reason.NOT_CONNECTED: "No system of the holding sector is connected.",
    Reason.NEVER_READ: "The hub has never read the source completely.",
    Reason.SOURCE_DOWN: "The last read of the source failed.",
    Reason.DEFERRED: "The source was not read on time: its quota was used up, or it was in maintenance.",
    Reason.NOT_SWEPT: "The last complete read of the source is older than the requirement allows, so nothing found means nothing.",
    Reason.TRUNCATED: "There are more records than one page has.",
    Reason.SOURCES_DIFFER: "Values that should agree differ.",
    Reason.NAMED_OTHERWISE: "The record names the person otherwise than the register does.",
    Reason.LINK_UNCONFIRMED: "Candidates were found, and none is accepted.",
    Reason.LINK_PROBABLE: "The link is probable, and the requirement demands a confirmed one.",
    Reason.LOOKUP_FAILED: "The source was asked for the current value and did not answer.",
    Reason.TOO_OLD: "The source confirmed the value longer ago than the requirement allows.",
    Reason.SUBJECT_ABSENT: "The dossier has no subject in this optional role.",
    Reason.SUBJECT_UNMATCHED: "The hub holds no such subject.",
    Reason.NOT_LINKED: "The record names a subject that the hub did not find.",
    Reason.NOT_RECORDED: "The record is there, and the value in it is empty.",
    Reason.NO_RECORD: "The source has no such record.",
    Reason.CHOICE_OPEN: "There are several, and nobody has said which of them is meant.",
    Reason.ONLY_THE_CITIZEN_KNOWS: "No sector holds it.",
}


class Settlement(NamedTuple):
    """The status of an answer, and all its reasons, the strongest first. A held value has none."""

    status: AnswerStatus
    reasons: tuple[Reason, ...]


HELD = Settlement(AnswerStatus.HELD, ())


def settle_status(findings: Iterable[Finding]) -> Settlement:
    """The status and reasons that findings amount to. Raises KeyError for a finding that `PRECEDENCE` does not have."""
    distinct = set(findings)
    if not distinct:
        return HELD
    ordered = sorted(distinct, key=RANK.__getitem__)
    return Settlement(ordered[0].status, tuple(dict.fromkeys(finding.reason for finding in ordered)))
