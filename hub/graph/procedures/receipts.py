"""The receipt of a dossier for whoever may read the dossier, also when it has ended: a receipt has no value."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from hub.access.purpose_declaration import Bilingual
from hub.access.purposes import find_purpose, read_purposes
from hub.errors import OperationRefused
from hub.extras import name_missing_extra
from hub.graph.execution.reading import Reading
from hub.graph.permission.callers import Caller, check_purpose, find_asked_purpose
from hub.ledger.checkpoints.signing_keys import SigningKey
from hub.ledger.log.sentences import name_office
from hub.sdk.manifest import Manifest
from hub.snapshots.receipt_files import make_receipt_file
from hub.snapshots.receipt_page import render_receipt
from hub.snapshots.receipts import ReceiptNames, make_receipt
from hub.snapshots.records import PrefillSnapshot, find_people_now, load_newest_snapshot

if TYPE_CHECKING:
    from hub.graph.execution.execute import Executor

RECEIPT_PATH = "receipt"
"""Stands in the ledger beside the fields of the snapshot."""


@dataclass(frozen=True)
class ReceiptPrinter:
    """Renders receipts. `signing_key` is None if receipts are not signed; `connectors` name the sources."""

    connectors: Mapping[str, Manifest]
    signing_key: SigningKey | None = None

    def render(self, snapshot: PrefillSnapshot) -> bytes:
        """The page of a snapshot's receipt. Raises OperationRefused with SNAPSHOT_FORGOTTEN or SNAPSHOT_ALTERED."""
        content = make_receipt(snapshot, self._find_names(snapshot))
        return make_receipt_file(lambda *given: render_receipt(*given).encode(), content, self.signing_key)

    def render_pdf(self, snapshot: PrefillSnapshot) -> bytes:
        """The same as a PDF, with the same signature of the content. Raises as `render` does, and HubMisconfigured without the extra `pdf`."""
        with name_missing_extra("a receipt as PDF"):
            from hub.snapshots.receipt_pdf import render_receipt_pdf
        content = make_receipt(snapshot, self._find_names(snapshot))
        return make_receipt_file(render_receipt_pdf, content, self.signing_key)

    def _find_names(self, snapshot: PrefillSnapshot) -> ReceiptNames:
        declared, office = find_purpose(snapshot.procedure).declaration, name_office(snapshot.office)
        return ReceiptNames(
            roles={role: subject.name for role, subject in declared.subjects.items()},
            office=Bilingual(vi=office.vi, en=office.en) if office else None,
            sources={
                name: Bilingual(vi=manifest.title.vi, en=manifest.title.en)
                for name, manifest in self.connectors.items()
            },
        )


def require_snapshot(found: PrefillSnapshot | None) -> PrefillSnapshot:
    """The snapshot that a receipt is made of. Raises OperationRefused with SNAPSHOT_NEEDED."""
    if found is None:
        raise OperationRefused(
            "a receipt is made of a snapshot, and the dossier has none",
            code="SNAPSHOT_NEEDED",
            next_step="keep one with keepPrefill while the dossier is open",
        )
    return found


Render = Callable[[PrefillSnapshot], Awaitable[bytes]]
"""Makes the receipt of a snapshot in one form."""


async def read_receipt(executor: "Executor", render: Render, caller: Caller, code: str) -> bytes:
    """The newest snapshot's receipt as `render` makes it, once it is written down that it was read.

    Raises Unauthenticated, and OperationRefused with DOSSIER_UNKNOWN, PURPOSE_FORBIDDEN, SNAPSHOT_NEEDED, SUBJECT_SEALED and as
    `render` does; LedgerUnavailable. A refusal of a known caller is written down, too.
    """
    caller.known  # noqa: B018 - raises Unauthenticated
    try:
        return await _read_permitted(executor, render, caller, code)
    except OperationRefused as error:
        executor.access.count_refusal(caller, error.code)
        if executor.ledger is not None and error.code != "TIMEOUT":
            asked = find_asked_purpose(executor.access.dossiers, code, "", read_purposes())
            await executor.ledger.record_refusal(caller._replace(purpose=asked), error.code, dossier=code)
        raise


async def _read_permitted(executor: "Executor", render: Render, caller: Caller, code: str) -> bytes:
    dossier = await executor.access.dossiers.find_any(code, caller.known)
    purpose = find_purpose(dossier.purpose)
    check_purpose(purpose, caller.known, "", has_dossier=True)

    def load(connection: Connection[Any]) -> tuple[PrefillSnapshot, frozenset[tuple[str, int]]]:
        found = require_snapshot(load_newest_snapshot(connection, dossier.id))
        return found, find_people_now(connection, found.people or ())

    snapshot: PrefillSnapshot
    snapshot, people = await executor.reviews.run(load)
    reading = Reading(caller._replace(purpose=purpose, dossier=dossier))
    await executor.access.admit_people(people, reading)
    reading.paths |= {*snapshot.paths, RECEIPT_PATH}
    page = await render(snapshot)
    if executor.ledger is not None:
        await executor.ledger.record(reading, None)
    return page
