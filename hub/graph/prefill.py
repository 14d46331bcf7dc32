"""The root field `prefill`: runs a procedure's own query through the planner and answers its requirements.

The types below say what the graph shows of the values of `hub.procedures`, which Strawberry reads by the names of their fields:
a value is made once and not copied.
"""

import enum
from typing import Any, Protocol, cast

import orjson
import strawberry
from strawberry.types import Info

from hub.graph.prepare import GraphQLRequest
from hub.graph.reading import Reading
from hub.graph.reads import Reads
from hub.model.names import quote_identifier
from hub.model.registry import Registry, registry
from hub.procedures.definition import find_procedure
from hub.procedures.prefill import STATUS_MEANINGS, AnswerStatus, Freshness, Prefill, answer_requirements


@strawberry.type(name="Label", description="A label in Vietnamese and English.")
class LabelType:
    vi: str
    en: str


@strawberry.type(name="LegalBasis", description="A law that a procedure rests on.")
class LegalBasisType:
    title: str
    about: LabelType


@strawberry.type(name="Procedure", description="An administrative procedure (CPSV-AP PublicService).")
class ProcedureType:
    code: str
    name: LabelType
    legal_basis: list[LegalBasisType]


@strawberry.type(name="Requirement", description="One thing that a procedure's form asks for (CCCEV Requirement).")
class RequirementType:
    code: str
    label: LabelType
    holder: str | None = strawberry.field(description="The sector that holds it; null if only the citizen can say.")
    asked_of: str | None = strawberry.field(description="Who has to be asked; null if a sector holds it.")


_STATUSES = {status.name: strawberry.enum_value(status, description=about) for status, about in STATUS_MEANINGS.items()}
ANSWER_STATUS: Any = strawberry.enum(
    cast(Any, enum.Enum)("AnswerStatusType", _STATUSES),
    name="AnswerStatus",
    description="What the hub can say to a requirement.",
)


@strawberry.type(name="HeldValue", description="One value, and where it is from.")
class HeldValueType:
    value: str = strawberry.field(description="The value as text; NONE and NULL are explained by `label`.")
    label: LabelType | None = strawberry.field(
        description="The value in words if it says that there is none, otherwise null."
    )
    of: str | None = strawberry.field(
        description="Which of several: a certificate, an obligation; null if there is only one."
    )
    source: str | None = strawberry.field(description="The sector system it is from; null if it is not known.")
    as_of: str | None = strawberry.field(
        description="The instant for which the source confirmed it; null if it is not known."
    )


@strawberry.type(name="RequirementAnswer", description="The answer to one requirement.")
class AnswerType:
    requirement: RequirementType
    status: AnswerStatus = strawberry.field(graphql_type=ANSWER_STATUS)
    values: list[HeldValueType]


@strawberry.type(name="ProcedureBlock", description="Why a procedure cannot be done for a person.")
class BlockType:
    code: str
    label: LabelType


@strawberry.type(name="Prefill", description="What a procedure's form can be filled with for one person.")
class PrefillType:
    procedure: ProcedureType
    found: bool = strawberry.field(description="Whether the person is known to the hub.")
    blocked_by: list[BlockType] = strawberry.field(
        description="Why the procedure cannot be done for the person; empty if it can."
    )
    answers: list[AnswerType] = strawberry.field(description="Every requirement, in the order of the form.")
    still_to_ask: list[RequirementType] = strawberry.field(description="What is left for the citizen.")


def prefill_field(personal_id: Any) -> Any:
    """The field, for the schema; `personal_id` is the scalar's type."""

    async def resolve(info: Info[Any, Any], procedure: str, personal_id: Any) -> Prefill:
        return await fill_procedure(info.context.executor, procedure, str(personal_id), info.context.reading)

    resolve.__annotations__.update({"info": Info, "procedure": str, "personal_id": personal_id, "return": PrefillType})
    return strawberry.field(
        resolver=resolve,
        name="prefill",
        description="Answers each requirement of a procedure for one person, and lists what is still to be asked.",
    )


class _Executor(Protocol):
    """What `fill` needs of `hub.graph.execute.Executor`, which imports the schema that this field is of."""

    reads: Reads

    async def data(self, request: GraphQLRequest, reading: Reading) -> tuple[dict[str, Any], str]: ...


async def fill_procedure(executor: _Executor, code: str, personal_id: str, reading: Reading) -> Prefill:
    """Run a procedure for one person. Two statements: its query, and which sources have been read. Raises OperationRefused."""
    wanted = find_procedure(code)
    data, _ = await executor.data(GraphQLRequest(wanted.query, variables={"personalId": personal_id}), reading)
    entities = sorted({r.entity for r in wanted.requirements if r.entity})
    read = orjson.loads(await executor.reads.json(freshness_sql(registry(), entities), ()))
    known = {name: Freshness(row["source"], row["asOf"]) for name, row in read.items() if row["source"]}
    return answer_requirements(wanted, data, known)


def freshness_sql(known: Registry, entities: list[str]) -> str:
    """A statement that gives, for each entity, the sources that have filled it and the oldest of their as-of instants."""
    parts = [
        f"""'{name}', (select json_build_object('source', string_agg(distinct s.connector, ', '), 'asOf', min(s.as_of))"""  # noqa: S608 constants and quoted identifiers
        f" from hub.stream s where exists (select from data.{quote_identifier(known[name].table)} d where d.stream_id = s.id))"
        for name in entities
    ]
    return f"select json_build_object({', '.join(parts)})::text"
