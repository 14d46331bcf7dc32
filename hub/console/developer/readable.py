"""What each purpose may read, as its documents say: types and their fields. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

from hub.access.purposes import Purpose
from schema.alphabet import make_alphabet_key
from schema.core import Label

PAGING = ("Connection", "Edge", "PageInfo")
"""How the names of types end that have rows, and no values of their own."""
ROOTS = ("Query", "Mutation", "Subscription")
ROLE_WORDS: Mapping[str, Label] = {
    "officer": Label("cán bộ giải quyết thủ tục", "officers"),
    "reviewer": Label("người rà soát liên kết", "reviewers"),
    "operator": Label("người vận hành", "operators"),
    "auditor": Label("người kiểm tra", "auditors"),
    "app": Label("ứng dụng", "apps"),
    "explorer": Label("người tra cứu dữ liệu đã che", "explorers of masked data"),
}


@dataclass(frozen=True)
class ReadablePurpose:
    """A purpose, for whom it is, and what may be read under it: fields by type, `Query` and `Mutation` first."""

    code: str
    name: Label
    about: Label
    users: tuple[Label, ...]
    legal_basis: tuple[str, ...]
    needs_dossier: bool
    is_procedure: bool
    is_masked: bool
    types: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def field_count(self) -> int:
        """How many fields of types that have values may be read."""
        return sum(len(fields) for name, fields in self.types if name not in ROOTS)


def list_readable(purposes: Mapping[str, Purpose], schema: GraphQLSchema) -> tuple[ReadablePurpose, ...]:
    """Every purpose, those without a dossier first, by name."""
    found = [_describe(purpose, schema) for purpose in purposes.values()]
    return tuple(sorted(found, key=lambda one: (one.is_procedure, make_alphabet_key(one.name.vi))))


def _describe(purpose: Purpose, schema: GraphQLSchema) -> ReadablePurpose:
    declared = purpose.declaration
    users = sorted([*(str(role) for role in declared.users.roles), *(str(kind) for kind in declared.users.clients)])
    return ReadablePurpose(
        code=purpose.code,
        name=Label(declared.name.vi, declared.name.en),
        about=Label(declared.about.vi, declared.about.en),
        users=tuple(ROLE_WORDS.get(user, Label(user, user)) for user in users),
        legal_basis=tuple(
            dict.fromkeys(" ".join(filter(None, (law.article, law.title))) for law in declared.legal_basis)
        ),
        needs_dossier=declared.dossier,
        is_procedure=purpose.is_procedure,
        is_masked=declared.masked,
        types=_list_types(purpose, schema),
    )


def _list_types(purpose: Purpose, schema: GraphQLSchema) -> tuple[tuple[str, tuple[str, ...]], ...]:
    reader = FieldReader(schema)
    for document in purpose.documents:
        visit(parse(document.text), TypeInfoVisitor(reader.types, reader))
    shown = {name: tuple(fields) for name, fields in reader.found.items() if not name.endswith(PAGING)}
    ordered = sorted(shown, key=lambda name: (ROOTS.index(name) if name in ROOTS else len(ROOTS), name))
    return tuple((name, shown[name]) for name in ordered)


class FieldReader(Visitor):
    """Collects the fields of documents by the type that has them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.types = TypeInfo(schema)
        self.found: dict[str, dict[str, None]] = {}

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Note the field."""
        parent = self.types.get_parent_type()
        if parent is not None and not node.name.value.startswith("__"):
            self.found.setdefault(get_named_type(parent).name, {})[node.name.value] = None
