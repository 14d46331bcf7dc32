"""Exploring: every value masked in the database, and no way to have a masked value told by anything else."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from graphql import GraphQLObjectType, GraphQLScalarType, get_named_type, is_leaf_type

from hub.access.callers.principals import ClientKind, Role
from hub.access.oidc.local_issuer import LocalIdentity, LocalIssuer
from hub.graph.schema import get_core_schema, load_schema
from hub.model.names import to_camel_case
from hub.model.registry import Column, Entity, load_registry
from hub.plan.masks import MASK_SQL, is_masked, is_told_by_filter
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from schema.values import CodeList, Mask, Storage
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import UNLIMITED

EXPLORER = LocalIdentity("explorer", "GraphiQL", client_kind=ClientKind.EXPLORER)
ISSUER = LocalIssuer("127.0.0.1", (EXPLORER,))
SCHEMA = get_core_schema(load_schema())
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}.*")
"""A birth date may be the day of something else too: that it is masked is looked at by itself."""
LONG_ENOUGH = 5
"""Characters: shorter values (a year, a word) may stand in an answer by chance."""


@pytest.fixture(scope="module")
def explorer(served_hub: ServedHub) -> Iterator[httpx2.Client]:
    settings = load_settings(access="on", explorers="masked", **UNLIMITED)  # hundreds of reads within a minute
    headers = {"authorization": f"Bearer {ISSUER.sign_token(EXPLORER)}", "x-hub-purpose": "explore"}
    with (
        served(create_app(settings, Logins.one(served_hub.database), local_issuer=ISSUER)) as url,
        httpx2.Client(base_url=url, headers=headers, timeout=60) as client,
    ):
        yield client


def ask(client: httpx2.Client, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/graphql", json={"query": query, "variables": variables or {}}).json()
    return answer


def code(client: httpx2.Client, query: str, variables: dict[str, Any] | None = None) -> str:
    return str(ask(client, query, variables)["errors"][0]["extensions"]["code"])


def masked_columns(entity: Entity) -> list[Column]:
    return [column for column in entity.columns if column.value.mask is not Mask.NONE]


@pytest.fixture(scope="module")
def secrets(served_hub: ServedHub) -> frozenset[str]:
    """Every value of the store that is to be masked, but for names of businesses, which are public."""
    found: set[str] = set()
    with psycopg.connect(served_hub.database) as connection:
        for entity in load_registry():
            for column in masked_columns(entity):
                rows = connection.execute(f"select distinct {column.sql}::text from data.{entity.table}")
                values = {value for (value,) in rows.fetchall() if value and len(value) >= LONG_ENOUGH}
                found |= {value for value in values if not DATE.fullmatch(value)}
        shown = {value for (value,) in connection.execute("select legal_name from data.business").fetchall()}
    assert len(found) > 3_000
    return frozenset(found - shown)


def selection(type_name: str, depth: int) -> str:
    """Everything that can be selected of a type: values, links as recorded, objects; lists two levels deep."""
    kind = SCHEMA.get_type(type_name)
    assert isinstance(kind, GraphQLObjectType)
    parts = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if name == "discrepancies":
            continue
        if is_leaf_type(inner):
            parts.append(name)
        elif isinstance(inner, GraphQLObjectType) and depth:
            if inner.name.endswith("Connection"):
                row = inner.name.removesuffix("Connection")
                parts.append(f"{name}(first: 2) {{ nodes {{ {selection(row, depth - 1)} }} }}")
            else:
                parts.append(f"{name} {{ {selection(inner.name, depth - 1)} }}")
    return " ".join(parts) or "__typename"


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def count_rows(served_hub: ServedHub, entity: str) -> int:
    """Rows that a list of the entity has; of reference data, which is shown row by row, as many as a page needs."""
    table = load_registry()[entity].table
    heirs = " where not exists (select from link.heir h where h.subject_id = t.id)" if entity == "Citizen" else ""
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute(f"select count(*) from data.{table} t{heirs}").fetchone()
    assert row is not None
    return 40 if entity.startswith("AdministrativeUnit") else int(row[0])


@pytest.mark.parametrize("entity", [e.name for e in load_registry()])
def test_no_masked_value_is_in_any_answer(
    explorer: httpx2.Client, served_hub: ServedHub, secrets: frozenset[str], entity: str
) -> None:
    field = to_camel_case(load_registry()[entity].plural)
    answer = ask(explorer, f"{{ {field}(first: 40) {{ edges {{ cursor node {{ {selection(entity, 2)} }} }} }} }}")
    assert "errors" not in answer, answer["errors"]
    edges = answer["data"][field]["edges"]
    assert len(edges) == min(40, count_rows(served_hub, entity) // 10 * 10), "whole cells"
    told = {text for text in texts(answer["data"]) if text in secrets}
    assert not told, sorted(told)[:5]


def test_rows_are_masked_in_both_lanes(explorer: httpx2.Client, secrets: frozenset[str]) -> None:
    person = "fullName personalId birthDate residenceAddress provenance { sourceKey } mergedFrom { personalId }"
    for lane in ("", "__schema { queryType { name } }"):
        answer = ask(explorer, f"{{ citizens(first: 10) {{ nodes {{ {person} }} }} {lane} }}")
        assert "errors" not in answer, answer["errors"]
        assert not {text for text in texts(answer["data"]) if text in secrets}
        assert len(answer["data"]["citizens"]["nodes"]) == 10
        for node in answer["data"]["citizens"]["nodes"]:
            assert "•" in node["personalId"]
            assert node["provenance"]["sourceKey"] == "•••"
            assert len(node["birthDate"] or "1954") == 4


def filters() -> list[tuple[str, Column, str]]:
    """Every filter that could tell: the root field, the column, an operator with a value."""
    return [
        (to_camel_case(entity.plural), column, "isNull: false")
        for entity in load_registry()
        for column in entity.columns
        if (column.filter or column.unique) and is_told_by_filter(column)
    ]


@pytest.mark.parametrize(("field", "column", "operator"), filters(), ids=lambda given: getattr(given, "name", given))
def test_no_filter_tells(explorer: httpx2.Client, field: str, column: Column, operator: str) -> None:
    for where in (
        f"{{ {column.graphql}: {{ {operator} }} }}",
        f"{{ not: {{ or: [{{ {column.graphql}: {{ {operator} }} }}] }} }}",
    ):
        asked = f"{{ {field}(first: 1, filter: {where}) {{ totalCount }} }}"
        assert code(explorer, asked) in ("FORBIDDEN_MASKED", "INVALID")


@pytest.mark.parametrize(
    "query",
    [
        '{ citizen(by: { personalId: "022080000001" }) { sex } }',
        '{ parcel(by: { parcelNumber: "06820@2025-07-01:1:1" }) { area } }',
        '{ parcel(by: { parcelIdentifier: "w7er4n8p2q1z" }) { area } }',
        '{ parcels(filter: { parcelNumber: { eq: "06820@2025-07-01:1:1" } }) { nodes { area } } }',
        "{ parcels(filter: { mapSheet: { eq: 12 }, ordinal: { eq: 3 } }) { nodes { area } } }",
        "{ parcels(orderBy: [{ parcelNumber: ASC }]) { nodes { area } } }",
        '{ landUseRights(filter: { certificateSerial: { in: ["CH92300901"] } }) { nodes { area } } }',
        '{ landUseRights(filter: { parcel: { parcelNumber: { prefix: "06820@2025-07-01:1:1" } } }) { nodes { area } } }',
        '{ benefits(filter: { benefitNumber: { eq: "X1" } }) { nodes { kind } } }',
        '{ node(id: "Q2l0aXplbjox") { id } }',
        '{ nodes(ids: ["Q2l0aXplbjox"]) { id } }',
        '{ citizens(filter: { id: { eq: "Q2l0aXplbjox" } }) { nodes { sex } } }',
        '{ citizens(filter: { id: { in: ["Q2l0aXplbjox"] } }) { totalCount } }',
        '{ landUseRights(filter: { holder: { citizen: { id: { eq: "Q2l0aXplbjox" } } } }) { nodes { area } } }',
        '{ nodes(ids: ["Q2l0aXplbjox"]) { id } __schema { queryType { name } } }',
        "{ citizens(first: 10) { nodes { landUseRights { totalCount } } } }",
        '{ search(text: "Nguyễn Văn An") { hits { score } } }',
        "{ discrepancies(first: 1) { nodes { held } } }",
        "{ citizens(first: 1) { nodes { discrepancies { totalCount } } } }",
        "{ citizens(first: 1, orderBy: [{ fullName: ASC }]) { nodes { sex } } }",
        '{ parcels(filter: { rights: { some: { holder: { citizen: { fullName: { eq: "An" } } } } } }) { totalCount } }',
        '{ citizens { nodes { landUseRights(filter: { certificateSerial: { eq: "AA 1" } }) { totalCount } } } }',
    ],
)
def test_no_look_up_tells(explorer: httpx2.Client, query: str) -> None:
    assert code(explorer, query) in ("FORBIDDEN_MASKED", "INVALID")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ reviewQueue(first: 1) { totalCount } }", "FORBIDDEN_OPERATION"),
        ("{ labels { code } }", "FORBIDDEN_OPERATION"),
        ("subscription { recordChanged { recordId } }", "FORBIDDEN_OPERATION"),
        (
            'mutation { undoDecision(input: { decisionId: "x", reason: "y" }) { decision { id } } }',
            "FORBIDDEN_OPERATION",
        ),
        ("{ ...x } fragment x on Query { reviewQueue(first: 1) { totalCount } }", "FORBIDDEN_OPERATION"),
    ],
)
def test_nothing_but_stored_data_is_explored(explorer: httpx2.Client, query: str, expected: str) -> None:
    answer = explorer.post("/graphql", json={"query": query}).json()
    assert answer["errors"][0]["extensions"]["code"] in (expected, "INVALID", "SUBSCRIPTION_TRANSPORT")
    assert not answer.get("data")


@pytest.mark.parametrize("page", ["first: 20", "first: 3", "last: 20", "first: 0"])
@pytest.mark.parametrize("parts", ["nodes { id }", "edges { node { id } } pageInfo { hasNextPage hasPreviousPage }"])
def test_no_page_shows_more_rows_than_are_counted(explorer: httpx2.Client, page: str, parts: str) -> None:
    """Of communes with few men who hold land: none is counted, so none is shown, and no page says that there is one."""
    communes = ask(explorer, "{ citizens(first: 100) { nodes { residenceUnitCode } } }")["data"]["citizens"]["nodes"]
    counts = []
    for unit in sorted({node["residenceUnitCode"] for node in communes if node["residenceUnitCode"]})[:12]:
        where = f'filter: {{ residenceUnitCode: {{ eq: "{unit}" }}, sex: {{ eq: MALE }}, landUseRights: {{ some: {{ status: {{ eq: REGISTERED }} }} }} }}'
        found = ask(explorer, f"{{ citizens({page}, {where}) {{ totalCount {parts} }} }}")["data"]["citizens"]
        shown = found.get("nodes") or found.get("edges") or []
        counts.append(found["totalCount"])
        assert len(shown) == min(int(page.split()[1]), found["totalCount"])
        if found["totalCount"] == 0 and "pageInfo" in found:
            assert found["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": False}
    assert 0 in counts


def test_every_natural_key_of_a_personal_record_is_masked() -> None:
    """Whoever knows the number of one paper or parcel would read that family's data."""
    for entity in load_registry():
        if any(is_masked(column) for column in entity.columns if not column.unique) or entity.linked:
            for column in entity.columns:
                if column.unique or (
                    column.value.storage is Storage.TEXT
                    and column.name.endswith(("_number", "_code", "_serial", "_identifier", "_id"))
                ):
                    assert is_masked(column) or column.value.dated_unit or issubclass(column.value, CodeList), (
                        entity.name,
                        column.name,
                    )
                if column.unique:
                    assert is_masked(column), (entity.name, column.name)


