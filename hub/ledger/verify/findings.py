"""What a verification finds, and what each finding proves and does not prove."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_LISTED = 20
"""Findings of one kind that are listed; the others are counted."""


class Aspect(StrEnum):
    """What a finding is about."""

    INTEGRITY = "INTEGRITY"
    """Whether the stored entries are those that were written."""
    COMPLETENESS = "COMPLETENESS"
    """Whether all that was written is there."""


class Weight(StrEnum):
    """How much a finding says."""

    BROKEN = "BROKEN"
    """The ledger was changed, or its keeper failed."""
    EXPLAINED = "EXPLAINED"
    """Something is not there, and the ledger itself says why."""
    NOTE = "NOTE"
    """To be known; nothing is wrong."""


class LedgerVerdict(StrEnum):
    """The outcome for one aspect."""

    HOLDS = "HOLDS"
    HOLDS_WITH_GAPS = "HOLDS_WITH_GAPS"
    """As the ledger itself explains."""
    UNPROVEN = "UNPROVEN"
    """Nothing speaks against it, but nothing from outside of the database speaks for it."""
    BROKEN = "BROKEN"


@dataclass(frozen=True)
class FindingKind:
    """A kind of finding, with what it proves and what it does not."""

    code: str
    aspect: Aspect
    weight: Weight
    proves: str


INTEGRITY, COMPLETENESS = Aspect.INTEGRITY, Aspect.COMPLETENESS
BROKEN, EXPLAINED, NOTE = Weight.BROKEN, Weight.EXPLAINED, Weight.NOTE
KINDS: dict[str, FindingKind] = {
    kind.code: kind
    for kind in (
        FindingKind(
            "RECORD_CHANGED",
            INTEGRITY,
            BROKEN,
            "The bytes of the record, or its hash, were changed after it was written. Not proven: which of them, and what stood there.",
        ),
        FindingKind(
            "CHAIN_BROKEN",
            INTEGRITY,
            BROKEN,
            "The record does not follow the one before it: one of the two was edited, replaced or moved. Not proven: which.",
        ),
        FindingKind(
            "NUMBER_DIFFERS",
            INTEGRITY,
            BROKEN,
            "The record stands at another number than the one that it was written with: records were swapped or renumbered.",
        ),
        FindingKind(
            "RECORD_UNREADABLE",
            INTEGRITY,
            BROKEN,
            "The record is none that the hub writes. If its hash holds, somebody with the writer's login appended it.",
        ),
        FindingKind(
            "COLUMN_DIFFERS",
            INTEGRITY,
            BROKEN,
            "A column for searching was changed. The record itself still says the truth; a search may have missed it.",
        ),
        FindingKind(
            "DISCLOSURE_DIFFERS",
            INTEGRITY,
            BROKEN,
            "The index of people was changed: someone who asks who read their data gets a wrong answer. The records still say the truth.",
        ),
        FindingKind(
            "OPERATION_DIFFERS",
            INTEGRITY,
            BROKEN,
            "The list of fields does not have the hash by which records name it. Which fields were read is not proven for them.",
        ),
        FindingKind(
            "HEAD_DIFFERS",
            INTEGRITY,
            BROKEN,
            "The chain was written anew after a checkpoint had its head. Nothing in the chain up to that record can be relied on.",
        ),
        FindingKind(
            "CHAIN_BEGIN_WRONG",
            INTEGRITY,
            BROKEN,
            "The chain does not begin as the hub begins one for this epoch and month: it was moved, or somebody else wrote it.",
        ),
        FindingKind(
            "AFTER_END",
            INTEGRITY,
            BROKEN,
            "Records follow the end of a chain: somebody with the writer's login, or the owner of the tables, appended them.",
        ),
        FindingKind(
            "MONTH_ROW_DIFFERS",
            INTEGRITY,
            BROKEN,
            "The month's row is not the one that its chains began with: with another key or time, people who ask who read their data get"
            " a wrong answer, and it seems complete. The records still say the truth, but without the right key nobody can be linked to them.",
        ),
        FindingKind(
            "KEY_LOST",
            INTEGRITY,
            BROKEN,
            "The month's key was removed, and not by the hub: nobody can be told who read their data. All hashes still hold.",
        ),
        FindingKind(
            "CHECKPOINT_BROKEN",
            INTEGRITY,
            BROKEN,
            "The checkpoint does not follow the one before it: one of them was edited, forged or replaced.",
        ),
        FindingKind(
            "ROOT_DIFFERS",
            INTEGRITY,
            BROKEN,
            "The heads beside the checkpoint are not those that its root was made of: they were edited.",
        ),
        FindingKind(
            "SIGNATURE_WRONG",
            INTEGRITY,
            BROKEN,
            "No trusted key signed the checkpoint: it is forged, or of a key that was not given. Not proven by it: anything.",
        ),
        FindingKind(
            "KEY_REVOKED",
            INTEGRITY,
            BROKEN,
            "The key was stolen before this checkpoint: its signature proves nothing. Entries covered by the last trusted checkpoint still hold.",
        ),
        FindingKind(
            "OUTSIDE_DIFFERS",
            INTEGRITY,
            BROKEN,
            "The witness has another checkpoint of this number: the ledger was written anew after the witness had it.",
        ),
        FindingKind(
            "TIMESTAMP_WRONG",
            INTEGRITY,
            BROKEN,
            "The timestamp is not of this checkpoint or of another service. The checkpoint's time is not proven.",
        ),
        FindingKind(
            "RECORD_MISSING",
            COMPLETENESS,
            BROKEN,
            "Records were taken out of the middle of a chain. Not proven: what they said.",
        ),
        FindingKind(
            "TAIL_MISSING",
            COMPLETENESS,
            BROKEN,
            "The end of a chain was cut off: a checkpoint has a record that is not there any more. Not proven: what it said.",
        ),
        FindingKind(
            "CHAIN_MISSING",
            COMPLETENESS,
            BROKEN,
            "A whole chain is gone that a checkpoint, or the index of chains, has.",
        ),
        FindingKind(
            "MONTH_MISSING",
            COMPLETENESS,
            BROKEN,
            "All chains of a month are gone, and nothing says that they were dropped after their retention.",
        ),
        FindingKind(
            "EPOCH_ROW_MISSING",
            COMPLETENESS,
            BROKEN,
            "The chain is not in the index of chains. Its records are all there, if nothing else is found of it.",
        ),
        FindingKind(
            "CHECKPOINT_MISSING",
            COMPLETENESS,
            BROKEN,
            "Checkpoints were taken out. Records that only they covered may be gone too.",
        ),
        FindingKind(
            "OUTSIDE_AHEAD",
            COMPLETENESS,
            BROKEN,
            "The witness has checkpoints that are not in the database: its end was cut off, or a backup was restored and nobody said so.",
        ),
        FindingKind(
            "NOT_COVERED",
            COMPLETENESS,
            BROKEN,
            "Checkpoints were made since, and none has these records: they could be cut off unseen, or were appended out of turn.",
        ),
        FindingKind(
            "END_UNEXPLAINED",
            COMPLETENESS,
            BROKEN,
            "The index says that the chain has ended, and neither the chain nor another one says how: its end may be cut off.",
        ),
        FindingKind(
            "LOST_BY_RESTORE",
            COMPLETENESS,
            EXPLAINED,
            "A backup was restored, and the ledger says so. Entries written between the backup and the restore are gone from the database.",
        ),
        FindingKind(
            "MONTH_DROPPED",
            COMPLETENESS,
            EXPLAINED,
            "The month's records were dropped by command, and its closing checkpoint is kept. Not proven: that its retention was over.",
        ),
        FindingKind(
            "DROP_UNFOUNDED",
            COMPLETENESS,
            NOTE,
            "A record says that the month was dropped, and explains nothing: a month that the hub drops is closed by a signed checkpoint"
            " before, and all of it is gone after. What is missing of the month is found apart. Not proven: who wrote the record.",
        ),
        FindingKind(
            "CHAIN_ABANDONED",
            COMPLETENESS,
            NOTE,
            "The writer died; the next one wrote down where the chain stopped. The last records may be of answers that never left.",
        ),
        FindingKind(
            "SILENCE",
            COMPLETENESS,
            NOTE,
            "No checkpoint was made for some time: no hub was running, or none reached the database. The checkpoints on both sides are linked.",
        ),
        FindingKind(
            "NEWER_RECORDS",
            COMPLETENESS,
            NOTE,
            "Records since the last checkpoint are covered by their chain alone: their end could be cut off unseen.",
        ),
        FindingKind(
            "NO_OUTSIDE_HEAD",
            COMPLETENESS,
            NOTE,
            "Without a checkpoint that somebody else kept, the operator of the database could have cut off the end of the ledger, or made all of it anew.",
        ),
        FindingKind(
            "CLOCK_BACK",
            INTEGRITY,
            NOTE,
            "The clock of the writer was set back. The order of the records is proven by their numbers, their times are not.",
        ),
        FindingKind(
            "KEY_DESTROYED",
            INTEGRITY,
            NOTE,
            "The month's key is destroyed: its pseudonyms can be linked to nobody. All hashes still hold.",
        ),
        FindingKind(
            "KEY_NOT_COMPARED",
            INTEGRITY,
            NOTE,
            "It is not known with which key the month's pseudonyms were made. If somebody replaced it, a search by person misses reads. The records still say the truth.",
        ),
        FindingKind(
            "UNSIGNED",
            INTEGRITY,
            NOTE,
            "The checkpoint has no signature: whoever can write to the database and to the witness could have made it.",
        ),
        FindingKind(
            "KEY_NOT_ENDORSED",
            INTEGRITY,
            NOTE,
            "The key changed without a signature of the one before. It is trusted only since it was given as trusted.",
        ),
        FindingKind(
            "SIGNATURES_NOT_CHECKED",
            INTEGRITY,
            NOTE,
            "No public key was given, so it was only checked that the signatures fit the keys that the ledger itself names.",
        ),
    )
}


@dataclass(frozen=True)
class LedgerFinding:
    """One finding: a code of KINDS, the place, and the evidence. It names no person."""

    code: str
    where: str
    found: str

    @property
    def kind(self) -> FindingKind:
        """What it proves."""
        return KINDS[self.code]


@dataclass
class Findings:
    """Findings as they come: of each kind the first MAX_LISTED, and how many there were."""

    listed: list[LedgerFinding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, where: str, found: str) -> None:
        """Take one down."""
        assert code in KINDS, code
        self.counts[code] += 1
        if self.counts[code] <= MAX_LISTED:
            self.listed.append(LedgerFinding(code, where, found))

    def extend(self, other: "Findings") -> None:
        """Take down those of another part of the work."""
        for finding in other.listed:
            self.add(finding.code, finding.where, finding.found)
        for code, count in other.counts.items():
            self.counts[code] += count - sum(finding.code == code for finding in other.listed)

    def worst(self, aspect: Aspect) -> Weight | None:
        """The heaviest weight among the findings of an aspect."""
        found = {KINDS[code].weight for code, count in self.counts.items() if count and KINDS[code].aspect is aspect}
        return next((weight for weight in Weight if weight in found), None)


def judge_aspect(findings: Findings, aspect: Aspect, *, proven: bool) -> LedgerVerdict:
    """The verdict on an aspect; `proven` says whether anything from outside speaks for it."""
    worst = findings.worst(aspect)
    if worst is Weight.BROKEN:
        return LedgerVerdict.BROKEN
    if not proven:
        return LedgerVerdict.UNPROVEN
    return LedgerVerdict.HOLDS_WITH_GAPS if worst is Weight.EXPLAINED else LedgerVerdict.HOLDS


def list_codes(findings: Iterable[LedgerFinding]) -> list[str]:
    """The codes that were found, each once, in the order in which they were found first."""
    return list(dict.fromkeys(finding.code for finding in findings))
