"""What kept prefills say of one person, for the copy that the person gets: their answers, without what these say of others."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from psycopg import Connection

GivenFields = Mapping[str, Collection[str]]
"""What the copy gives of each record, by its global id: names of fields."""
MAX_SNAPSHOTS = 500
"""Newest first: each can have some hundred kilobytes."""
NAMES_A_PARTY = "PartyAnswer"
SELECT = """
select p.id, d.code, p.procedure, p.procedure_version, p.at, p.answer
from hub.prefill_snapshot p join hub.dossier d on d.id = p.dossier_id
where p.forgotten_at is null and p.dossier_id in (
    select s.dossier_id from hub.dossier_subject s
    where s.entity = %(kind)s and (s.subject_id = any(%(people)s) or s.value = any(%(identifiers)s)))
order by p.at desc, p.id desc limit %(most)s"""


def read_own_snapshots(
    connection: Connection[Any], person: Mapping[str, Any], own: Collection[str], given: GivenFields
) -> tuple[Mapping[str, Any], ...]:
    """The snapshots of each prefill of the person's dossiers. `own` are the global ids of the person.

    `person` has `kind`, `people` (numbers) and `identifiers` of the person, as the other statements of a copy take them.
    """
    rows = connection.execute(SELECT, {**person, "most": MAX_SNAPSHOTS}).fetchall()
    found = []
    for number, dossier, procedure, version, at, answer in rows:
        try:
            answers = choose_own_answers(orjson.loads(answer)["answers"], own, given)
        except (ValueError, KeyError, TypeError):
            answers = None  # somebody has changed the database: its digest shows it, and `hub snapshots show` says it
        head = {"snapshot": number, "dossier": dossier, "procedure": procedure, "procedureVersion": version, "at": at}
        found.append(head | {"answers": answers})
    return tuple(found)


def choose_own_answers(
    answers: Sequence[Mapping[str, Any]], own: Collection[str], given: GivenFields
) -> list[dict[str, Any]]:
    """The answers about a person, without values of records or fields that the copy leaves out."""
    return [
        {
            "requirement": one["requirement"],
            "role": one["role"],
            "status": one["status"],
            "reasons": one["reasons"],
            "values": [_hide_losing(value, given) for value in one["values"] if _is_own(value, given)],
            "withheldValues": sum(not _is_own(value, given) for value in one["values"]),
        }
        for one in answers
        if one["subjectId"] in own
    ]


def _is_own(value: Mapping[str, Any], given: GivenFields) -> bool:
    record = value.get("recordId")
    if record is None:
        return value.get("type") != NAMES_A_PARTY
    return str(value.get("field")).split(".", 1)[0] in given.get(record, ())


def _hide_losing(value: Mapping[str, Any], given: GivenFields) -> dict[str, Any]:
    return {**value, "losingValues": [one for one in value.get("losingValues") or () if _is_own(one, given)]}
