"""What a run is told, and what becomes of it: orders, counts, outcome, and the two ways in which a run stops itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.errors import HubError
from hub.ingest.guards.approvals import Question

Progress = Callable[[str, int], None]
"""Told the name of a stream, and how many rows of it have been read so far."""


class Refused(HubError):
    """The run does not dare to do this without a person."""

    code = "WAITS_FOR_APPROVAL"

    def __init__(self, question: Question, number: int | None = None) -> None:
        self.question = question
        super().__init__(question.reason, next_step=f"ask the owner, then `hub runs approve {number}` or `refuse`")


class Interfered(HubError):
    """Another run moved the cursor of this stream."""


@dataclass
class Count:
    """One kind of record of one stream, by what happened to its rows. It grows while the stream is read."""

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
class Orders:
    """What a run was told to do."""

    run_id: int
    full: bool = False
    accept_deletes: bool = False
    progress: Progress | None = None


@dataclass
class Outcome:
    """What became of a stream: counts, what was refused, what was other than declared, seconds by where they went."""

    counts: dict[str, Count]
    problems: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader has to say that is no fault: why a table was read whole."""
    seconds: float = 0.0
    waited_s: float = 0.0
    stored_s: float = 0.0
