"""Receipts: for a dossier, which things the citizen was not asked for, where they came from, and as of when. Pure.

A receipt has no value of any record and names nobody, and of what is open it has statuses without reasons, which could tell of a
sealed identity: it is handed out, and a dossier has several parties. It is made of a snapshot
and of nothing else that changes, so that the same snapshot always gives the same receipt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.access.purpose_declaration import Bilingual
from hub.snapshots.records import PrefillSnapshot

Json = Mapping[str, Any]
FORM = "hub-receipt-1"
"""Names the shape of a receipt's content: another shape gets another name."""
HELD, NOT_APPLICABLE = "HELD", "NOT_APPLICABLE"


@dataclass(frozen=True)
class ReceiptNames:
    """Names that a receipt shows: of the roles, of the office, and of sources by connector."""

    roles: Mapping[str, Bilingual]
    office: Bilingual | None
    sources: Mapping[str, Bilingual]


def make_receipt(snapshot: PrefillSnapshot, names: ReceiptNames) -> dict[str, Any]:
    """The content of a receipt: text, whole numbers, booleans and nulls. Raises OperationRefused as `read_answer` does."""
    answer = snapshot.read_answer()
    groups = _group_answers(answer["answers"])
    within = _group_by_list(answer["answers"])
    return {
        "form": FORM,
        "dossier": snapshot.dossier,
        "office": names.office.model_dump() if names.office else None,
        "procedure": {name: answer["procedure"][name] for name in ("code", "version", "name", "legalBasis")},
        "answeredAt": answer["at"],
        "hubVersion": snapshot.hub_version,
        "snapshot": {"number": snapshot.id, "sha256": snapshot.digest.hex()},
        "notAsked": [_tell_held(group, names, within) for group in groups if group.held],
        "asked": [] if answer["blockedBy"] else [_tell_open(group, names) for group in groups if group.open],
        "blocked": bool(answer["blockedBy"]),
    }


@dataclass(frozen=True)
class _Group:
    """The answers to one requirement for the subjects of one role."""

    requirement: Json
    role: str | None
    held: tuple[Json, ...]
    open: tuple[Json, ...]


def _group_answers(answers: Iterable[Json]) -> list[_Group]:
    found: dict[tuple[str, str | None], list[Json]] = {}
    for answer in answers:
        found.setdefault((answer["requirement"]["code"], answer["role"]), []).append(answer)
    return [
        _Group(
            together[0]["requirement"],
            role,
            tuple(one for one in together if one["status"] == HELD),
            tuple(one for one in together if one["status"] not in (HELD, NOT_APPLICABLE)),
        )
        for (_, role), together in found.items()
    ]


def _group_by_list(answers: Iterable[Json]) -> Mapping[tuple[str, str | None], list[Json]]:
    """Code and role of a list → what was held of its items. A list has no value of its own: its sources are those of its items."""
    found: dict[tuple[str, str | None], list[Json]] = {}
    for answer in answers:
        for item in answer["items"] if answer["status"] == HELD else ():
            found.setdefault((item["requirement"], answer["role"]), []).append(answer)
    return found


def _tell_held(
    group: _Group, names: ReceiptNames, within: Mapping[tuple[str, str | None], list[Json]]
) -> dict[str, Any]:
    origins = [*group.held, *within.get((group.requirement["code"], group.role), ())]
    return {
        **_tell_requirement(group, names),
        "count": len(group.held),
        "sources": [
            {"name": source, "title": _find_title(source, names), "asOf": as_of}
            for source, as_of in sorted(_find_sources(origins).items())
        ],
    }


def _tell_open(group: _Group, names: ReceiptNames) -> dict[str, Any]:
    return {
        **_tell_requirement(group, names),
        "count": len(group.open),
        "statuses": sorted({one["status"] for one in group.open}),
    }


def _tell_requirement(group: _Group, names: ReceiptNames) -> dict[str, Any]:
    role = names.roles.get(group.role) if group.role else None
    return {
        "requirement": group.requirement["code"],
        "label": group.requirement["label"],
        "kind": group.requirement["kind"],
        "paper": group.requirement["evidence"],
        "legalBasis": group.requirement["legalBasis"],
        "role": role.model_dump() if role else None,
    }


def _find_sources(answers: Iterable[Json]) -> Mapping[str, str | None]:
    """Source → the oldest instant for which it confirmed a value; None if one is not known. A computed value has no source."""
    found: dict[str, str | None] = {}
    for answer in answers:
        for origin in [*answer["values"], *([answer["none"]] if answer["none"] else [])]:
            source, as_of = origin["source"], origin["asOf"]
            if source is None:
                continue
            # In UTC all of them, so the oldest is the least as text too.
            known = found.get(source, as_of)
            found[source] = min(known, as_of) if known and as_of else None
    return found


def _find_title(source: str, names: ReceiptNames) -> dict[str, str]:
    """The title of a source; a `none` that rests on several has all of their names."""
    parts = [part.strip() for part in source.split(",")]
    titles = [names.sources.get(part, Bilingual(vi=part, en=part)) for part in parts]
    return {"vi": ", ".join(title.vi for title in titles), "en": ", ".join(title.en for title in titles)}
