"""docs/reference/procedure.md: every key of `procedure.toml`, made from the models that read it."""

import inspect
from datetime import date
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hub.access.purpose_declaration import Bilingual, DependentProcess, LegalBasis, PurposeDeclaration
from hub.model.type_words import BASIC_TYPE_WORDS, describe_type
from hub.procedures.answering.statuses import PRECEDENCE, REASON_MEANINGS
from hub.procedures.declaration.definition import Procedure
from hub.procedures.declaration.requirements import (
    AddressPaths,
    Derivation,
    NullMeaning,
    ParcelPaths,
    PartyPaths,
    ProcedureBlock,
    Requirement,
    RequirementCondition,
)

INTRODUCTION = """\
# Procedure keys

Every key of a `procedure.toml`. Made from `hub/procedures/*.py` by `hub schema export`; the guide is
[Write a procedure](../how-to/write-a-procedure.md). A key without a default is required. Keys that are not listed here are errors.

A procedure also has the keys of a [purpose](../how-to/write-a-purpose.md): `code`, `name`, `about`, `legal_basis`, `users`, `subjects`,
`retention_days` and `limits`. `dossier` is true unless the file says otherwise, and a variable that is called like a role is bound to it.
"""
TITLES: dict[type[BaseModel], str] = {
    Requirement: "`[[requirements]]`",
    PartyPaths: "`party`",
    ParcelPaths: "`parcel`",
    AddressPaths: "`address`",
    NullMeaning: "`null`",
    RequirementCondition: "A condition",
    Derivation: "`derived`",
    ProcedureBlock: "`[[blocks]]`",
    DependentProcess: "`[[dependents]]`",
}
WORDS: dict[Any, str] = {
    **BASIC_TYPE_WORDS,
    date: "date",
    Bilingual: "text in `vi` and `en`",
    LegalBasis: "`title`, `article`, and `about` in `vi` and `en`",
}
FINDINGS_HEAD = """\
## Statuses and reasons

Everything that can be found out about a value, the strongest first: an answer has the status of the first that applies, and the reasons of
all that apply. With none of them it is HELD.

| status | reason | meaning |
|---|---|---|"""


def render_procedure_page() -> str:
    """The page."""
    own = {name: f for name, f in Procedure.model_fields.items() if name not in PurposeDeclaration.model_fields}
    lines = [INTRODUCTION, "## The procedure", "", *_table(own), ""]
    for model, title in TITLES.items():
        lines += [f"## {title}", "", inspect.cleandoc(model.__doc__ or ""), "", *_table(model.model_fields), ""]
    lines.append(FINDINGS_HEAD)
    lines += [f"| {f.status.name} | {f.reason.name} | {REASON_MEANINGS[f.reason]} |" for f in PRECEDENCE]
    return "\n".join(lines) + "\n"


def _table(fields: dict[str, FieldInfo]) -> list[str]:
    rows = ["| key | what it is | default | meaning |", "|---|---|---|---|"]
    for name, one in fields.items():
        default = "required" if one.default is PydanticUndefined else _default(one.default)
        rows.append(
            f"| `{one.alias or name}` | {describe_type(one.annotation, WORDS, _describe_model)} | {default} | {one.description or ''} |"
        )
    return rows


def _default(value: Any) -> str:
    if value is None or value in ((), {}, ""):
        return ""
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f'`"{value}"`'


def _describe_model(annotation: Any) -> str:
    if annotation in TITLES:
        title = TITLES[annotation]
        anchor = "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")
        return f"[{title.strip('`[]')}](#{anchor})"
    return "table"
