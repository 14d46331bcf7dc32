"""What is written of a prefill at once is what graphql-core would complete leaf by leaf, to the byte; and so are the errors."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import psycopg
import pytest
from graphql import GraphQLSchema, get_named_type, is_abstract_type, is_composite_type
from graphql.execution import Executor

from hub.access.dossiers.dossier_store import NamedSubject
from hub.graph.completion.value_executor import ValueExecutor
from hub.graph.completion.whole_values import WholeValue
from hub.graph.execution import execute
from hub.procedures.answers import Prefill
from hub.procedures.rehearsal_cases import ProcedureCases, list_procedure_cases
from hub.settings import load_settings
from tests.conftest import ServedHub
from tests.system.graph import Graph

SUBJECTS = 8
SOME = """query Some($a: [DossierSubjectInput!], $yes: Boolean!, $procedure: String!) {
  prefill(procedure: $procedure, subjects: $a) {
    ...Some  still: stillToAsk { __typename status requirement { code @skip(if: $yes) } }  at @include(if: $yes)
  }
}
fragment Some on Prefill {
  code: procedure { version name { vi } }  answers { requirement { label { en } code } ...Values }  answers { role }
}
fragment Values on RequirementAnswer {
  values { kind: __typename field ... on MoneyAnswer { number: amount } ... on NumberAnswer { number } ... on HeldValue { source } }
}"""


@pytest.fixture(scope="module")
def graph(served_hub: ServedHub) -> Iterator[Graph]:
    made = Graph(served_hub.database, load_settings())
    yield made
    made.close()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """For each whole value that was answered: what was written, and what graphql-core completes of the same."""
    pairs: list[tuple[bytes, bytes]] = []

    class BothWays(ValueExecutor):
        def complete_object_value(
            self, return_type: Any, nodes: Any, info: Any, path: Any, result: Any, at: Any
        ) -> Any:
            if not isinstance(result, WholeValue):
                return super().complete_object_value(return_type, nodes, info, path, result, at)
            made = self.context_value.writers.write(self, return_type, nodes, path, result)
            completed = Executor.complete_object_value(self, return_type, nodes, info, path, result.as_dict(), at)
            pairs.append((orjson.dumps(made), orjson.dumps(completed)))
            return made

    monkeypatch.setattr(execute, "ValueExecutor", BothWays)
    return pairs


def select_all(schema: GraphQLSchema, kind: Any) -> str:
    """Everything that can be selected on a type, of an interface also what only some of its types have."""
    fields = [_select(schema, name, field) for name, field in kind.fields.items()]
    for one in schema.get_possible_types(kind) if is_abstract_type(kind) else ():
        own = [
            f"{one.name}_{name}: {_select(schema, name, field)}"
            for name, field in one.fields.items()
            if name not in kind.fields
        ]
        fields.append(f"... on {one.name} {{ {' '.join(own)} }}")
    return "{ __typename " + " ".join(fields) + " }"


def _select(schema: GraphQLSchema, name: str, field: Any) -> str:
    beneath = get_named_type(field.type)
    return f"{name} {select_all(schema, beneath)}" if is_composite_type(beneath) else name


def name_subjects(served_hub: ServedHub, case: ProcedureCases) -> list[list[dict[str, Any]]]:
    """The subjects of several cases of a procedure, as `prefill` takes them."""
    with psycopg.connect(served_hub.database) as connection:
        found = case.find(connection, SUBJECTS)
    return [[{"role": one.role, "subject": name_subject(one)} for one in subjects] for subjects in found]


def name_subject(one: NamedSubject) -> dict[str, Any]:
    parts = str(one.field).split("_")
    name = "".join(part.capitalize() if place else part for place, part in enumerate(parts))
    return {one.entity[0].lower() + one.entity[1:]: {name: one.value}}


def test_what_is_written_is_what_is_completed(
    graph: Graph, served_hub: ServedHub, written: list[tuple[bytes, bytes]]
) -> None:
    schema = graph.executor.schema
    whole = (
        "query All($a: [DossierSubjectInput!], $procedure: String!) { prefill(procedure: $procedure, subjects: $a)"
        f" {select_all(schema, schema.type_map['Prefill'])} }}"
    )
    cases = 0
    for case in list_procedure_cases():
        for subjects in name_subjects(served_hub, case):
            cases += 1
            given = {"a": subjects, "procedure": case.procedure}
            shown = graph.data(whole, given)["prefill"]
            some = [graph.data(SOME, {**given, "yes": yes})["prefill"] for yes in (True, False)]
            assert ["at" in one for one in some] == [True, False]
            assert {len(still["requirement"]) for still in some[0]["still"]} <= {0}
            assert {len(still["requirement"]) for still in some[1]["still"]} <= {1}
            assert [a["requirement"]["code"] for a in some[0]["answers"]] == [
                a["requirement"]["code"] for a in shown["answers"]
            ]
    assert cases > SUBJECTS * len(list_procedure_cases()) / 2
    assert len(written) == 3 * cases
    assert all(made == completed for made, completed in written)
    kinds = {kind for made, _ in written for kind in schema.type_map if f'"__typename":"{kind}"'.encode() in made}
    assert kinds >= {one.name for one in schema.get_possible_types(schema.type_map["HeldValue"])} | {"NoneHeld"}  # type: ignore[arg-type]


@pytest.mark.parametrize("broken", ["procedure", "answers", "subjects"])
def test_a_value_against_the_schema_is_an_error_where_it_stands(
    graph: Graph, served_hub: ServedHub, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    case, fill = list_procedure_cases()[0], graph.executor.prefills.fill
    change: dict[str, Any] = {
        "procedure": lambda filled: replace(filled.procedure, version=None),
        "answers": lambda filled: (replace(filled.answers[0], status="HELP"),),
        "subjects": lambda filled: (replace(filled.subjects[0], merged=None),),
    }

    async def fill_wrongly(*given: Any) -> Prefill:
        filled = await fill(*given)
        return replace(filled, **{broken: change[broken](filled)})

    monkeypatch.setattr(graph.executor.prefills, "fill", fill_wrongly)
    document = """query($a: [DossierSubjectInput!], $procedure: String!) { prefill(procedure: $procedure, subjects: $a) {
      procedure { version } answers { status } subjects { merged } } }"""
    answer = graph.ask(document, {"a": name_subjects(served_hub, case)[0], "procedure": case.procedure})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["path"][:2] == ["prefill", broken]
    assert answer["data"] is None
