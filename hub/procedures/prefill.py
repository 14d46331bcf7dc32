"""Prefill: the response of a procedure's query becomes an answer to each requirement. Pure; nothing is fetched here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from hub.access.purpose_declaration import Bilingual
from hub.link.normalise.text import accented_key
from hub.procedures.definition import Procedure, ProcedureBlock, Requirement
from schema import codes
from schema.core import Label

Json = Any


class AnswerStatus(Enum):
    """What the graph can say to a requirement."""

    HELD = "HELD"
    PROBABLE = "PROBABLE"
    INCOMPLETE = "INCOMPLETE"
    UNCONFIRMED = "UNCONFIRMED"
    NAMED_OTHERWISE = "NAMED_OTHERWISE"
    MISSING = "MISSING"
    ASKED_OF_CITIZEN = "ASKED_OF_CITIZEN"
    BLOCKED = "BLOCKED"


STATUS_MEANINGS: Mapping[AnswerStatus, str] = {
    AnswerStatus.HELD: "The state holds it for sure; it is not to be asked for.",
    AnswerStatus.PROBABLE: "Held by a link that is probable: a person has to confirm that it is theirs.",
    AnswerStatus.INCOMPLETE: "There are more values than one answer has; the others have to be looked up.",
    AnswerStatus.UNCONFIRMED: "There are candidates; a person has to confirm the link.",
    AnswerStatus.NAMED_OTHERWISE: (
        "Held by a sure link, but the source names the person otherwise: a person has to look."
    ),
    AnswerStatus.MISSING: "The state should hold it, and does not hold all of it.",
    AnswerStatus.ASKED_OF_CITIZEN: "Only the citizen can say.",
    AnswerStatus.BLOCKED: "Not asked: the procedure cannot be done, see `blockedBy`.",
}
"""What the graph says of each status."""


OTHER_NAME = "OTHER_NAME"
"""What stands beside the statuses of links: the link is made, and the record names the subject otherwise."""
SETTLED_STATUSES = frozenset({AnswerStatus.HELD, AnswerStatus.BLOCKED})


@dataclass(frozen=True)
class HeldValue:
    """One value with where it is from. `of` tells one row from another; `label` says it in words, if it has codes or says none."""

    value: str
    label: Bilingual | None
    of: str | None
    source: str | None
    as_of: str | None


@dataclass(frozen=True)
class RequirementAnswer:
    """The answer to one requirement."""

    requirement: Requirement
    status: AnswerStatus
    values: tuple[HeldValue, ...]


@dataclass(frozen=True)
class Prefill:
    """What a procedure's form can be filled with, and what is left to ask."""

    procedure: Procedure
    found: bool
    blocked_by: tuple[ProcedureBlock, ...]
    answers: tuple[RequirementAnswer, ...]

    @property
    def still_to_ask(self) -> tuple[Requirement, ...]:
        """What only the citizen can say, and what the state does not hold for sure. A blocked procedure asks nothing."""
        return tuple(answer.requirement for answer in self.answers if answer.status not in SETTLED_STATUSES)


@dataclass(frozen=True)
class Freshness:
    """The sources that have filled an entity, and the instant for which all of them are known."""

    source: str
    as_of: str | None


@dataclass(frozen=True)
class _ResponseRow:
    """An object of the response, the provenance nearest to it, its path, and the statuses of the links that it rests on.

    `back` has, for the path of records in a list, their field that links them to the object that has the list; `name` is the
    subject's, beside which the names that such records give are held.
    """

    value: Json
    back: Mapping[str, str]
    name: str = ""
    provenance: Mapping[str, Any] | None = None
    path: str = ""
    links: frozenset[str] = frozenset()

    def child(self, name: str) -> "_ResponseRow":
        """What stands at a name. The link `xLink` says how sure it is that the object at `x` is the one that is meant."""
        path = f"{self.path}.{name}" if self.path else name
        return replace(
            self, value=self.value.get(name), path=path, links=self.links | _statuses(self.value, f"{name}Link")
        )


