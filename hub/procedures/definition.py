"""A procedure as its folder declares it: `procedure.toml` and `query.graphql`, loaded and checked."""

from functools import cache
from pathlib import Path

from pydantic import ConfigDict, Field, model_validator

from hub.access.purpose_declaration import Bilingual, PurposeDeclaration, Strict
from hub.access.purposes import PROCEDURE_FILE, Purpose, load_purpose, parse_declaration, purposes
from hub.errors import HubMisconfigured, OperationRefused
from schema import codes as code_lists

QUERY = "query"
"""The document of a procedure whose answer holds what its requirements ask for."""


class Requirement(Strict):
    """One thing the form asks for (CCCEV Requirement). Either the graph has it, at `rows` and `value`, or it is `asked_of` someone.

    `rows` is a path into the response; `where` keeps rows whose value equals (true and false: is there and is not);
    `value` are paths from a row, joined into one text; `otherwise` is read where they give nothing; `none` says what an
    empty list of `entity` means, once some source of it has been read; `null` what a missing value means; `codes` names
    the code list of a value path, for its labels; `needs` names a
    requirement without which an empty list says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    code: str
    label: Bilingual
    holder: str | None = None
    asked_of: str | None = None
    rows: str = ""
    where: dict[str, str | bool] = Field(default_factory=dict)
    value: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = Field((), alias="else")
    join: str = " "
    of: str | None = None
    link: str | None = None
    none: Bilingual | None = None
    entity: str | None = None
    null: Bilingual | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    needs: str | None = None

    @model_validator(mode="after")
    def _held_or_asked(self) -> "Requirement":
        held = bool(self.holder and self.rows and self.value)
        if held == bool(self.asked_of):
            raise ValueError(f"requirement {self.code}: give holder, rows and value, or asked_of")
        unknown = [name for name in self.codes.values() if not hasattr(code_lists, name)]
        if unknown:
            raise ValueError(f"requirement {self.code}: no code list {', '.join(unknown)}")
        if (self.none is None) is not (self.entity is None):
            raise ValueError(f"requirement {self.code}: none and entity go together")
        return self


class ProcedureBlock(Strict):
    """Why the procedure cannot be done for a subject: there is a value at `value`, a path into the response."""

    code: str
    label: Bilingual
    value: str


class Procedure(PurposeDeclaration):
    """A procedure (CPSV-AP PublicService): a purpose with requirements, and the one operation that fetches what is held.

    `links` has, for the path of a list of records, the field of each record that says how sure it is that the record belongs to the
    object on the way: what rests on a link that is not confirmed is not held. `named` is the path of the subject's name, beside which the names that
    linked records give are held.
    """

    subject: str
    blocks: tuple[ProcedureBlock, ...] = ()
    links: dict[str, str] = Field(default_factory=dict)
    named: str | None = None
    requirements: tuple[Requirement, ...]
    query: str = ""
    """The text of query.graphql; not a key of the TOML."""

    @property
    def allows_unread_subjects(self) -> bool:
        """A procedure has parties of whom it asks everything."""
        return True

    @model_validator(mode="after")
    def _needs_exist(self) -> "Procedure":
        codes = [requirement.code for requirement in self.requirements]
        if len(set(codes)) < len(codes):
            raise ValueError("two requirements have one code")
        for requirement in self.requirements:
            if requirement.needs is not None and requirement.needs not in codes:
                raise ValueError(f"requirement {requirement.code} needs {requirement.needs}, which does not exist")
        return self


@cache
def procedures() -> dict[str, Procedure]:
    """Every procedure by code. Raises HubMisconfigured naming file, line and key."""
    return {code: _procedure(purpose) for code, purpose in purposes().items() if purpose.is_procedure}


def find_procedure(code: str) -> Procedure:
    """The procedure of this code. Raises OperationRefused if there is none."""
    if code not in procedures():
        raise OperationRefused(
            "there is no procedure with this code", next_step=f"use one of: {', '.join(procedures())}"
        )
    return procedures()[code]


def load_procedure(folder: Path) -> Procedure:
    """Read one folder. Raises HubMisconfigured naming file, line and key."""
    return _procedure(load_purpose(folder))


def _procedure(purpose: Purpose) -> Procedure:
    query = next((document.text for document in purpose.documents if document.name == QUERY), None)
    if query is None:
        raise HubMisconfigured(
            f"{purpose.folder}: there is no {QUERY}.graphql",
            next_step="a procedure has procedure.toml and query.graphql",
        )
    path = purpose.folder / PROCEDURE_FILE
    declared = parse_declaration(path, path.read_text(encoding="utf-8"), Procedure)
    if declared.query:
        raise HubMisconfigured(f"{path}: query is not a key", next_step="write the document in query.graphql")
    return declared.model_copy(update={"query": query})
