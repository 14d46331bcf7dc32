"""The sheet of a dossier: what `prefill` answers, in the order of the form and in three parts. Pure.

Held: nothing has to be done. To confirm: there is a value, and a person has to look or to ask whether it is right. To ask for: there is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from hub.console import words
from schema.core import Label

HELD, TO_CONFIRM, TO_ASK, NOT_ASKED = "held", "to_confirm", "to_ask", "not_asked"
PART_OF_STATUS: Mapping[str, str] = {
    "HELD": HELD,
    "CONTRADICTORY": TO_CONFIRM,
    "UNCONFIRMED": TO_CONFIRM,
    "STALE": TO_CONFIRM,
    "MISSING": TO_ASK,
    "UNAVAILABLE": TO_ASK,
    "ASKED_OF_CITIZEN": TO_ASK,
    "NOT_APPLICABLE": NOT_ASKED,
}
EXACT_FIELDS: Mapping[str, str] = {
    "TextAnswer": "text",
    "DateAnswer": "date",
    "CodeAnswer": "code",
    "NumberAnswer": "number",
    "MoneyAnswer": "amount",
}
"""Kinds of values whose stored text the answer has: a correction says which one was seen, so that it is refused if it has changed."""
DOWN_REASONS = frozenset({"SOURCE_DOWN", "LOOKUP_FAILED"})
MOST_TELLING = ("ParcelAnswer", "NumberAnswer")
"""What an item of a list is told by, beside its key: a certificate by its parcel and area."""
RECORDED_NAME = "RECORDED_NAME"
"""The kind of a losing value that is the name of the subject on a record."""
NO_GROUP = Label("Nội dung hồ sơ", "Of the dossier")


@dataclass(frozen=True)
class SheetLoss:
    """A value that was not taken. `kind` says why, as in the graph; `exact` is its stored text, if the answer has it."""

    kind: str
    text: str
    why: Label
    source: Label | None
    as_of: str
    record_id: str | None
    field: str
    exact: str | None
    disputes: tuple[Label, ...]

    @property
    def can_be_corrected(self) -> bool:
        """Whether it stands in a record of a source."""
        return self.record_id is not None


@dataclass(frozen=True)
class SheetValue:
    """One value, with where it is from and why it is here. `exact` is its stored text, if the answer has it."""

    text: Label
    source: Label
    source_codes: tuple[str, ...]
    as_of: str
    why: Label
    is_linked: bool
    record_id: str | None
    field: str
    kind: str
    exact: str | None
    losing: tuple[SheetLoss, ...]
    disputes: tuple[Label, ...]

    @property
    def can_be_corrected(self) -> bool:
        """Whether it stands in a record of a source; a derived value does not."""
        return self.record_id is not None


@dataclass(frozen=True)
class SheetAnswer:
    """The answer to one requirement. `status` and `reasons` are in words, `asked_of` is who is asked for it."""

    code: str
    role: str | None
    label: Label
    group: Label
    part: str
    status: Label
    reasons: tuple[Label, ...]
    values: tuple[SheetValue, ...]
    none: Label | None
    none_source: Label | None
    none_as_of: str
    evidence: Label | None
    asked_of: Label | None
    is_document: bool
    paper_at: str
    """When the citizen was asked for a paper; empty if nobody has."""


@dataclass(frozen=True)
class AnswerGroup:
    """Answers about one party, or one item of a list, in the order of the form.

    `reasons` and `losing` are those that all its answers with values have, if there are several: an officer reads once that a record names its holder
    otherwise, and not beside each field of the record.
    """

    name: Label
    answers: tuple[SheetAnswer, ...]
    reasons: tuple[Label, ...] = ()
    losing: tuple[SheetLoss, ...] = ()


@dataclass(frozen=True)
class ChoiceOption:
    """One item that can be chosen. `key` is what `prefill` takes."""

    key: str
    text: str


@dataclass(frozen=True)
class OpenChoice:
    """A list of which the officer says which item the case is about."""

    requirement: str
    label: Label
    options: tuple[ChoiceOption, ...]


@dataclass(frozen=True)
class SheetBlock:
    """Why the procedure cannot be done. If not `is_sure`, a person has to look first."""

    label: Label
    party: Label | None
    is_sure: bool


@dataclass(frozen=True)
class Sheet:
    """The sheet. `down` are the sources that do not answer; `is_merged` the parties who were named by a merged row."""

    procedure: Label
    dossier: str
    at: str
    parties: tuple[Label, ...]
    merged: tuple[Label, ...]
    unknown: tuple[Label, ...]
    blocks: tuple[SheetBlock, ...]
    choices: tuple[OpenChoice, ...]
    down: tuple[Label, ...]
    parts: Mapping[str, tuple[AnswerGroup, ...]]

    def count(self, part: str) -> int:
        """How many answers a part has."""
        return sum(len(group.answers) for group in self.parts[part])


@dataclass(frozen=True)
class SheetNames:
    """What the declaration and the operator call things: roles of the procedure, and sources by the name of their connector."""

    roles: Mapping[str, Label]
    sources: Mapping[str, Label]

    def role(self, code: str | None) -> Label | None:
        """The name of a role; None for no role."""
        return None if code is None else self.roles.get(code, Label(code, code))

    def source(self, code: str | None) -> Label:
        """The name of a source; of several, as `a, b`."""
        if not code:
            return words.UNKNOWN
        names = [self.sources.get(one.strip(), Label(one.strip(), one.strip())) for one in code.split(",")]
        return Label(", ".join(one.vi for one in names), ", ".join(one.en for one in names))


def read_sheet(prefill: Mapping[str, Any], names: SheetNames, papers: Sequence[Mapping[str, Any]] = ()) -> Sheet:
    """The sheet of the data of `prefill`. `papers` are those of `paperRequests`, the newest first."""
    answers = prefill["answers"]
    lists = {one["requirement"]["code"]: _label(one["requirement"]["label"]) for one in answers}
    asked = {(one["requirement"], one["role"]): words.show_instant(one["askedAt"]) for one in reversed(papers)}
    shown = [_show_answer(one, lists, names, asked) for one in answers if not _is_list_head(one)]
    return Sheet(
        procedure=_label(prefill["procedure"]["name"]),
        dossier=prefill["dossier"] or "",
        at=words.show_instant(prefill["at"]),
        parties=_list_parties(prefill, names, lambda subject: True),
        merged=_list_parties(prefill, names, lambda subject: subject["merged"]),
        unknown=_list_parties(prefill, names, lambda subject: subject["id"] is None),
        blocks=tuple(
            SheetBlock(_label(one["label"]), names.role(one["role"]), one["sure"]) for one in prefill["blockedBy"]
        ),
        choices=tuple(_find_choices(answers, lists)),
        down=tuple(names.source(source) for source in _find_down(answers)),
        parts={
            part: _group(one for one in shown if one.part == part) for part in (HELD, TO_CONFIRM, TO_ASK, NOT_ASKED)
        },
    )


def find_value(sheet: Sheet, record_id: str, field: str) -> tuple[SheetAnswer, SheetValue] | None:
    """The value that stands in a field of a record, with its answer, also one that was not taken; None if the sheet has none."""
    answers = [answer for groups in sheet.parts.values() for group in groups for answer in group.answers]
    for answer in answers:
        for value in answer.values:
            if (value.record_id, value.field) == (record_id, field):
                return answer, value
    for answer in answers:
        for value in answer.values:
            for loss in value.losing:
                if (loss.record_id, loss.field) == (record_id, field):
                    return _as_answer(answer, value, loss)
    return None


def _as_answer(answer: SheetAnswer, value: SheetValue, loss: SheetLoss) -> tuple[SheetAnswer, SheetValue]:
    """A value that was not taken, as the form of a correction shows it. It is of the kind of the value that was, if it is of its field."""
    is_name = loss.kind == RECORDED_NAME
    about = answer.group if is_name else answer.label
    named = Label(f"{loss.why.vi}: {about.vi}", f"{loss.why.en}: {about.en}")
    shown = replace(
        value,
        text=Label(loss.text, loss.text),
        source=loss.source or words.UNKNOWN,
        as_of=loss.as_of,
        why=loss.why,
        record_id=loss.record_id,
        field=loss.field,
        kind="TextAnswer" if is_name else value.kind,
        exact=loss.exact,
        losing=(),
        disputes=loss.disputes,
    )
    return replace(answer, label=named), shown


def _label(given: Mapping[str, str]) -> Label:
    return Label(given["vi"], given["en"])


def _list_parties(prefill: Mapping[str, Any], names: SheetNames, holds: Any) -> tuple[Label, ...]:
    return tuple(name for one in prefill["subjects"] if holds(one) and (name := names.role(one["role"])))


def _is_list_head(answer: Mapping[str, Any]) -> bool:
    """Whether it is a list that is held: its items have answers of their own. So has one that waits for a choice."""
    is_empty = not answer["values"] and answer["none"] is None
    return is_empty and (answer["status"] == "HELD" or answer["reasons"] == ["CHOICE_OPEN"])


def _show_answer(
    answer: Mapping[str, Any],
    lists: Mapping[str, Label],
    names: SheetNames,
    papers: Mapping[tuple[str, str | None], str],
) -> SheetAnswer:
    asked, none, status = answer["requirement"], answer["none"], answer["status"]
    return SheetAnswer(
        code=asked["code"],
        role=answer["role"],
        label=_label(asked["label"]),
        group=_name_group(answer, lists, names),
        part=PART_OF_STATUS[status],
        status=words.STATUS_WORDS[status],
        reasons=tuple(words.REASON_WORDS[reason] for reason in answer["reasons"]),
        values=tuple(_show_value(value, names) for value in answer["values"]),
        none=none and _label(none["label"]),
        none_source=none and names.source(none["source"]),
        none_as_of=words.show_instant(none and none["asOf"]),
        evidence=asked["evidence"] and _label(asked["evidence"]),
        asked_of=_name_asked(asked["askedOf"], names),
        is_document=asked["kind"] == "DOCUMENT",
        paper_at=papers.get((asked["code"], answer["role"])) or papers.get((asked["code"], None), ""),
    )


def _name_asked(code: str | None, names: SheetNames) -> Label | None:
    return words.ASKED_OF_CITIZEN if code == "citizen" else names.role(code)


def _name_group(answer: Mapping[str, Any], lists: Mapping[str, Label], names: SheetNames) -> Label:
    """The item of a list that it is about; else the party."""
    if answer["items"]:
        parts = [(lists.get(item["requirement"], Label("", "")), item["key"]) for item in answer["items"]]
        return Label(
            " · ".join(f"{label.vi} {key}".strip() for label, key in parts),
            " · ".join(f"{label.en} {key}".strip() for label, key in parts),
        )
    return names.role(answer["role"]) or NO_GROUP


def _show_value(value: Mapping[str, Any], names: SheetNames) -> SheetValue:
    kind = value["__typename"]
    return SheetValue(
        text=_label(value["display"]),
        source=names.source(value["source"]),
        source_codes=tuple(code.strip() for code in (value["source"] or "").split(",") if code.strip()),
        as_of=words.show_instant(value["asOf"]),
        why=words.LINK_WORDS[value["linkStatus"]],
        is_linked=value["linkStatus"] is not None,
        record_id=value["recordId"],
        field=value["field"],
        kind=kind,
        exact=value.get(EXACT_FIELDS.get(kind, "")),
        losing=tuple(
            SheetLoss(
                one["kind"],
                one["text"],
                words.LOSS_WORDS[one["kind"]],
                names.source(one["source"]) if one["source"] else None,
                words.show_instant(one["asOf"]),
                one["recordId"],
                one["field"],
                one["text"] if one["kind"] == RECORDED_NAME else None,
                tuple(_label(correction["words"]) for correction in one["corrections"]),
            )
            for one in value["losingValues"]
        ),
        disputes=tuple(_label(one["words"]) for one in value["corrections"]),
    )


def _group(answers: Iterable[SheetAnswer]) -> tuple[AnswerGroup, ...]:
    """Answers by party or item: groups in the order of their first answer, answers in the order of the form."""
    listed = list(answers)
    place = {name: at for at, name in reversed(list(enumerate(answer.group for answer in listed)))}
    ordered = sorted(listed, key=lambda answer: place[answer.group])
    return tuple(_make_group(name, tuple(group)) for name, group in groupby(ordered, lambda answer: answer.group))


def _make_group(name: Label, answers: tuple[SheetAnswer, ...]) -> AnswerGroup:
    # An answer without values, such as "no mortgage", has no losing ones either, and is of the same record.
    first, *others = [answer for answer in answers if answer.values] or answers
    if not others:
        return AnswerGroup(name, answers)
    reasons = tuple(one for one in first.reasons if all(one in answer.reasons for answer in others))
    values = [value for answer in answers for value in answer.values]
    losing = [one for one in values[0].losing if all(one in value.losing for value in values)] if values else []
    return AnswerGroup(name, answers, reasons, tuple(losing))


def _find_choices(answers: Sequence[Mapping[str, Any]], lists: Mapping[str, Label]) -> Iterable[OpenChoice]:
    """The lists that wait for a choice, each with its items."""
    for open_list in (one for one in answers if "CHOICE_OPEN" in one["reasons"]):
        code = open_list["requirement"]["code"]
        keys = dict.fromkeys(item["key"] for one in answers for item in one["items"] if item["requirement"] == code)
        options = tuple(ChoiceOption(key, _describe_item(answers, code, key)) for key in keys)
        yield OpenChoice(code, lists[code], options)


def _describe_item(answers: Sequence[Mapping[str, Any]], code: str, key: str) -> str:
    """`CH92300901: thửa 2, tờ bản đồ 3; 100,9 m²`."""
    told: dict[str, str] = {}
    for one in answers:
        if any((item["requirement"], item["key"]) == (code, key) for item in one["items"]):
            for value in one["values"]:
                if value["__typename"] in MOST_TELLING:
                    told.setdefault(value["__typename"], value["display"]["vi"])
    shown = "; ".join(told[kind] for kind in MOST_TELLING if kind in told)
    return f"{key}: {shown}" if shown else key


def _find_down(answers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The sources, or if it is not known which, the sectors, that did not answer."""
    found: dict[str, None] = {}
    for one in answers:
        if DOWN_REASONS.isdisjoint(one["reasons"]):
            continue
        sources = [value["source"] for value in one["values"] if value["source"]]
        found |= dict.fromkeys(sources or filter(None, [one["requirement"]["holder"]]))
    return tuple(found)
