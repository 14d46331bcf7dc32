"""A procedure as its folder declares it: `procedure.toml` and `query.graphql`, loaded and checked."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import schema
from hub.errors import HubMisconfigured, OperationRefused
from schema import codes as code_lists

FOLDER = Path(schema.__file__).parent / "procedures"


class Bilingual(BaseModel):
    """A label in the two languages of the user interface."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    vi: str
    en: str


class LegalBasis(BaseModel):
    """A law that the procedure, or the reuse of data in it, rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    about: Bilingual


class Requirement(BaseModel):
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


class Block(BaseModel):
    """Why the procedure cannot be done for a subject: there is a value at `value`, a path into the response."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    label: Bilingual
    value: str


class Procedure(BaseModel):
    """A procedure (CPSV-AP PublicService): names, legal basis, requirements, and the one operation that fetches what is held.

    `links` has, for the path of a list of records, the field of each record that says how sure it is that the record belongs to the
    object on the way: what rests on a link that is not confirmed is not held. `named` is the path of the subject's name, beside which the names that
    linked records give are held.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str
    subject: str
    name: Bilingual
    legal_basis: tuple[LegalBasis, ...]
    blocks: tuple[Block, ...] = ()
    links: dict[str, str] = Field(default_factory=dict)
    named: str | None = None
    requirements: tuple[Requirement, ...]
    query: str

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
    """Every procedure by code. Raises HubMisconfigured naming the folder."""
    found = [load(folder) for folder in sorted(FOLDER.iterdir()) if (folder / "procedure.toml").is_file()]
    return {procedure.code: procedure for procedure in found}


def procedure(code: str) -> Procedure:
    """The procedure of this code. Raises OperationRefused where there is none."""
    if code not in procedures():
        raise OperationRefused("there is no procedure of this code", next_step=f"use one of: {', '.join(procedures())}")
    return procedures()[code]


def load(folder: Path) -> Procedure:
    """Read one folder. Raises HubMisconfigured."""
    try:
        declared: dict[str, Any] = tomllib.loads((folder / "procedure.toml").read_text(encoding="utf-8"))
        query = (folder / "query.graphql").read_text(encoding="utf-8")
        return Procedure(**declared, query=query)
    except OSError as error:
        raise HubMisconfigured(
            f"{folder.name}: {error.strerror}", next_step="a procedure has procedure.toml and query.graphql"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise HubMisconfigured(f"{folder.name}/procedure.toml: {error}", next_step="correct the TOML") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise HubMisconfigured(f"{folder.name}/procedure.toml: {wrong}", next_step="correct the keys named") from None