def answer_requirements(procedure: Procedure, data: Mapping[str, Any], freshness: Mapping[str, Freshness]) -> Prefill:
    """Answer each requirement from the data of the procedure's query. `found` is false if the subject is not known.

    `freshness` has an entry for each entity that some source has filled: only there does an empty list mean none. A procedure that
    is blocked gives no values and asks nothing.
    """
    root = _ResponseRow(data, procedure.links)
    root = replace(root, name=_text(root, (procedure.named,)) if procedure.named else "")
    found = any(value is not None for value in data.values())
    blocks = tuple(block for block in procedure.blocks if _text(root, (block.value,)))
    answers: dict[str, RequirementAnswer] = {}
    for requirement in procedure.requirements:
        if blocks:
            answers[requirement.code] = RequirementAnswer(requirement, AnswerStatus.BLOCKED, ())
        else:
            answer = _answer(requirement, root) or _nothing(requirement, root, answers, freshness)
            answers[requirement.code] = _limit(answer, answers)
    return Prefill(procedure, found, blocks, tuple(answers.values()))


def _limit(answer: RequirementAnswer, before: Mapping[str, RequirementAnswer]) -> RequirementAnswer:
    """A list is not held if what it hangs on is not: the rows of another parcel say nothing of this one's."""
    needed = before[answer.requirement.needs].status if answer.requirement.needs else AnswerStatus.HELD
    if answer.status is AnswerStatus.HELD and needed is not AnswerStatus.HELD:
        return replace(answer, status=needed)
    return answer


def _answer(requirement: Requirement, root: _ResponseRow) -> RequirementAnswer | None:
    """The answer that the rows give; None if there are no rows."""
    if requirement.asked_of:
        return RequirementAnswer(requirement, AnswerStatus.ASKED_OF_CITIZEN, ())
    reached = list(_walk(root, requirement.rows.split(".")))
    rows = [row for row in reached if isinstance(row.value, Mapping) and _meets_conditions(row, requirement.where)]
    if not rows:
        return None
    found = [(row, held) for row in rows if (held := _read_held_value(requirement, row))]
    values = tuple(held for _, held in found)
    if len(values) < len(rows):
        pending = requirement.link is not None and any(_text(row, (requirement.link,)) == "UNCONFIRMED" for row in rows)
        return RequirementAnswer(requirement, AnswerStatus.UNCONFIRMED if pending else AnswerStatus.MISSING, values)
    if _is_cut(root, requirement.rows.split(".")) or any(_is_value_cut(requirement, row) for row in rows):
        return RequirementAnswer(requirement, AnswerStatus.INCOMPLETE, values)
    return RequirementAnswer(
        requirement, _status(frozenset().union(*(_links(requirement, row) for row in rows))), values
    )


def _status(links: frozenset[str]) -> AnswerStatus:
    """What can be said of values that rest on links of these statuses."""
    if links <= {"CONFIRMED"}:
        return AnswerStatus.HELD
    if links <= {"CONFIRMED", OTHER_NAME}:
        return AnswerStatus.NAMED_OTHERWISE
    links -= {OTHER_NAME}
    return AnswerStatus.PROBABLE if links <= {"CONFIRMED", "PROBABLE"} else AnswerStatus.UNCONFIRMED


def _nothing(
    requirement: Requirement,
    root: _ResponseRow,
    before: Mapping[str, RequirementAnswer],
    freshness: Mapping[str, Freshness],
) -> RequirementAnswer:
    """No rows: an answer where none means none, a source has been read, and the rows could have been seen, all of them."""
    needed = before[requirement.needs].status if requirement.needs else AnswerStatus.HELD
    subject = root.value.get(requirement.rows.split(".")[0])
    read = freshness.get(requirement.entity or "")
    if requirement.none is None or read is None or subject is None:
        return RequirementAnswer(requirement, AnswerStatus.MISSING, ())
    if _is_cut(root, requirement.rows.split(".")):
        return RequirementAnswer(requirement, AnswerStatus.INCOMPLETE, ())
    if needed is not AnswerStatus.HELD:
        return RequirementAnswer(requirement, needed, ())
    return RequirementAnswer(
        requirement, AnswerStatus.HELD, (HeldValue("NONE", requirement.none, None, read.source, read.as_of),)
    )


