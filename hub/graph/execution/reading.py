"""One request while it is answered: who asks, and whose data its statements gave. The ledger's entry is made from this."""

from dataclasses import dataclass, field
from typing import Any

from hub.graph.events.dossier_events import DossierEvent
from hub.graph.execution.prepare import PreparedRequest
from hub.graph.permission.callers import Caller
from hub.ledger.writing.records import RecordKind
from hub.plan.data_subjects import DataSubject


@dataclass(frozen=True)
class LookUp:
    """People looked up to open or extend a dossier. `code` is None if there is no dossier, or not yet."""

    purpose: str
    office: str
    code: str | None = None


@dataclass
class Reading:
    """One request, or one event of a subscription. Every statement run for it adds the people whom its rows are about.

    `ready` is None until the request is planned. `documents` are the paths read by documents of the hub's own, such as those
    of a procedure.
    """

    caller: Caller
    ready: PreparedRequest | None = None
    people: set[DataSubject] = field(default_factory=set)
    withheld: set[DataSubject] = field(default_factory=set)
    """Sealed and restricted people whom its statements gave, so that it was refused."""
    documents: list[PreparedRequest] = field(default_factory=list)
    kind: RecordKind = RecordKind.READ
    paths: set[str] = field(default_factory=set)
    """Fields that are read without a document: those of a kept snapshot."""
    shows_rows: bool = False
    """Whether the answer shows rows of a source that belong to nobody yet: an answer, though nobody is named in it."""
    dossier_event: DossierEvent | None = None
    """Of an event of `dossierChanged`: the dossier that it tells of."""
    look_ups: list[LookUp] = field(default_factory=list)
    """Of mutations that name people for dossiers: what each was for."""
    details: dict[str, Any] = field(default_factory=dict)
    """Of a reading of the ledger: the search. Never a person's identifier."""

    @property
    def only_look_up(self) -> LookUp | None:
        """What people were looked up for; None for nothing, or for several purposes or offices. `code` is None for several dossiers."""
        kinds = {(one.purpose, one.office) for one in self.look_ups}
        codes = {one.code for one in self.look_ups}
        if len(kinds) != 1:
            return None
        return LookUp(*kinds.pop(), codes.pop() if len(codes) == 1 else None)
