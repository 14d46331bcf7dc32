"""What `purpose.toml` says: names, legal basis, who may use the purpose, its subjects, variables, retention and limits."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from hub.access.callers.principals import ClientKind, Role
from schema.codes import UnitLevel

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=60)]
CALLER_ATTRIBUTES = frozenset({"id", "offices", "personal_ids", "sources"})
"""What a variable can be bound to of the caller; `hub.graph.permission.callers` says what each is."""
MOST_ROWS = 100_000


class Strict(BaseModel):
    """A table of a TOML file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(Strict):
    """A label in the two languages of the user interface."""

    vi: str
    en: str


class LegalBasis(Strict):
    """A law that a purpose, or the reuse of data in it, rests on. `article` is the provision, e.g. "Điều 4, khoản 1"."""

    title: str
    article: str | None = None
    about: Bilingual


class PurposeUsers(Strict):
    """Who may use the purpose: people by role, apps by kind. Empty `offices` means every office."""

    roles: frozenset[Role] = frozenset()
    clients: frozenset[ClientKind] = frozenset()
    offices: frozenset[str] = frozenset()
    """Levels of the administrative units whose offices may use it, e.g. ["COMMUNE"]."""

    @model_validator(mode="after")
    def _check_users(self) -> Self:
        if not self.roles and not self.clients:
            raise ValueError('nobody may use it: give roles, e.g. ["officer"], or clients, e.g. ["app"]')
        unknown = sorted(self.offices - set(UnitLevel.codes))
        if unknown:
            raise ValueError(f"no level {', '.join(unknown)}: use {', '.join(UnitLevel.codes)}")
        return self


class SubjectRole(Strict):
    """A part that a subject of the dossier has, e.g. transferor; `entity` is the kind of subject, e.g. Citizen.

    `optional`: a dossier may have none. `many`: it may have several. `deceased`: it may be someone who has died. `guardian` names
    the role that must be filled as well if the subject is a minor.
    """

    entity: str
    name: Bilingual
    optional: bool = False
    many: bool = False
    deceased: bool = False
    guardian: str | None = None


class VariableRule(Strict):
    """Which values a variable of the documents may have: exactly one of `subject`, `caller`, `page` and `free`.

    `subject`: an identifier of the dossier's subject in this role. `caller`: an attribute of the caller, e.g. "sources".
    `page`: a page size, at most this. `free`: any value; `nullable` allows null too, e.g. for a cursor. `items` is the most
    items of a list.
    """

    subject: str | None = None
    caller: str | None = None
    page: int | None = Field(None, ge=1)
    free: bool = False
    nullable: bool = False
    items: int = Field(1, ge=1, le=500)

    @model_validator(mode="after")
    def _check_rule(self) -> Self:
        given = [bool(self.subject), bool(self.caller), self.page is not None, self.free]
        if sum(given) != 1:
            raise ValueError('give one of subject, caller, page and free, e.g. { subject = "applicant" }')
        if self.nullable and not self.free:
            raise ValueError("only a free variable can be null")
        if self.caller and self.caller not in CALLER_ATTRIBUTES:
            raise ValueError(f"a caller has no {self.caller}: use {', '.join(sorted(CALLER_ATTRIBUTES))}")
        return self

    @property
    def source(self) -> str | None:
        """The key of the bindings that this variable is compared with: `transferor`, `caller.sources`."""
        return f"caller.{self.caller}" if self.caller else self.subject


class PurposeLimits(Strict):
    """`rows`: the most rows of one operation, each page taken as full. `smallest_cell`: counts below it are suppressed."""

    rows: int = Field(ge=1, le=MOST_ROWS)
    smallest_cell: int | None = Field(None, ge=2)


class NoticeToCitizens(Strict):
    """When people are shown, in their own log, that they were read about under the purpose.

    `at_once`; `after_closing`, when the dossier has ended; or `sealed`: not at all. `ground` is the law that allows to wait.
    """

    when: Literal["at_once", "after_closing", "sealed"] = "at_once"
    ground: LegalBasis | None = None

    @model_validator(mode="after")
    def _check_ground(self) -> Self:
        if self.when != "at_once" and self.ground is None:
            raise ValueError(
                'give the law that allows it: ground = { title = "…", article = "…", about = { vi = "…", en = "…" } }'
            )
        return self