def test_counts_are_rounded_and_codes_can_be_filtered(explorer: httpx2.Client) -> None:
    asked = "{ citizens(filter: { sex: { eq: FEMALE } }) { totalCount nodes { sex } } }"
    citizens = ask(explorer, asked)["data"]["citizens"]
    assert citizens["totalCount"] % 10 == 0
    assert {node["sex"] for node in citizens["nodes"]} == {"FEMALE"}


@pytest.mark.parametrize("lane", ["", "__schema { queryType { name } }"])
@pytest.mark.parametrize("purpose", ["explore", "statistics"])
def test_no_plan_tells_an_estimate_that_is_rounded(served_hub: ServedHub, purpose: str, lane: str) -> None:
    operator = LocalIdentity("dung", "Ngô Dung", frozenset({Role.OPERATOR}))
    issuer = LocalIssuer("127.0.0.1", (operator,))
    settings = load_settings(access="on", explorers="masked", **UNLIMITED)
    count = 'citizens(filter: { residenceUnitCode: { eq: "06820@2025-07-01" } }) { totalCount }'
    headers = {"authorization": f"Bearer {issuer.sign_token(operator)}", "x-hub-purpose": purpose}
    with served(create_app(settings, Logins.one(served_hub.database), local_issuer=issuer)) as url:
        asked = {"query": f"{{ {count} {lane} }}", "extensions": {"explain": True}}
        answer = httpx2.post(f"{url}/graphql", json=asked, headers=headers).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN_MASKED"
    assert "Plan Rows" not in json.dumps(answer)


