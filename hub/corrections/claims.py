"""Claims: which value of a record is wrong, what it should be, and whether two values are the same. Pure.

A field is named as the graph reaches it from the record: `area`, `holderLink.recorded.name`, or, if a whole record is missing,
the list that lacks it: `landUseRights` of a citizen.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from hub.corrections.transitions import CorrectionEvent
from hub.errors import OperationRefused
from hub.link.normalise.text import accented_key
from hub.model.correction_states import CorrectionState
from hub.model.names import to_camel_case
from hub.model.registry import Backlink, Column, Entity
from schema.values import Storage, Value, ValueRejected, Verbatim, clean_text

MAX_CLAIM_CHARS = 2_000
NUMBERS = frozenset({Storage.INTEGER, Storage.BIGINT, Storage.NUMERIC})


@dataclass(frozen=True)
class CorrectableField:
    """What a correction is about: one column of a record, or the list of a subject that lacks a record."""

    entity: Entity
    path: str
    column: Column | None = None
    backlink: Backlink | None = None


def list_fields(entity: Entity) -> dict[str, CorrectableField]:
    """Everything that can be corrected on rows of an entity, by path."""
    found = {c.graphql: CorrectableField(entity, c.graphql, c) for c in entity.fields}
    found |= {ref.column.graphql: CorrectableField(entity, ref.column.graphql, ref.column) for ref in entity.references}
    for linked in entity.linked:
        for part in linked.recorded:
            path = f"{linked.link_graphql}.recorded.{to_camel_case(part.part)}"
            found[path] = CorrectableField(entity, path, part.column)
    found |= {back.graphql: CorrectableField(entity, back.graphql, backlink=back) for back in entity.backlinks}
    return found


def find_field(entity: Entity, path: str) -> CorrectableField:
    """The field of this path. Raises OperationRefused with CORRECTION_FIELD_UNKNOWN."""
    found = list_fields(entity).get(path)
    if found is None:
        raise OperationRefused(
            f"{entity.name} has no field {path[:100]} that can be corrected",
            code="CORRECTION_FIELD_UNKNOWN",
            next_step="name a field as the graph reaches it from the record: area, holderLink.recorded.name; of a missing record the list: landUseRights",
        )
    return found


def check_claim(field: CorrectableField, claimed: str | None) -> str | None:
    """The claimed value in its canonical form; None if the value should be empty. Raises OperationRefused with CLAIM_INVALID.

    The refusal names the rule of the field, never the value.
    """
    if claimed is None or not claimed.strip():
        return None
    if len(claimed) > MAX_CLAIM_CHARS:
        raise _refuse_claim(field, f"has more than {MAX_CLAIM_CHARS:,} characters")
    if field.column is None:
        return claimed.strip()
    try:
        return field.column.value.parse(claimed)
    except ValueRejected:
        kind = field.column.value
        raise _refuse_claim(field, f"must be {kind.expected}" if kind.expected else kind.rule) from None


def _refuse_claim(field: CorrectableField, rule: str) -> OperationRefused:
    return OperationRefused(
        f"the claimed value of {field.entity.name}.{field.path} is not valid: {rule or 'see the reference of the field'}",
        code="CLAIM_INVALID",
        next_step="write the value as the field has it; leave it out if the field should be empty",
    )


def normalise_claim(kind: type[Value], text: str | None) -> str | None:
    """What two spellings of one value have in common: canonical form, and of names case, spaces and the place of a tone mark."""
    if text is None or not text.strip():
        return None
    try:
        text = kind.parse(text)
    except ValueRejected:
        # A source may hold what the rule of today refuses; it is compared as it is written.
        text = clean_text(text, kind.clean)
    # What a sector wrote of a party has no type; without digits it is a name, and with digits two of them could become one.
    if kind.name_search or (issubclass(kind, Verbatim) and not any(character.isdigit() for character in text)):
        return accented_key(text) or text
    try:
        return _normalise_stored(kind.storage, text)
    except (ValueError, InvalidOperation):
        return text


def _normalise_stored(storage: Storage, text: str) -> str:
    if storage in NUMBERS:
        number = Decimal(text)
        return str(number.normalize() if number else Decimal(0))
    if storage is Storage.DATE:
        return date.fromisoformat(text).isoformat()
    if storage is Storage.TIMESTAMP:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    return text.lower() if storage is Storage.BOOLEAN else text


def is_same(kind: type[Value], left: str | None, right: str | None) -> bool:
    """Whether two values are the same in the field's own normal form; None is an empty value."""
    return normalise_claim(kind, left) == normalise_claim(kind, right)


@dataclass(frozen=True)
class DisputedValue:
    """A correction as settling compares it: the wrong value that was held last, and the value claimed."""

    state: CorrectionState
    held: str | None
    claimed: str | None


def judge_value(kind: type[Value], disputed: DisputedValue, shown: str | None) -> CorrectionEvent | None:
    """What it means that the source shows this value now; None if nothing follows from it."""
    if disputed.state is CorrectionState.RESOLVED:
        # Another value may be a change in the world. The wrong one again is a step back.
        return CorrectionEvent.RELAPSE if is_same(kind, shown, disputed.held) else None
    if is_same(kind, shown, disputed.claimed):
        return CorrectionEvent.RESOLVE
    return None if is_same(kind, shown, disputed.held) else CorrectionEvent.DIFFER


def judge_record(state: CorrectionState, *, appeared: bool) -> CorrectionEvent | None:
    """The same of a missing record."""
    return CorrectionEvent.RESOLVE if appeared and state is not CorrectionState.RESOLVED else None
