"""The state of an entity's sources, and what it implies for a value that is old or was not found.

Nothing found means "there is none" only if every source of the entity was read completely, and recently enough.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from hub.procedures.answering.statuses import AnswerStatus, Finding, Reason


class SourceTrouble(Enum):
    """Why the last read of a source brought nothing."""

    DOWN = "DOWN"
    DEFERRED = "DEFERRED"
    LOOKUP_FAILED = "LOOKUP_FAILED"


TROUBLE_REASONS: Mapping[SourceTrouble, Reason] = {
    SourceTrouble.DOWN: Reason.SOURCE_DOWN,
    SourceTrouble.DEFERRED: Reason.DEFERRED,
    SourceTrouble.LOOKUP_FAILED: Reason.LOOKUP_FAILED,
}


@dataclass(frozen=True)
class EntitySource:
    """One stream that fills an entity.

    `completed_at` is the instant at which the store had every row of it: the start of its last complete read, None if there was none.
    """

    source: str
    completed_at: datetime | None
    trouble: SourceTrouble | None = None


@dataclass(frozen=True)
class SourceFacts:
    """The sources of each entity, and when the prefill is answered."""

    by_entity: Mapping[str, tuple[EntitySource, ...]]
    at: datetime

    def find_absence(self, entity: str, max_age_days: int) -> Iterator[Finding]:
        """Why nothing found in an entity may not mean that there is none; nothing if it does mean that."""
        states = self.by_entity.get(entity, ())
        if not states:
            yield Finding(AnswerStatus.UNAVAILABLE, Reason.NEVER_READ)
        for state in states:
            if state.completed_at is None:
                yield Finding(AnswerStatus.UNAVAILABLE, Reason.NEVER_READ)
            elif self.is_old(state.completed_at, max_age_days):
                yield Finding(AnswerStatus.UNAVAILABLE, _absence_reason(state.trouble))

    def find_emptiness(self, source: str | None, as_of: datetime | None, max_age_days: int) -> Iterator[Finding]:
        """Why an empty value of a record may not mean that there is none; nothing if it does mean that."""
        if as_of is None or self.is_old(as_of, max_age_days):
            yield Finding(AnswerStatus.UNAVAILABLE, _absence_reason(self.trouble_of(source)))

    def find_age(self, source: str | None, as_of: datetime | None, max_age_days: int) -> Iterator[Finding]:
        """Why a value is stale; nothing if it is not. A value without an instant is."""
        if as_of is not None and not self.is_old(as_of, max_age_days):
            return
        yield Finding(AnswerStatus.STALE, Reason.TOO_OLD)
        trouble = self.trouble_of(source)
        if trouble is not None:
            yield Finding(AnswerStatus.STALE, TROUBLE_REASONS[trouble])

    def find_completion(self, entity: str) -> tuple[str, datetime] | None:
        """The sources of an entity by name, and the instant at which all of them were complete; None if not all ever were."""
        states = self.by_entity.get(entity, ())
        instants = [state.completed_at for state in states if state.completed_at is not None]
        if not states or len(instants) < len(states):
            return None
        return ", ".join(sorted({state.source for state in states})), min(instants)

    def trouble_of(self, source: str | None) -> SourceTrouble | None:
        """Why the last read of a source brought nothing; None if it was read."""
        return next((s.trouble for states in self.by_entity.values() for s in states if s.source == source), None)

    def is_old(self, as_of: datetime, max_age_days: int) -> bool:
        """Whether an instant is longer ago than it may be."""
        return self.at - as_of > timedelta(days=max_age_days)


def _absence_reason(trouble: SourceTrouble | None) -> Reason:
    if trouble is SourceTrouble.DOWN or trouble is SourceTrouble.LOOKUP_FAILED:
        return Reason.SOURCE_DOWN
    return Reason.DEFERRED if trouble is SourceTrouble.DEFERRED else Reason.NOT_SWEPT


def add_troubles(sources: Sequence[EntitySource], troubles: Mapping[str, SourceTrouble]) -> tuple[EntitySource, ...]:
    """The states with the problems that live look-ups met; known problems stay."""
    return tuple(EntitySource(s.source, s.completed_at, s.trouble or troubles.get(s.source)) for s in sources)