def test_exploring_is_off_unless_the_operator_turns_it_on(served_hub: ServedHub) -> None:
    headers = {"authorization": f"Bearer {ISSUER.sign_token(EXPLORER)}", "x-hub-purpose": "explore"}
    settings = load_settings(access="on", **UNLIMITED)
    with served(create_app(settings, Logins.one(served_hub.database), local_issuer=ISSUER)) as url:
        answer = httpx2.post(f"{url}/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "PURPOSE_FORBIDDEN")


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (Mask.NONE, "abc", "abc"),
        (Mask.INITIALS, "Nguyễn Văn An", "N. V. A."),
        (Mask.INITIALS, "  Đặng   Ý ", "Đ. Ý."),
        (Mask.LAST_DIGITS, "022080123456", "•••••••••456"),
        (Mask.LAST_DIGITS, "12", "12"),
        (Mask.YEAR, "1954-03-12", "1954"),
        (Mask.YEAR, "1954", "1954"),
        (Mask.HIDDEN, "Tổ 5, khu 3", "•••"),
        (Mask.PAPER, "CH92300901", "•••"),
        *((mask, None, None) for mask in Mask if mask is not Mask.ZERO),
    ],
)
def test_masks(served_hub: ServedHub, mask: Mask, value: str | None, shown: str | None) -> None:
    with psycopg.connect(served_hub.database) as connection:
        sql = MASK_SQL[mask]("v.x")
        assert connection.execute(f"select {sql} from (select %s::text as x) v", (value,)).fetchone() == (shown,)


def test_every_scalar_of_the_vocabulary_has_a_mask() -> None:
    names = {kind.name for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLScalarType)}
    assert names
    for entity in load_registry():
        for column in entity.columns:
            assert column.value.mask in MASK_SQL, json.dumps([entity.name, column.name])
