"""Generated pages: the tables as SQL, and the reference of entities and value types in Markdown."""

from collections.abc import Iterator

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from hub.model.authorities import list_authorities
from hub.model.labels import describe_with_label
from hub.model.registry import Column, Entity, Registry
from schema.authority import AuthorityFacts, Comparison
from schema.values import CodeList, Value


def render_tables_sql(tables: MetaData) -> str:
    """Every derived table and index as SQL, in order of name: to read, not to run; migrations make the tables."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy types dialects loosely
    lines = ["-- Derived from schema/. To read, not to run: `hub migrate` makes the tables.", ""]
    for table in sorted(tables.tables.values(), key=lambda t: t.fullname):
        # The dialect leaves blanks at the ends of lines.
        lines += [line.rstrip() for line in str(CreateTable(table).compile(dialect=dialect)).strip().splitlines()]
        lines[-1] += ";"
        for index in sorted(table.indexes, key=lambda i: str(i.name)):
            lines.append(f"{str(CreateIndex(index).compile(dialect=dialect)).strip()};")
        lines.append("")
    return "\n".join(lines)


def render_reference(registry: Registry) -> str:
    """The reference page: each entity with its fields, then the value types with their rules, then the code lists."""
    parts = ["# Reference", "", "Made from `schema/` by `hub schema export`. Names are those of GraphQL.", ""]
    for entity in registry:
        parts += _render_entity(entity)
    parts += _render_authorities(registry)
    parts += ["## Value types", "", "| type | rule | unit | examples | refused |", "|---|---|---|---|---|"]
    parts += [_render_value_type(value) for value in _list_value_types(registry)]
    parts += ["", "## Code lists", ""]
    for codes in registry.code_lists:
        parts += [
            f"### {codes.__name__}",
            "",
            describe_with_label(codes.label, (codes.__doc__ or "").strip()),
            "",
            "| code | Tiếng Việt | English |",
            "|---|---|---|",
        ]
        parts += [f"| `{code}` | {label.vi} | {label.en} |" for code, label in codes.codes.items()] + [""]
    return "\n".join(parts).rstrip() + "\n"


def _render_entity(entity: Entity) -> Iterator[str]:
    yield f"## {entity.name}"
    yield ""
    yield f"{entity.label.vi} · {entity.label.en}. {entity.kind.capitalize()} of the sector {entity.sector}; {entity.standard}."
    yield ""
    yield entity.description
    yield ""
    yield "| field | Tiếng Việt | type | | description |"
    yield "|---|---|---|---|---|"
    for column in entity.fields:
        yield f"| `{column.graphql}` | {column.label.vi} | {column.value.__name__} | {_marks(column)} | {column.description} |"
    for ref in entity.references:
        yield f"| `{ref.graphql}` | {ref.label.vi} | → {ref.target} | {_marks(ref.column)} | {ref.description} |"
    for linked in entity.linked:
        kinds = ", ".join(linked.kinds)
        yield f"| `{linked.graphql}` | {linked.label.vi} | linked: {kinds} | as {linked.as_recorded} | {linked.description} |"
    for back in entity.backlinks:
        yield f"| `{back.graphql}` | {back.label.vi} | many {back.target} | by `{back.via}` | {back.description} |"
    yield ""


def _render_authorities(registry: Registry) -> Iterator[str]:
    yield "## Authorities"
    yield ""
    yield (
        "Whose value a copy is held against, once its record is linked; what differs is a discrepancy of the sector that keeps"
        " the copy."
    )
    yield ""
    yield "| copy | authority | compared as | |"
    yield "|---|---|---|---|"
    for copy, facts in list_authorities(registry):
        yield f"| `{copy}` | `{facts.field}` | {facts.compared.name} | {_terms(facts)} |"
    yield ""
    yield "| comparison | agrees with |"
    yield "|---|---|"
    for comparison in Comparison:
        yield f"| {comparison.name} | {comparison.value} |"
    yield ""


def _terms(facts: AuthorityFacts) -> str:
    """What else an authority says: by which way it is found, which codes go together."""
    codes = "; ".join(
        f"{held} with {' or '.join(own)}" if held else f"not {' or '.join(own)}" for held, own in facts.codes
    )
    said = (
        facts.linked and f"by `{facts.linked}`",
        facts.through and f"through `{facts.through}`",
        facts.beside and f"beside `{facts.beside}`",
        codes,
        facts.while_empty and f"while `{facts.while_empty}` is empty",
    )
    return "; ".join(word for word in said if word)


def _marks(column: Column) -> str:
    marks = (("key", column.unique), ("optional", column.nullable), ("filter", column.filter), ("order", column.order))
    return ", ".join(word for word, set_ in marks if set_)


def _list_value_types(registry: Registry) -> list[type[Value]]:
    used = {column.value for entity in registry for column in entity.columns}
    return sorted((v for v in used if not issubclass(v, CodeList)), key=lambda v: v.__name__)


def _render_value_type(value: type[Value]) -> str:
    def shown(texts: tuple[str, ...]) -> str:
        return ", ".join(f"`{text}`" for text in texts if text)

    return (
        f"| `{value.__name__}` | {value.rule} | {value.unit or ''} | {shown(value.examples)} | {shown(value.refused)} |"
    )
