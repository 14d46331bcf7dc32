"""Who read whose data: a read under the wrong purpose, what an auditor finds of it, and what the citizen is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.demo.identities import CITIZEN
from hub.demo.walk.dossiers import WalkDossier
from hub.demo.walk.office import DemoOffices
from hub.errors import OperationRefused

AUDITOR = "auditor"
ROWS = 4
"""Entries that each list shows."""
NAME = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName } }"
NODES = "nodes { at outcome code principal purpose dossier }"
LOG_OF_CITIZEN = f"query ($personalId: PersonalId, $first: Int) {{ accessLog(personalId: $personalId, first: $first) {{ {NODES} }} }}"
LOG_OF_REFUSALS = (
    "query ($since: DateTime, $outcome: AccessOutcome, $first: Int)"
    f" {{ accessLog(since: $since, outcome: $outcome, first: $first) {{ {NODES} }} }}"
)
OWN_LOG = "query ($first: Int) { myAccessLog(first: $first) { entries { nodes { at text { vi en } } } } }"

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class ReadersFound:
    """Newest first: the reads of a citizen's data, the refused read of it, and the sentences that the citizen is told."""

    reads: Sequence[Entry]
    refused: Entry
    told: Sequence[Entry]


async def find_readers(
    offices: DemoOffices, dossier: WalkDossier, other: WalkDossier, personal_id: str
) -> ReadersFound:
    """Read a citizen of `dossier` under the purpose of `other`, which has nothing to do with them, and then the log.

    Raises OperationRefused unless that read is refused, and both it and the reads of the citizen's own dossier are in the log.
    """
    since = datetime.now(UTC)
    code = await _read_under(offices, other, personal_id)
    about = {"personalId": personal_id, "first": 50}
    reads = (await offices.ask_as(AUDITOR, LOG_OF_CITIZEN, about, purpose="audit"))["nodes"]
    reads = [entry for entry in reads if entry["dossier"] == dossier.code]
    given = {"since": since.isoformat(), "outcome": "REFUSED", "first": 1}
    refused = (await offices.ask_as(AUDITOR, LOG_OF_REFUSALS, given, purpose="audit"))["nodes"]
    told = (await offices.ask_as(CITIZEN.id, OWN_LOG, {"first": ROWS}, purpose="portal"))["entries"]["nodes"]
    if not reads or not told or [entry["code"] for entry in refused] != [code]:
        raise OperationRefused("the log does not have all reads", next_step="report this as a bug")
    return ReadersFound(reads[:ROWS], refused[0], told)


async def _read_under(offices: DemoOffices, dossier: WalkDossier, personal_id: str) -> str:
    """The code with which the read is refused."""
    try:
        await offices.ask(dossier.officer, NAME, {"personalId": personal_id}, dossier=dossier.code)
    except OperationRefused as refusal:
        return refusal.code
    raise OperationRefused("a citizen was read under the wrong purpose", next_step="report this as a bug")