class PurposeDeclaration(Strict):
    """A purpose of reading (DPV Purpose)."""

    code: Code
    name: Bilingual
    about: Bilingual
    legal_basis: Annotated[tuple[LegalBasis, ...], Field(min_length=1)]
    users: PurposeUsers
    subjects: dict[Code, SubjectRole] = Field(default_factory=dict)
    variables: dict[str, VariableRule] = Field(default_factory=dict)
    dossier: bool
    """Whether each read names an open dossier of this purpose."""
    retention_days: int = Field(ge=0)
    """How long the reader may keep the data; 0: only while it is used."""
    limits: PurposeLimits
    disclosure: NoticeToCitizens = NoticeToCitizens()
    """When citizens learn of reads under the purpose."""
    masked: bool = False
    """Whether everything stored may be read, masked, instead of what the documents select: for exploring the schema."""
    break_glass: bool = False
    """Whether officers may read under it in an emergency without an own dossier, if a second one confirms it."""
    finds_people: bool = False
    """Whether it finds people by identifiers that the caller gives. A look-up that finds nobody may be a guess, and is counted."""
    public_types: frozenset[str] = frozenset()
    """Types without personal data. Everybody may read them from a root field, with any arguments that stay within them."""

    @model_validator(mode="after")
    def _check_subjects(self) -> Self:
        for name, rule in self.variables.items():
            if rule.subject is not None and rule.subject not in self.subjects:
                known = ", ".join(self.subjects) or "none is declared"
                raise ValueError(f"variables.{name}: no subject {rule.subject} ({known})")
        for role, declared in self.subjects.items():
            if declared.guardian is not None and declared.guardian not in self.subjects:
                raise ValueError(f"subjects.{role}: no subject {declared.guardian}, which is to be the guardian")
        used = {rule.subject for rule in self.variables.values()}
        unused = [role for role in self.subjects if role not in used]
        if unused and not self.allows_unread_subjects:
            raise ValueError(f"subjects.{unused[0]}: no variable is bound to it")
        if self.disclosure.when == "after_closing" and not self.dossier:
            raise ValueError(
                "disclosure.when = after_closing needs dossier = true: without a dossier nothing is ever closed"
            )
        if self.break_glass and not self.dossier:
            raise ValueError("break_glass = true needs dossier = true: emergency access names the people concerned")
        if self.dossier and not self.subjects:
            raise ValueError("dossier = true needs at least one subject, e.g. [subjects.applicant]")
        return self

    @property
    def allows_unread_subjects(self) -> bool:
        """Whether a dossier may have subjects that no document reads."""
        return False


class DependentProcess(Strict):
    """Work elsewhere that rests on the dossier, e.g. the tax obligation of a transfer: it is told when the dossier is withdrawn."""

    code: Code = Field(description="Its name within the procedure; the `dependent` of the event.")
    name: Bilingual = Field(description="What it is called, in Vietnamese and English.")


class PurposeOfProcedure(PurposeDeclaration):
    """The purpose that a `procedure.toml` declares; the keys of its requirements are `hub.procedures`' to check."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    dossier: bool = True
    dependents: tuple[DependentProcess, ...] = Field(
        (), max_length=20, description="What rests on the dossier elsewhere, and is told when it is withdrawn."
    )
    in_force_from: date = Field(description="First day on which a dossier of it may be opened.")
    in_force_to: date | None = Field(
        None, description="Last day on which one may be opened; an open dossier is answered to its end."
    )

    @field_validator("in_force_to")
    @classmethod
    def _check_days(cls, last: date | None, info: ValidationInfo) -> date | None:
        first = info.data.get("in_force_from")
        if last is not None and first is not None and last < first:
            raise ValueError(f"is before in_force_from, {first}: write the last day, or leave it out if there is none")
        return last

    def is_in_force(self, day: date) -> bool:
        """Whether a dossier of it may be opened on a day."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)

    @field_validator("dependents")
    @classmethod
    def _check_dependents(cls, given: tuple[DependentProcess, ...]) -> tuple[DependentProcess, ...]:
        codes = [one.code for one in given]
        twice = next((code for code in codes if codes.count(code) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} stands twice: give each dependent a code of its own")
        return given

    @model_validator(mode="before")
    @classmethod
    def _bind_roles(cls, given: Any) -> Any:
        """A variable that is called like a role is bound to it, unless the file says something else."""
        if not isinstance(given, dict) or not isinstance(given.get("subjects"), dict):
            return given
        bound = {role: {"subject": role} for role in given["subjects"]}
        return {**given, "variables": {**bound, **given.get("variables", {})}}

    @property
    def allows_unread_subjects(self) -> bool:
        """A procedure has parties of whom it asks everything."""
        return True