def _read_held_value(requirement: Requirement, row: _ResponseRow) -> HeldValue | None:
    paths = _paths(requirement, row)
    parts = _parts(row, paths)
    if parts:
        text, label = requirement.join.join(part for _, part in parts), _find_label(requirement, parts)
    elif requirement.null is not None:
        text, label = "NULL", requirement.null
    else:
        return None
    # The source is that of the object the value itself stands on, which may be deeper than the row.
    nearest = next(_walk(row, (paths or requirement.value)[0].split(".")), row)
    provenance = nearest.provenance or row.provenance or {}
    of = _text(row, (requirement.of,)) if requirement.of else ""
    return HeldValue(text, label, of or None, provenance.get("source"), provenance.get("asOf"))


def _paths(requirement: Requirement, row: _ResponseRow) -> Sequence[str]:
    """The paths that the value is read from."""
    return requirement.value if _text(row, requirement.value) else requirement.otherwise


def _links(requirement: Requirement, row: _ResponseRow) -> frozenset[str]:
    """The statuses of the links that the value of a row rests on."""
    ends = [end for path in _paths(requirement, row) for end in _walk(row, path.split("."))]
    return row.links.union(*(end.links for end in ends))


def _is_value_cut(requirement: Requirement, row: _ResponseRow) -> bool:
    return any(_is_cut(row, path.split(".")) for path in (*requirement.value, *requirement.otherwise))


def _is_cut(row: _ResponseRow, steps: Sequence[str]) -> bool:
    """Whether a list on a path has more than the response, or does not say that it has not."""
    if isinstance(row.value, list):
        return any(_is_cut(replace(row, value=item), steps) for item in row.value)
    if not steps or not isinstance(row.value, Mapping):
        return False
    if steps[0] == "nodes" and (row.value.get("pageInfo") or {}).get("hasNextPage") is not False:
        return True
    return _is_cut(row.child(steps[0]), steps[1:])


def _other_name(link: Json, name: str) -> frozenset[str]:
    """That a record names the subject otherwise. Case, the place of a tone mark and spaces are no other name."""
    recorded = ((link or {}).get("recorded") or {}).get("name")
    return frozenset({OTHER_NAME} if name and recorded and accented_key(recorded) != accented_key(name) else ())


def _statuses(value: Json, link: str) -> frozenset[str]:
    """The status of a link of an object; none if the object has no such link."""
    found = value.get(link) if isinstance(value, Mapping) else None
    return frozenset({str(found.get("status"))}) if isinstance(found, Mapping) else frozenset()


def _parts(row: _ResponseRow, paths: Sequence[str]) -> list[tuple[str, str]]:
    """The values at the ends of paths, as text, each with its path."""
    reached = [(path, end.value) for path in paths for end in _walk(row, path.split("."))]
    return [(path, str(value)) for path, value in reached if value is not None and not isinstance(value, Mapping)]


def _text(row: _ResponseRow, paths: Sequence[str]) -> str:
    return " ".join(part for _, part in _parts(row, paths))


def _find_label(requirement: Requirement, parts: Sequence[tuple[str, str]]) -> Bilingual | None:
    """The text with labels instead of codes; None if it has no codes."""
    if not requirement.codes:
        return None
    lists = {path: getattr(codes, name).codes for path, name in requirement.codes.items()}
    known = [lists.get(path, {}).get(part, Label(part, part)) for path, part in parts]
    join = requirement.join
    return Bilingual(vi=join.join(label.vi for label in known), en=join.join(label.en for label in known))


def _meets_conditions(row: _ResponseRow, where: Mapping[str, str | bool]) -> bool:
    for name, wanted in where.items():
        value = row.value.get(name)
        if (value is not None) is not wanted if isinstance(wanted, bool) else value != wanted:
            return False
    return True


def _walk(row: _ResponseRow, steps: Sequence[str]) -> Iterator[_ResponseRow]:
    """The values at the end of a path; lists fan out, nulls end."""
    if row.value is None:
        return
    if isinstance(row.value, list):
        for item in row.value:
            yield from _walk(replace(row, value=item), steps)
        return
    own = row.value.get("provenance") if isinstance(row.value, Mapping) else None
    here = replace(row, provenance=own or row.provenance)
    if isinstance(row.value, Mapping) and (back := row.back.get(row.path)) is not None:
        # A list whose records do not say how they are linked is not taken for one that is sure.
        sure = _statuses(row.value, back) or {"UNCONFIRMED"}
        here = replace(here, links=here.links | sure | _other_name(row.value.get(back), row.name))
    if not steps:
        yield here
    elif isinstance(here.value, Mapping):
        yield from _walk(here.child(steps[0]), steps[1:])
