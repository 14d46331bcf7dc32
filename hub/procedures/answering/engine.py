"""Answers the requirements of a procedure one after another. Pure; nothing is fetched here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import OperationRefused
from hub.procedures.answering.conditions import ConditionOutcome, test_condition
from hub.procedures.answering.derived import derive_value
from hub.procedures.answering.response import CONFIRMED, PROBABLE, Absence, ReachedValue, start_walk, walk_path
from hub.procedures.answering.scopes import Scope, Work
from hub.procedures.answering.source_findings import SourceFacts
from hub.procedures.answering.statuses import AnswerStatus, Finding, Reason, settle_status
from hub.procedures.answering.subjects import PrefillSubject
from hub.procedures.answering.values import FoundValue, ReadValues, read_values
from hub.procedures.answers import (
    BlockingFact,
    HeldValue,
    ListItem,
    NoneHeld,
    RequirementAnswer,
)
from hub.procedures.declaration.compiled_procedures import CompiledProcedure
from hub.procedures.declaration.documents import ProcedureDocument
from hub.procedures.declaration.requirements import CITIZEN, Requirement

RULE = Finding(AnswerStatus.NOT_APPLICABLE, Reason.RULE)
NO_ITEM = Finding(AnswerStatus.NOT_APPLICABLE, Reason.NO_ITEM)
SUBJECT_ABSENT = Finding(AnswerStatus.NOT_APPLICABLE, Reason.SUBJECT_ABSENT)
NOT_CONNECTED = Finding(AnswerStatus.UNAVAILABLE, Reason.NOT_CONNECTED)
ONLY_THE_CITIZEN = Finding(AnswerStatus.ASKED_OF_CITIZEN, Reason.ONLY_THE_CITIZEN_KNOWS)
CHOICE_OPEN = Finding(AnswerStatus.ASKED_OF_CITIZEN, Reason.CHOICE_OPEN)
LINK_PROBABLE = Finding(AnswerStatus.UNCONFIRMED, Reason.LINK_PROBABLE)
LINK_UNCONFIRMED = Finding(AnswerStatus.UNCONFIRMED, Reason.LINK_UNCONFIRMED)
NOT_LINKED = Finding(AnswerStatus.MISSING, Reason.NOT_LINKED)
NOT_RECORDED = Finding(AnswerStatus.MISSING, Reason.NOT_RECORDED)
NO_RECORD = Finding(AnswerStatus.MISSING, Reason.NO_RECORD)
SUBJECT_UNMATCHED = Finding(AnswerStatus.MISSING, Reason.SUBJECT_UNMATCHED)

INCOMPLETE = frozenset({AnswerStatus.MISSING, AnswerStatus.UNAVAILABLE, AnswerStatus.ASKED_OF_CITIZEN})
"""With an input of one of these statuses a derived value would be wrong, so there is none."""


@dataclass(frozen=True)
class WithheldDocument:
    """In the place of an answer: it has data of somebody whom no answer may show. `reason` is SEALED or RESTRICTED."""

    reason: Reason


@dataclass(frozen=True)
class ReadSubject:
    """A subject with the answer of each document of its role; None if the hub does not hold the subject."""

    subject: PrefillSubject
    answers: Mapping[str, Mapping[str, Any] | WithheldDocument | None]


class PrefillEngine:
    """Answers requirements one after another; `work` has the answers so far."""

    def __init__(
        self,
        compiled: CompiledProcedure,
        subjects: Sequence[ReadSubject],
        sources: SourceFacts,
        choices: Mapping[str, frozenset[str]],
    ) -> None:
        self.compiled = compiled
        self.procedure = compiled.procedure
        self.subjects = subjects
        self.sources = sources
        self.choices = choices
        self.work: dict[str, tuple[Work, ...]] = {}

    def answer(self, requirement: Requirement) -> Iterator[Work]:
        """The answers to one requirement: for each subject of its role and each item that it is asked of."""
        for scope in self._scopes(requirement):
            findings = scope.findings or frozenset(self._rule_findings(requirement, scope))
            if findings:
                yield self._work(requirement, scope, findings)
            elif requirement.derived is not None:
                yield self._derived(requirement, scope)
            elif not requirement.is_read:
                yield self._work(requirement, scope, {ONLY_THE_CITIZEN if requirement.asked_of else NOT_CONNECTED})
            else:
                yield self._read(requirement, scope)

    def blocks(self) -> Iterator[BlockingFact]:
        """The declared blocks that hold, of whichever subject and item."""
        for block in self.procedure.blocks:
            for work in self.work[block.when[0].requirement]:
                verdicts = [
                    (test_condition(condition, [one]), one)
                    for condition in block.when
                    for one in (
                        [work] if condition is block.when[0] else self._compatible(condition.requirement, work.scope)
                    )
                ]
                met = {one.answer.requirement.code for verdict, one in verdicts if verdict is ConditionOutcome.MET}
                if met >= {condition.requirement for condition in block.when}:
                    sure = all(one.answer.is_settled for verdict, one in verdicts if verdict is ConditionOutcome.MET)
                    answer = work.answer
                    yield BlockingFact(
                        block.code, block.label, answer.role, answer.requirement.code, answer.items, sure
                    )

    # --- Where a requirement is asked ---

    def _scopes(self, requirement: Requirement) -> Iterator[Scope]:
        if requirement.within is not None:
            yield from self._item_scopes(requirement.within)
            return
        if requirement.derived is not None:
            yield from self._derived_scopes(requirement)
            return
        document = self.compiled.document_of(requirement)
        if document is None:
            yield Scope(None if requirement.asked_of in (None, CITIZEN) else requirement.asked_of)
            return
        yield from self._subject_scopes(document)

    def _subject_scopes(self, document: ProcedureDocument) -> Iterator[Scope]:
        read = [one for one in self.subjects if one.subject.role == document.role]
        if not read:
            yield Scope(document.role, findings=frozenset({SUBJECT_ABSENT}))
        for one in read:
            data = one.answers.get(document.name)
            place, findings = None, frozenset[Finding]()
            if isinstance(data, WithheldDocument):
                findings = frozenset({Finding(AnswerStatus.UNAVAILABLE, data.reason)})
            else:
                place = start_walk(data if data is not None else dict.fromkeys(document.root.beneath), document.root)
            yield Scope(document.role, one.subject, (), place, findings)

    def _item_scopes(self, code: str) -> Iterator[Scope]:
        """One scope for each item of a list; if there is none, one that says why nothing is asked."""
        for group in self.work[code]:
            yield from group.scopes
            if not group.scopes:
                unsure = group.findings and group.answer.status is not AnswerStatus.NOT_APPLICABLE
                findings = group.findings if unsure else frozenset({NO_ITEM})
                yield Scope(group.scope.role, group.scope.subject, group.scope.items, None, findings)

    def _derived_scopes(self, requirement: Requirement) -> Iterator[Scope]:
        """An age is derived for each answer of its source, everything else for each subject, or once for all of a role of many."""
        assert requirement.derived is not None  # its form says so
        works = self.work[requirement.derived.source]
        if requirement.derived.rule == "age":
            yield from (Scope(work.scope.role, work.scope.subject, work.scope.items) for work in works)
            return
        seen: set[tuple[str | None, int | None]] = set()
        for work in works:
            role = work.scope.role
            together = role is not None and self.procedure.subjects[role].many
            subject = None if together else work.scope.subject
            if (role, id(subject)) not in seen:
                seen.add((role, id(subject)))
                yield Scope(role, subject)

    def _compatible(self, code: str, scope: Scope) -> list[Work]:
        """The answers to another requirement that are about the same thing as a scope."""
        return [work for work in self.work[code] if work.scope.is_about(scope)]

    def _rule_findings(self, requirement: Requirement, scope: Scope) -> Iterator[Finding]:
        for condition in requirement.applies_when:
            if test_condition(condition, self._compatible(condition.requirement, scope)) is ConditionOutcome.NOT_MET:
                yield RULE
        if requirement.needs is not None:
            for work in self._compatible(requirement.needs, scope):
                if work.answer.status is not AnswerStatus.NOT_APPLICABLE:
                    yield from work.findings

    # --- Reading ---

    def _read(self, requirement: Requirement, scope: Scope) -> Work:
        assert scope.place is not None  # a scope without a place has findings
        if requirement.rows is None:
            return self._values(requirement, scope, read_values(requirement, scope.place))
        reached = walk_path(scope.place, requirement.rows)
        rows = [one for one in reached if isinstance(one, ReachedValue) and _meets(one, requirement)]
        ends = [one for one in reached if isinstance(one, Absence)]
        findings = {finding for one in reached for finding in _truncations(one)}
        if requirement.is_group:
            return self._group(requirement, scope, rows, ends, findings)
        read = [read_values(requirement, row) for row in rows]
        together = ReadValues(
            tuple(value for one in read for value in one.found),
            tuple(absence for one in read for absence in one.absent),
        )
        if rows:
            return self._values(requirement, scope, together, findings)
        return self._nothing(requirement, scope, ends, findings)

    def _group(
        self,
        requirement: Requirement,
        scope: Scope,
        rows: Sequence[ReachedValue],
        ends: Sequence[Absence],
        findings: set[Finding],
    ) -> Work:
        """A list that others are within."""
        scopes = [
            Scope(scope.role, scope.subject, (*scope.items, _item(requirement, row, number)), row)
            for number, row in enumerate(rows, 1)
        ]
        chosen = self.choices.get(requirement.code)
        if chosen is not None and scopes:
            scopes = [one for one in scopes if one.items[-1].key in chosen]
            if not scopes:
                raise OperationRefused(
                    f"no item of {requirement.code} has the key that was chosen",
                    code="CHOICE_UNKNOWN",
                    next_step=f"choose the key of an item of {requirement.code} that the prefill has",
                )
        if not scopes:
            return self._nothing(requirement, scope, ends, findings)
        for one in scopes:
            findings |= self._row_age(requirement, one.place)
        if requirement.choose and chosen is None and len(scopes) > 1:
            findings.add(CHOICE_OPEN)
        return self._work(requirement, scope, findings, scopes=tuple(scopes))

    def _row_age(self, requirement: Requirement, row: ReachedValue | None) -> set[Finding]:
        """Why a list may be old: an item of it was confirmed longer ago than is allowed."""
        assert row is not None  # an item of a list is a row of it
        return set(self.sources.find_age(row.record.source, row.record.as_of, self._max_age(requirement)))

    def _nothing(self, requirement: Requirement, scope: Scope, ends: Sequence[Absence], findings: set[Finding]) -> Work:
        """No rows. That is an answer if the declaration says so, every source was read, and nothing on the way was unsure."""
        for end in ends:
            findings |= self._absence(requirement, end)
        entity = self.compiled.entity_of(requirement)
        if not ends and entity is not None:
            # Rows there are, and `where` keeps none of them.
            findings |= set(self.sources.find_absence(entity, self._max_age(requirement))) | {NO_RECORD}
        completion = self.sources.find_completion(entity) if entity is not None else None
        if requirement.none is not None and completion is not None and findings <= {NO_RECORD}:
            none = NoneHeld(requirement.none, *completion)
            return self._work(requirement, scope, set(), none=none)
        return self._work(requirement, scope, findings)

    def _values(
        self, requirement: Requirement, scope: Scope, read: ReadValues, more: set[Finding] | None = None
    ) -> Work:
        findings = set(more or ())
        for absence in read.absent:
            findings |= self._absence(requirement, absence)
        for found in read.found:
            findings |= self._presence(requirement, found)
        if not read.found and not read.absent:
            findings.add(NO_RECORD)
        return self._work(requirement, scope, findings, tuple(found.value for found in read.found))

    def _presence(self, requirement: Requirement, found: FoundValue) -> set[Finding]:
        """The findings on a value that is there."""
        value = found.value
        age = self.sources.find_age(value.source, value.as_of, self._max_age(requirement))
        return {*found.findings, *age, *_doubts(value.link_status, requirement)}

    def _absence(self, requirement: Requirement, absence: Absence) -> set[Finding]:
        """The findings on a value that is not there."""
        place, max_age = absence.place, self._max_age(requirement)
        findings = set(place.findings) | set(absence.findings)
        if absence.is_unlinked:
            return findings | set(self._emptiness(place, max_age)) | {NOT_LINKED}
        findings |= set(_doubts(place.link_status, requirement))
        if absence.entity is not None:
            unmatched = SUBJECT_UNMATCHED if place.node.owner == "" else NO_RECORD
            return findings | set(self.sources.find_absence(absence.entity, max_age)) | {unmatched}
        return findings | set(self._emptiness(place, max_age)) | {NOT_RECORDED}

    def _emptiness(self, place: ReachedValue, max_age: int) -> Iterator[Finding]:
        return self.sources.find_emptiness(place.record.source, place.record.as_of, max_age)

    def _derived(self, requirement: Requirement, scope: Scope) -> Work:
        assert requirement.derived is not None  # its form says so
        inputs = {code: self._compatible(code, scope) for code in requirement.derived.inputs}
        findings = {finding for works in inputs.values() for work in works for finding in work.findings}
        findings -= {NO_ITEM, RULE, CHOICE_OPEN}
        source = self.compiled.leaves_of(self.procedure.by_code[requirement.derived.source])
        for code in requirement.derived.inputs:
            while (code := self.procedure.by_code[code].within or "") and code not in inputs:
                inputs[code] = self._compatible(code, scope)  # an empty list says of what a sum of nothing is made
        value = derive_value(requirement.derived, requirement, inputs, self.sources.at, source)
        if value is None or any(finding.status in INCOMPLETE for finding in findings):
            return self._work(requirement, scope, findings or {NOT_RECORDED})
        return self._work(requirement, scope, findings, (value,))

    def _max_age(self, requirement: Requirement) -> int:
        return self.procedure.max_age_of(requirement)

    def _work(
        self,
        requirement: Requirement,
        scope: Scope,
        findings: set[Finding] | frozenset[Finding],
        values: tuple[HeldValue, ...] = (),
        *,
        none: NoneHeld | None = None,
        scopes: tuple[Scope, ...] = (),
    ) -> Work:
        status, reasons = settle_status(findings)
        answer = RequirementAnswer(
            requirement=self.compiled.summaries[requirement.code],
            role=scope.role,
            subject_id=scope.subject.id if scope.subject else None,
            items=scope.items,
            status=status,
            reasons=reasons,
            values=values,
            none=none,
        )
        return Work(scope, answer, frozenset(findings), scopes)


def _doubts(link_status: str | None, requirement: Requirement) -> Iterator[Finding]:
    """The findings on a value whose weakest link has this status."""
    if link_status == PROBABLE:
        if not requirement.probable:
            yield LINK_PROBABLE
    elif link_status not in (None, CONFIRMED):
        yield LINK_UNCONFIRMED


def _meets(row: ReachedValue, requirement: Requirement) -> bool:
    """Whether a row satisfies `where`."""
    for path, wanted in requirement.where.items():
        found = next((str(one.value) for one in walk_path(row, path) if isinstance(one, ReachedValue)), None)
        if (found is not None) is not wanted if isinstance(wanted, bool) else found != wanted:
            return False
    return True


def _truncations(reached: ReachedValue | Absence) -> frozenset[Finding]:
    """That a page cut a list on the way: it holds for the list, even where its rows are all right."""
    findings = reached.findings | (reached.place.findings if isinstance(reached, Absence) else frozenset())
    return frozenset(one for one in findings if one.reason is Reason.TRUNCATED)


def _item(requirement: Requirement, row: ReachedValue, number: int) -> ListItem:
    assert requirement.key is not None  # a list that others are within has one
    key = next(
        (str(one.value) for one in walk_path(row, requirement.key) if isinstance(one, ReachedValue)), f"#{number}"
    )
    return ListItem(requirement.code, key, row.record.id)
