"""Prefill: the response of a procedure's query becomes an answer to each requirement. Pure; nothing is fetched here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hub.procedures.definition import Bilingual, Procedure, Requirement
from schema import codes
from schema.core import Label

Json = Any


class AnswerStatus(Enum):
    """What the graph can say to a requirement."""

    HELD = "HELD"
    MISSING = "MISSING"
    UNCONFIRMED = "UNCONFIRMED"


@dataclass(frozen=True)
class Held:
    """One value with where it is from. `of` tells one row from another; `label` says it in words, where it has codes or says none."""

    value: str
    label: Bilingual | None
    of: str | None
    source: str | None
    as_of: str | None


@dataclass(frozen=True)
class Answer:
    """The answer to one requirement."""

    requirement: Requirement
    status: AnswerStatus
    values: tuple[Held, ...]


@dataclass(frozen=True)
class Prefill:
    """What a procedure's form can be filled with, and what is left to ask."""

    procedure: Procedure
    found: bool
    answers: tuple[Answer, ...]

    @property
    def still_to_ask(self) -> tuple[Answer, ...]:
        """What only the citizen can say, and what the state should hold and does not."""
        return tuple(answer for answer in self.answers if answer.status is not AnswerStatus.HELD)


@dataclass(frozen=True)
class Freshness:
    """The sources that have filled an entity, and the instant for which all of them are known."""

    source: str
    as_of: str | None


@dataclass(frozen=True)
class _Row:
    """An object of the response and the provenance nearest to it."""

    value: Json
    provenance: Mapping[str, Any] | None


def prefill(procedure: Procedure, data: Mapping[str, Any], freshness: Mapping[str, Freshness]) -> Prefill:
    """Answer each requirement from the data of the procedure's query. `found` is false where the subject is not known.

    `freshness` has an entry for each entity that some source has filled: only there does an empty list mean none.
    """
    answers: dict[str, Answer] = {}
    for requirement in procedure.requirements:
        answer = _answer(requirement, data)
        if answer is None:
            answer = _nothing(requirement, data, answers, freshness)
        answers[requirement.code] = answer
    return Prefill(procedure, any(value is not None for value in data.values()), tuple(answers.values()))


def _answer(requirement: Requirement, data: Mapping[str, Any]) -> Answer | None:
    """The answer that the rows give; None where there are no rows."""
    if requirement.asked_of:
        return Answer(requirement, AnswerStatus.MISSING, ())
    reached = list(_walk(_Row(data, None), requirement.rows.split(".")))
    rows = [row for row in reached if isinstance(row.value, Mapping) and _kept(row, requirement.where)]
    if not rows:
        return None
    values = tuple(held for row in rows if (held := _held(requirement, row)))
    if len(values) == len(rows):
        return Answer(requirement, AnswerStatus.HELD, values)
    pending = requirement.link is not None and any(_text(row, (requirement.link,)) == "UNCONFIRMED" for row in rows)
    return Answer(requirement, AnswerStatus.UNCONFIRMED if pending else AnswerStatus.MISSING, values)


def _nothing(
    requirement: Requirement, data: Mapping[str, Any], before: Mapping[str, Answer], freshness: Mapping[str, Freshness]
) -> Answer:
    """No rows: an answer where none means none, a source has been read, and the rows could have been seen."""
    seen = requirement.needs is None or before[requirement.needs].status is AnswerStatus.HELD
    subject = data.get(requirement.rows.split(".")[0])
    read = freshness.get(requirement.entity or "")
    if requirement.none is None or read is None or subject is None or not seen:
        return Answer(requirement, AnswerStatus.MISSING, ())
    return Answer(requirement, AnswerStatus.HELD, (Held("NONE", requirement.none, None, read.source, read.as_of),))


def _held(requirement: Requirement, row: _Row) -> Held | None:
    paths = requirement.value if _text(row, requirement.value) else requirement.otherwise
    parts = _parts(row, paths)
    if parts:
        text, label = requirement.join.join(part for _, part in parts), _labelled(requirement, parts)
    elif requirement.null is not None:
        text, label = "NULL", requirement.null
    else:
        return None
    # The source is that of the object the value itself stands on, which may be deeper than the row.
    nearest = next(_walk(row, (paths or requirement.value)[0].split(".")), row)
    provenance = nearest.provenance or row.provenance or {}
    of = _text(row, (requirement.of,)) if requirement.of else ""
    return Held(text, label, of or None, provenance.get("source"), provenance.get("asOf"))


def _parts(row: _Row, paths: Sequence[str]) -> list[tuple[str, str]]:
    """The values at the ends of paths, as text, each with its path."""
    reached = [(path, end.value) for path in paths for end in _walk(row, path.split("."))]
    return [(path, str(value)) for path, value in reached if value is not None and not isinstance(value, Mapping)]


def _text(row: _Row, paths: Sequence[str]) -> str:
    return " ".join(part for _, part in _parts(row, paths))


def _labelled(requirement: Requirement, parts: Sequence[tuple[str, str]]) -> Bilingual | None:
    """The text with labels instead of codes; None where it has no codes."""
    if not requirement.codes:
        return None
    lists = {path: getattr(codes, name).codes for path, name in requirement.codes.items()}
    known = [lists.get(path, {}).get(part, Label(part, part)) for path, part in parts]
    join = requirement.join
    return Bilingual(vi=join.join(label.vi for label in known), en=join.join(label.en for label in known))


def _kept(row: _Row, where: Mapping[str, str | bool]) -> bool:
    for name, wanted in where.items():
        value = row.value.get(name)
        if (value is not None) is not wanted if isinstance(wanted, bool) else value != wanted:
            return False
    return True


def _walk(row: _Row, steps: Sequence[str]) -> Iterator[_Row]:
    """The values at the end of a path; lists fan out, nulls end."""
    if row.value is None:
        return
    if isinstance(row.value, list):
        for item in row.value:
            yield from _walk(_Row(item, row.provenance), steps)
        return
    own = row.value.get("provenance") if isinstance(row.value, Mapping) else None
    here = _Row(row.value, own or row.provenance)
    if not steps:
        yield here
    elif isinstance(here.value, Mapping):
        yield from _walk(_Row(here.value.get(steps[0]), here.provenance), steps[1:])
