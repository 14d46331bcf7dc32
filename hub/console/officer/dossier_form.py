"""Opening a dossier from a page: which procedures an officer may choose, the parties of one, and the fields as filled in. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from hub.access.callers.principals import Principal
from hub.access.dossiers.offices import find_unit, is_at_level
from hub.access.purpose_declaration import SubjectRole
from hub.console.layout.refusals import FIELD_ERRORS
from hub.model.names import to_camel_case
from hub.model.registry import Entity, Registry
from hub.procedures.declaration.definition import Procedure
from schema import units
from schema.alphabet import make_alphabet_key
from schema.core import Label
from schema.values import DossierCode, ValueRejected

PERSON_ENTITY, BUSINESS_ENTITY = "Citizen", "Business"
ROLE_FIELD = "role."
"""What the names of the form's fields for parties begin with."""
REQUIRED = Label("Không được để trống.", "Required.")
MAX_NAMED = 20
"""Identifiers in one role."""


@dataclass(frozen=True)
class ProcedureOption:
    """A procedure that can be chosen."""

    code: str
    name: Label


@dataclass(frozen=True)
class OfficeOption:
    """An office of the officer. `code` has a date: `06652@2025-07-01`."""

    code: str
    name: str


@dataclass(frozen=True)
class RoleInput:
    """One role of the form. `expected` tells the form of its identifier, e.g. "12 digits"."""

    role: str
    name: Label
    expected: str
    is_optional: bool
    is_many: bool
    is_person: bool
    entity: str
    value: str = ""
    error: Label | None = None

    @property
    def input_name(self) -> str:
        """Name of the form's field."""
        return f"{ROLE_FIELD}{self.role}"


@dataclass(frozen=True)
class OpeningForm:
    """The form that opens a dossier, with the typed values. `errors` are by field; "subjects" is about the parties as a whole."""

    procedure: ProcedureOption
    roles: tuple[RoleInput, ...]
    offices: tuple[OfficeOption, ...]
    code: str = ""
    office: str = ""
    errors: Mapping[str, Label] = field(default_factory=dict)

    @property
    def has_errors(self) -> bool:
        """Whether something has to be corrected before the form is sent."""
        return bool(self.errors) or any(role.error for role in self.roles)


def list_procedures(
    procedures: Iterable[Procedure], principal: Principal, today: date, entity: str
) -> tuple[ProcedureOption, ...]:
    """The procedures in force for which the officer may open a dossier and that have a role for this kind of subject, by name."""
    allowed = (
        one
        for one in procedures
        if one.is_in_force(today)
        and any(role.entity == entity for role in one.subjects.values())
        and one.users.roles & principal.roles
        and (not one.users.offices or is_at_level(principal.offices, one.users.offices))
    )
    options = (ProcedureOption(one.code, Label(one.name.vi, one.name.en)) for one in allowed)
    return tuple(sorted(options, key=lambda option: make_alphabet_key(option.name.vi)))


def list_offices(principal: Principal) -> tuple[OfficeOption, ...]:
    """The officer's offices whose units exist, by name."""
    codes = {code for office in principal.offices if (code := find_unit(office)) is not None}
    return tuple(
        sorted(
            (OfficeOption(code, units.find_name(code) or code) for code in codes),
            key=lambda one: make_alphabet_key(one.name),
        )
    )


@dataclass(frozen=True)
class CounterSubject:
    """Who was found, as a dossier names them: the kind, and an identifier of it."""

    entity: str
    identifier: str


def make_form(
    procedure: Procedure,
    principal: Principal,
    registry: Registry,
    given: Mapping[str, str],
    found: CounterSubject | None = None,
) -> OpeningForm:
    """The form of a procedure with the typed values. Who was found stands in the first role for their kind."""
    roles = [_make_role(role, declared, registry, given) for role, declared in procedure.subjects.items()]
    first = next((at for at, role in enumerate(roles) if found and role.entity == found.entity), None)
    if first is not None and found and not given:
        roles[first] = replace(roles[first], value=found.identifier)
    offices = list_offices(principal)
    default = offices[0].code if len(offices) == 1 else ""
    name = Label(procedure.name.vi, procedure.name.en)
    return OpeningForm(
        ProcedureOption(procedure.code, name),
        tuple(roles),
        offices,
        given.get("code", "").strip(),
        given.get("office", default),
    )


def check_form(form: OpeningForm, registry: Registry, procedure: Procedure) -> tuple[OpeningForm, dict[str, Any]]:
    """The form with its errors, and the input of `openDossier` that it makes if it has none."""
    errors = {name: REQUIRED for name in ("code", "office") if not getattr(form, name)}
    code = _parse_code(form.code)
    if form.code and code is None:
        errors["code"] = FIELD_ERRORS["DOSSIER_CODE_INVALID"][1]
    roles, subjects = [], []
    for role in form.roles:
        named, error = _read_role(role, registry.entities[procedure.subjects[role.role].entity])
        roles.append(replace(role, error=error))
        subjects += [{"role": role.role, "subject": one} for one in named]
    made = {"code": code, "purpose": form.procedure.code, "office": form.office, "subjects": subjects}
    return replace(form, roles=tuple(roles), errors=errors), made


def with_error(form: OpeningForm, name: str, error: Label) -> OpeningForm:
    """The form with an error beside a field."""
    return replace(form, errors={**form.errors, name: error})


def _make_role(role: str, declared: SubjectRole, registry: Registry, given: Mapping[str, str]) -> RoleInput:
    entity = registry.entities[declared.entity]
    return RoleInput(
        role=role,
        name=Label(declared.name.vi, declared.name.en),
        expected=" / ".join(dict.fromkeys(key.value.examples[-1] for key in entity.keys if key.value.examples)),
        is_optional=declared.optional,
        is_many=declared.many,
        is_person=declared.entity == PERSON_ENTITY,
        entity=declared.entity,
        value=given.get(f"{ROLE_FIELD}{role}", "").strip(),
    )


def _read_role(role: RoleInput, entity: Entity) -> tuple[list[dict[str, Any]], Label | None]:
    """The subjects that a role names, as `SubjectBy`, or the fault in it."""
    lines = [line.strip() for line in role.value.splitlines() if line.strip()]
    if not lines:
        return [], None if role.is_optional else REQUIRED
    if len(lines) > (MAX_NAMED if role.is_many else 1):
        return [], Label("Quá nhiều số trong một vai trò.", "Too many identifiers in one role.")
    named = [_read_subject(line, entity) for line in lines]
    if None in named:
        return [], Label(
            f"Số không đúng dạng, ví dụ {role.expected}.", f"The number has another form, e.g. {role.expected}."
        )
    return [one for one in named if one], None


def _parse_code(text: str) -> str | None:
    try:
        return DossierCode.parse(text)
    except ValueRejected:
        return None


def _read_subject(text: str, entity: Entity) -> dict[str, Any] | None:
    for key in entity.keys:
        try:
            return {to_camel_case(entity.table): {key.graphql: key.value.parse(text)}}
        except ValueRejected:
            continue
    return None
