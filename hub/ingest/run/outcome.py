"""Options, counts and outcome of a run, and the two errors by which a run stops itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.errors import HubError
from hub.ingest.guards.approvals import ApprovalRequest

ProgressCallback = Callable[[str, int], None]
"""Receives the name of a stream, and how many of its rows have been read so far."""


class ApprovalRequired(HubError):
    """The run must not do this without an approval."""

    code = "WAITS_FOR_APPROVAL"

    def __init__(self, question: ApprovalRequest, number: int | None = None) -> None:
        self.request = question
        super().__init__(
            question.reason,
            next_step=f"ask the owner of the source, then run `hub runs approve {number}` or `hub runs refuse {number}`",
        )


class CursorMoved(HubError):
    """Another run moved the cursor of this stream."""


@dataclass
class EntityCounts:
    """The rows of one entity in one stream, by what happened to them. Grows while the stream is read."""

    stream: str
    entity: str
    read: int = 0
    accepted: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0
    discarded: int = 0


@dataclass(frozen=True)
class RunOptions:
    """What a run was told to do."""

    run_id: int
    full: bool = False
    accept_deletes: bool = False
    progress: ProgressCallback | None = None


@dataclass
class StreamOutcome:
    """What became of a stream: counts, problems, schema drift, notes, and where the time went."""

    counts: dict[str, EntityCounts]
    problems: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Remarks of a reader that are not problems, such as why a table was read whole."""
    seconds: float = 0.0
    waited_s: float = 0.0
    stored_s: float = 0.0
