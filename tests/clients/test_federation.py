"""The subgraph of Apollo Federation: what it shows, that a composition takes it, and that a gateway finds its entities."""

from typing import Any

import httpx2
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, build_schema, get_named_type, is_input_object_type

from hub.model.registry import load_registry
from schema.values import PersonalId, PersonName
from tests.clients.conftest import NodeProject
from tests.conftest import ServedHub

HEADERS = {"Content-Type": "application/json"}
ENTITIES = """query($representations: [_Any!]!) { _entities(representations: $representations) {
  __typename
  ...Unit
  ... on CodeLabel { words: vi }
  ... on Procedure { called: name { vi en } }
} }
fragment Unit on AdministrativeUnit { ... on AdministrativeUnit { named: name kind: level parts(first: 1) { totalCount } } }"""
PERSONAL = {PersonalId, PersonName}


def ask(hub: ServedHub, query: str, **variables: Any) -> Any:
    answer = httpx2.post(f"{hub.url}/federation", json={"query": query, "variables": variables}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def sdl(served_hub: ServedHub) -> str:
    return ask(served_hub, "{ _service { sdl } }")["data"]["_service"]["sdl"]


@pytest.fixture(scope="module")
def shown(sdl: str) -> GraphQLSchema:
    """What the SDL declares, without the directives of the protocol."""
    declared = "directive @key(fields: String!) repeatable on OBJECT directive @shareable on OBJECT\n"
    head, _, rest = sdl.partition("\n\n")
    assert head.startswith("extend schema @link(")
    return build_schema(declared + rest)


def test_no_type_of_the_subgraph_is_of_a_person(shown: GraphQLSchema) -> None:
    registry = load_registry()
    # By the registry, not by what cuts the schema out: entities of the sector of places have no data of anybody.
    places = {entity.name for entity in registry if entity.sector == "place"}
    others = set(registry.entities) - places
    parts = {name: {get_named_type(f.type).name for f in kind.fields.values()} for name, kind in walk(shown).items()}
    reached = set(parts).union(*parts.values())
    assert places <= reached
    beginnings = tuple(others)
    assert {name for name in reached if name.startswith(beginnings)} == set()
    assert reached & ({kind.__name__ for kind in PERSONAL} | {"Node", "Subject", "Record", "Provenance"}) == set()
    fields = {name for kind in walk(shown).values() for name in kind.fields}
    assert fields & {"personalId", "formerId", "residents", "parcels", "corrections"} == set()
    assert set(shown.query_type.fields) == {
        *("administrativeUnit", "administrativeUnits", "administrativeUnitChanges", "labels"),
        *("procedure", "procedures"),
    }


def walk(shown: GraphQLSchema) -> dict[str, Any]:
    """Every object and input type that Query leads to."""
    found: dict[str, Any] = {}
    waiting = [shown.query_type]
    while waiting:
        kind = waiting.pop()
        if kind.name in found:
            continue
        found[kind.name] = kind
        for field in kind.fields.values():
            below = [field.type, *(one.type for one in getattr(field, "args", {}).values())]
            waiting += [
                named
                for named in map(get_named_type, below)
                if isinstance(named, GraphQLObjectType) or is_input_object_type(named)
            ]
    return found


def test_a_gateway_composes_it_with_another_one_and_finds_its_entities(
    node: NodeProject, served_hub: ServedHub
) -> None:
    report = node.report("node", "federation.mjs", f"{served_hub.url}/federation")
    assert report["errors"] == []
    assert "errors" not in report["result"], report["result"]
    offices = report["result"]["data"]["offices"]
    assert [one["unit"]["name"] for one in offices] == [one["name"] for one in report["held"]]
    assert offices[0]["handles"]["name"]["vi"] == "Chuyển nhượng quyền sử dụng đất"
    assert {"code": "transferor_name"} in offices[0]["handles"]["requirements"]
    assert report["asked"] <= 2  # entities are asked for together
    assert "type Citizen" not in report["publicSdl"]


def test_entities_of_several_types_come_in_the_order_they_were_asked_for(served_hub: ServedHub) -> None:
    wanted = "{ administrativeUnits(first: 2, filter: {level: {eq: COMMUNE}, validFrom: {isNull: true}}) { nodes { id unitCode name } } }"
    first, second, *_ = ask(served_hub, wanted)["data"]["administrativeUnits"]["nodes"]
    another_spelling = second["unitCode"].replace("@..", "@1990-01-01")
    found = ask(
        served_hub,
        ENTITIES,
        representations=[
            {"__typename": "Procedure", "code": "land-right-transfer"},
            {"__typename": "AdministrativeUnit", "unitCode": second["unitCode"]},
            {"__typename": "CodeLabel", "list": "Sex", "code": "FEMALE"},
            {"__typename": "AdministrativeUnit", "id": first["id"]},
            {"__typename": "AdministrativeUnit", "unitCode": another_spelling},
            {"__typename": "AdministrativeUnit", "unitCode": "99999@2025-07-01"},
            {"__typename": "Citizen", "personalId": "022080123456"},
            {"__typename": "CodeLabel", "list": "NoSuchList", "code": "FEMALE"},
            {"__typename": "Procedure", "code": "no-such-procedure"},
        ],
    )
    # Wrong references are told in their places, without their values, and the others are found.
    assert [(error["path"], error["extensions"]["code"]) for error in found["errors"]] == [
        (["_entities", 5], "BAD_USER_INPUT"),
        (["_entities", 6], "BAD_USER_INPUT"),
    ]
    assert "99999" not in str(found["errors"])
    assert "022080123456" not in str(found["errors"])
    procedure, unit, label, other, again, *absent = found["data"]["_entities"]
    assert procedure["called"]["en"] == "Transfer of a land-use right"
    assert (unit["named"], unit["kind"], other["named"]) == (second["name"], "COMMUNE", first["name"])
    assert again == unit
    assert unit["parts"]["totalCount"] >= 0
    assert (label["__typename"], label["words"]) == ("CodeLabel", "Nữ")
    assert absent == [None] * 4


def test_root_fields_take_arguments_fragments_and_variables_as_those_of_the_graph(served_hub: ServedHub) -> None:
    query = """query Units($level: UnitLevel!, $first: Int = 2, $unused: Boolean!) {
      units: administrativeUnits(filter: {level: {eq: $level}}, first: $first, orderBy: [{name: ASC}]) { ...Page }
      procedures { code @skip(if: $unused) }
    } fragment Page on AdministrativeUnitConnection { totalCount nodes { unitCode @include(if: $unused) name } }"""
    variables = {"level": "PROVINCE", "unused": False}
    own = ask(served_hub, query, **variables)["data"]
    graph = query.replace("procedures { code @skip(if: $unused) }", "__typename @skip(if: $unused)")
    answer = httpx2.post(f"{served_hub.url}/graphql", json={"query": graph, "variables": variables}, timeout=60).json()
    assert own["units"] == answer["data"]["units"]
    assert len(own["units"]["nodes"]) == 2
    assert {"code": "old-age-allowance"} in own["procedures"]


def test_a_caller_may_use_any_name(served_hub: ServedHub) -> None:
    """Variables and fields called as those that the hub adds for itself, and a field called `__typename`."""
    query = """query($representations: [_Any!]!, $hubFilter: AdministrativeUnitFilter, $hub_First: Int) {
      _entities(representations: $representations) { ... on AdministrativeUnit {
        hub_unitCode: name hubunitCode: level found: id __typename: unitCode
        parts(filter: $hubFilter, first: $hub_First) { totalCount }
      } } }"""
    unit = ask(served_hub, "{ administrativeUnits(first: 1) { nodes { id name level unitCode } } }")["data"]
    held = unit["administrativeUnits"]["nodes"][0]
    given = {"__typename": "AdministrativeUnit", "unitCode": held["unitCode"]}
    answer = ask(served_hub, query, representations=[given], hubFilter={"level": {"eq": "COMMUNE"}}, hub_First=1)
    assert "errors" not in answer, answer
    (found,) = answer["data"]["_entities"]
    names = ("hub_unitCode", "hubunitCode", "found", "__typename")
    assert [found[name] for name in names] == [held[name] for name in ("name", "level", "id", "unitCode")]


@pytest.mark.parametrize(
    ("query", "variables", "said"),
    [
        ("{ citizens(first: 1) { totalCount } }", {}, "Cannot query field"),
        ("{ administrativeUnits(first: 1) { nodes { residents { totalCount } } } }", {}, "Cannot query field"),
        ("{ administrativeUnits(filter: {residents: {some: {}}}) { totalCount } }", {}, "unknown field"),
        (ENTITIES, {"representations": [{"__typename": "Citizen", "personalId": "x"}]}, "no type of this subgraph"),
        (ENTITIES, {"representations": [{"__typename": "AdministrativeUnit", "unitCode": ["x"]}]}, "has no key"),
        (ENTITIES, {"representations": [{"__typename": "Procedure", "code": "a"}] * 501}, "500 are allowed"),
        ("mutation { openDossier { code } }", {}, "."),
        ("{ administrativeUnits(first: 100000) { nodes { name } } }", {}, "500"),
    ],
)  # fmt: skip
def test_what_is_outside_is_refused_with_a_code(
    served_hub: ServedHub, query: str, variables: dict[str, Any], said: str
) -> None:
    (error, *_) = ask(served_hub, query, **variables)["errors"]
    assert said in error["message"]
    assert error["extensions"]["code"] not in ("INTERNAL", None)


def test_an_id_of_somebody_under_another_type_finds_nobody(served_hub: ServedHub) -> None:
    query = "query($who: PersonalId!) { citizen(by: {personalId: $who}) { id } }"
    asked = {"query": query, "variables": {"who": served_hub.personal_id}}
    answer = httpx2.post(f"{served_hub.url}/graphql", json=asked, timeout=60).json()
    representation = {"__typename": "AdministrativeUnit", "id": answer["data"]["citizen"]["id"]}
    found = ask(served_hub, ENTITIES, representations=[representation])
    assert found.get("data") in ({"_entities": [None]}, None), found
