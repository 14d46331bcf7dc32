"""A contradiction that its owner corrects: found in an answer, asked for, corrected in the land system, closed by the next sync."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from psycopg import Connection

from hub.corrections.records import Correction, CorrectionHistoryEntry, list_events, load_correction
from hub.demo.walk.dossiers import RIGHT, WalkDossier, list_answers
from hub.demo.walk.office import DemoOffices
from hub.errors import OperationRefused
from hub.plan.binds import read_global_id
from hub.procedures.answers import LossKind

OPEN = (
    "mutation ($input: OpenCorrectionInput!) { openCorrection(input: $input) { correction { id state source dueAt } } }"
)
RERUN = """query ($id: ID!) { prefillSnapshot(id: $id) { rerun {
  changes { requirement label { vi en } items kind before now } } } }"""
REASON = "Họ tên khác với Cơ sở dữ liệu quốc gia về dân cư"
RIGHTS_FILE = Path("land", "quyen-su-dung-dat.jsonl")


@dataclass(frozen=True)
class DisputedName:
    """A name on a record of the land office that is not the register's. `answers` are those that it makes contradictory."""

    record_id: str
    field: str
    recorded: str
    source: str
    answers: int


def find_disputed_name(dossier: WalkDossier) -> DisputedName:
    """The first name that a record has otherwise. Raises OperationRefused if the dossier has none."""
    contradictory = list_answers(dossier.prefill, "CONTRADICTORY")
    for answer in contradictory:
        for value in answer["values"]:
            for loss in value["losingValues"]:
                if loss["kind"] == LossKind.RECORDED_NAME.name and read_global_id(loss["recordId"] or "")[0] == RIGHT:
                    about = sum(_rests_on(one, loss["recordId"]) for one in contradictory)
                    return DisputedName(loss["recordId"], loss["field"], loss["text"], loss["source"], about)
    raise OperationRefused("no answer of the transfer is contradictory", next_step="take a larger province: --citizens")


def _rests_on(answer: Mapping[str, Any], record: str) -> bool:
    return any(loss["recordId"] == record for value in answer["values"] for loss in value["losingValues"])


async def ask_for_correction(offices: DemoOffices, dossier: WalkDossier, name: DisputedName) -> int:
    """Ask the land office for the name that the register has, as the officer at the counter would. Returns the correction's number."""
    given = {"recordId": name.record_id, "field": name.field, "fromDiscrepancy": True, "reason": REASON}
    made = await offices.ask(dossier.officer, OPEN, {"input": given}, dossier=dossier.code)
    _, number = read_global_id(made["correction"]["id"])
    assert number is not None  # the graph made it
    return number


def load_with_history(connection: Connection[Any], number: int) -> tuple[Correction, list[CorrectionHistoryEntry]]:
    """The correction as it is now, and what has happened to it."""
    return load_correction(connection, number), list_events(connection, number)


def write_name_at_source(province: Path, correction: Correction) -> None:
    """Write the name that was asked for into the land system, as its clerk would. Raises OperationRefused if it has no such record."""
    path = province / RIGHTS_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    for place, line in enumerate(lines):
        row = orjson.loads(line)
        if str(row["id"]) == correction.source_key and row["chu_su_dung"]["ho_ten"] == correction.held:
            row["chu_su_dung"]["ho_ten"] = correction.claimed
            lines[place] = orjson.dumps(row) + b"\n"
            changed = path.with_suffix(".changed")
            changed.write_bytes(b"".join(lines))
            os.replace(changed, path)  # in one step: the system may be reading
            return
    raise OperationRefused("the land system has no such record", next_step="remove .hub/demo, and walk again")


async def compare_with_now(offices: DemoOffices, dossier: WalkDossier) -> list[Mapping[str, Any]]:
    """What differs from the snapshot of the dossier, by requirement."""
    found = await offices.ask(dossier.officer, RERUN, {"id": dossier.snapshot}, dossier=dossier.code)
    return [one for one in found["rerun"]["changes"] if one["kind"] != "UNCHANGED"]
