"""Rules for opening a dossier: its code, who may open it, and which subjects it must have. Pure; nothing is read here."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from hub.access.callers.principals import ClientKind, Principal
from hub.access.dossiers.offices import covers_office
from hub.access.purpose_declaration import PurposeDeclaration, PurposeOfProcedure, SubjectRole
from hub.errors import OperationRefused
from schema import units
from schema.values import DossierCode

MAX_SUBJECTS = 50
DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=730)
OPEN_SCOPE = "dossier:open"
"""Scope of an app that may open, extend and end dossiers without a person, such as a one-stop system: of any purpose but emergency access, at
its own offices. It may not read under them, unless the purpose lists apps among its users."""
EMERGENCY_AGENCY = "KHANCAP"
"""What the codes of emergency access begin with (khẩn cấp). The hub makes them: nobody opens a dossier with such a code."""
CODE = re.compile(DossierCode.pattern)
CODE_STEP = "write agency, date as YYMMDD and serial, e.g. H49.12-251118-0007"


@dataclass(frozen=True)
class FoundSubject:
    """A subject named for a dossier, as the hub holds it. `number` is None if it holds none of this identifier.

    `born` is as the register has it (`1954` or `1954-03-12`); `adult_age` in years, None if the subject is no natural person.
    """

    role: str
    entity: str
    number: int | None
    field: str | None
    value: str | None
    born: str | None = None
    died: date | None = None
    adult_age: int | None = None


def make_refusal(message: str, code: str, next_step: str) -> OperationRefused:
    """A refusal of a dossier."""
    return OperationRefused(message, code=code, next_step=next_step)


def check_code(code: str, today: date) -> str:
    """The dossier code in canonical form. Raises OperationRefused with DOSSIER_CODE_INVALID."""
    clean = code.strip().upper()
    if len(clean) > 60 or not CODE.fullmatch(clean) or clean.startswith(EMERGENCY_AGENCY):
        raise make_refusal("the dossier code does not have its form", "DOSSIER_CODE_INVALID", CODE_STEP)
    written = clean.split("-")[-2]
    try:
        received = datetime.strptime(written, "%y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise make_refusal(
            f"the dossier code has the date {written}, which is no day", "DOSSIER_CODE_INVALID", CODE_STEP
        ) from None
    if received > today + timedelta(days=1):
        raise make_refusal(
            f"the dossier code has the date {written}, which is to come", "DOSSIER_CODE_INVALID", CODE_STEP
        )
    return clean


def check_opener(principal: Principal, purpose: PurposeDeclaration, office: str) -> None:
    """Raises OperationRefused with FORBIDDEN if the principal may not open a dossier of this purpose at this office.

    `office` is a canonical unit code.
    """
    if not purpose.dossier:
        raise make_refusal(
            f"the purpose {purpose.code} has no dossiers", "FORBIDDEN", "send it as X-Hub-Purpose with each request"
        )
    by_role = bool(purpose.users.roles & principal.roles)
    by_scope = principal.client_kind is ClientKind.APP and OPEN_SCOPE in principal.scopes and not purpose.break_glass
    if not (by_role or by_scope):
        needed = ", ".join(sorted(purpose.users.roles)) or "none"
        raise make_refusal(
            f"you may not open a dossier of {purpose.code}",
            "FORBIDDEN",
            f"sign in with one of the roles {needed}, or with an app's key that has the scope {OPEN_SCOPE}",
        )
    if not covers_office(principal.offices, office):
        raise make_refusal(
            "you do not work for this office",
            "OFFICE_FORBIDDEN",
            "give an office that your token names, or one that continues it",
        )
    check_level(purpose, office)


def check_level(purpose: PurposeDeclaration, office: str) -> None:
    """Raises OperationRefused with OFFICE_FORBIDDEN if offices at the level of this one do not handle the purpose."""
    if purpose.users.offices and units.find_level(office) not in purpose.users.offices:
        allowed = ", ".join(sorted(purpose.users.offices))
        raise make_refusal(
            f"{purpose.code} is not handled at this level", "OFFICE_FORBIDDEN", f"use an office at {allowed}"
        )


def check_in_force(purpose: PurposeDeclaration, day: date) -> None:
    """Raises OperationRefused with PROCEDURE_NOT_IN_FORCE if the purpose is a procedure that may not be used on a day."""
    if isinstance(purpose, PurposeOfProcedure) and not purpose.is_in_force(day):
        until = f" to {purpose.in_force_to}" if purpose.in_force_to else ""
        raise make_refusal(
            f"the procedure {purpose.code} is in force from {purpose.in_force_from}{until}",
            "PROCEDURE_NOT_IN_FORCE",
            "use the procedure that takes its place: `hub procedures list`",
        )


def check_life(expires_at: datetime | None, now: datetime) -> datetime:
    """The end of a dossier that is opened now. Raises OperationRefused with DOSSIER_EXPIRY_INVALID."""
    if expires_at is None:
        return now + DEFAULT_LIFE
    if expires_at.tzinfo is None or not now < expires_at <= now + LONGEST_LIFE:
        raise make_refusal(
            f"the expiry must lie in the next {LONGEST_LIFE.days} days",
            "DOSSIER_EXPIRY_INVALID",
            "give an instant with its offset, or leave it out",
        )
    return expires_at.astimezone(UTC)


class HasRole(Protocol):
    """A subject, found or only named."""

    @property
    def role(self) -> str: ...

    @property
    def entity(self) -> str: ...


def check_roles(purpose: PurposeDeclaration, subjects: Sequence[HasRole]) -> None:
    """Raises OperationRefused if the subjects do not fill the roles of the purpose, whoever they are: nothing of a person is needed for it.

    Codes: ROLE_UNKNOWN, ROLE_MISSING, ROLE_TAKEN, WRONG_KIND, TOO_MANY_SUBJECTS.
    """
    if len(subjects) > MAX_SUBJECTS:
        raise make_refusal(
            f"a dossier has at most {MAX_SUBJECTS} subjects",
            "TOO_MANY_SUBJECTS",
            "open a second dossier for the others",
        )
    for subject in subjects:
        find_role(purpose, subject.role, subject.entity)
    filled = Counter(subject.role for subject in subjects)
    for role, declared in purpose.subjects.items():
        if not filled[role] and not declared.optional and not _is_guardian_only(role, purpose.subjects.values()):
            raise make_refusal(f"no subject has the role {role}", "ROLE_MISSING", f"add a {declared.entity} as {role}")
        if filled[role] > 1 and not declared.many:
            raise make_refusal(
                f"{filled[role]} subjects have the role {role}", "ROLE_TAKEN", "give one subject this role"
            )


def check_subjects(purpose: PurposeDeclaration, subjects: Sequence[FoundSubject], today: date) -> None:
    """Raises OperationRefused if the subjects do not fill the roles of the purpose. What a person's data say comes last: a refusal for a
    missing role and one for a death, in turns, would tell of anybody whether they live.

    Codes: those of `check_roles`, SUBJECT_IN_TWO_ROLES, SUBJECT_DECEASED, GUARDIAN_NEEDED.
    """
    check_roles(purpose, subjects)
    filled = Counter(subject.role for subject in subjects)
    for subject in subjects:
        _check_subject(purpose, subject, filled, today)
    parties = [
        (one.role, (one.entity, one.number) if one.number is not None else (one.entity, one.field, one.value))
        for one in subjects
    ]
    check_apart(purpose, parties)
    for minor, (role, who) in zip(subjects, parties, strict=True):
        if (
            (guardian := purpose.subjects[role].guardian) is not None
            and is_minor(minor, today)
            and (guardian, who) in parties
        ):
            raise make_refusal(
                f"the minor in the role {role} is their own guardian",
                "GUARDIAN_NEEDED",
                f"name the guardian in the role {guardian}",
            )


def check_apart(purpose: PurposeDeclaration, parties: Iterable[tuple[str, Hashable]]) -> None:
    """Raises OperationRefused with SUBJECT_IN_TWO_ROLES if two roles have one subject. Each party is its role and what tells it apart.

    A guardian may have another role too: parents who transfer land to their child act for the child.
    """
    subjects = [(role, who) for role, who in parties if not _is_guardian_only(role, purpose.subjects.values())]
    seen: dict[Hashable, str] = {}
    for role, who in subjects:
        other = seen.setdefault(who, role)
        if other != role:
            raise make_refusal(
                f"{other} and {role} are one subject",
                "SUBJECT_IN_TWO_ROLES",
                "check the identifiers: both are of one person, perhaps by two rows that were merged",
            )


def find_role(purpose: PurposeDeclaration, role: str, entity: str) -> SubjectRole:
    """The role as the purpose declares it. Raises OperationRefused with ROLE_UNKNOWN or, for another kind of subject, WRONG_KIND."""
    declared = purpose.subjects.get(role)
    if declared is None:
        known = ", ".join(purpose.subjects)
        raise make_refusal(f"{purpose.code} has no role {role[:60]}", "ROLE_UNKNOWN", f"use one of: {known}")
    if entity != declared.entity:
        raise make_refusal(
            f"the role {role} is for a {declared.entity}, not a {entity}", "WRONG_KIND", f"name a {declared.entity}"
        )
    return declared


def _check_subject(purpose: PurposeDeclaration, subject: FoundSubject, filled: Counter[str], today: date) -> None:
    declared = purpose.subjects[subject.role]
    if subject.died is not None and not declared.deceased:
        raise make_refusal(
            f"the person in the role {subject.role} is recorded as deceased",
            "SUBJECT_DECEASED",
            "check the identifier; if the record is wrong, ask the civil-status office to correct it",
        )
    if declared.guardian is not None and not filled[declared.guardian] and is_minor(subject, today):
        raise make_refusal(
            f"the person in the role {subject.role} is a minor",
            "GUARDIAN_NEEDED",
            f"add the guardian in the role {declared.guardian}",
        )


def is_minor(subject: FoundSubject, today: date) -> bool:
    """Whether the person may be under age. Of whom only the year of birth is known, the last day of it is taken."""
    if subject.adult_age is None or subject.born is None:
        return False
    year, _, rest = subject.born.partition("-")
    month_day = rest or "12-31"
    return f"{today.year - subject.adult_age:04}-{today:%m-%d}" < f"{year}-{month_day}"


def _is_guardian_only(role: str, declared: Iterable[SubjectRole]) -> bool:
    """Whether the role exists for the guardians of others: it is needed only if one of these is a minor."""
    return any(one.guardian == role for one in declared)
