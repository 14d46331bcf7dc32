"""Which people an answer is about: said by the statement itself, compared with link tables read by hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values
from hypothesis import given
from hypothesis import strategies as st
from psycopg import RawCursor

from hub.graph.schema import get_core_schema, load_schema
from hub.model.names import to_camel_case
from hub.model.registry import load_registry
from hub.plan.binds import global_id
from hub.plan.data_subjects import DataSubject, _match_each, _split_one_key, take_data_subjects
from hub.plan.planner import Planner
from tests.conftest import ServedHub

SCHEMA = get_core_schema(load_schema())
CASES = sorted((Path(__file__).parents[2] / "plan" / "cases").glob("*.graphql"))


@pytest.fixture(scope="module")
def store(served_hub: ServedHub) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(served_hub.database, options="-c search_path=pg_catalog -c timezone=UTC") as connection:
        yield connection


def read(
    store: psycopg.Connection[Any], text: str, variables: dict[str, Any] | None = None, *, hidden: bool = True
) -> tuple[Any, frozenset[DataSubject]]:
    """The data of an operation, and the people that its statement names."""
    document = parse(text)
    assert validate(SCHEMA, document) == []
    (operation,) = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    coerced = get_variable_values(SCHEMA, operation.variable_definitions or (), variables or {})
    assert not isinstance(coerced, list), coerced
    planner = Planner(load_registry(), SCHEMA, names_data_subjects=hidden)
    plan = planner.plan(planner.read(document, operation, coerced.coerced))
    row = RawCursor(store).execute(plan.sql, plan.parameters(coerced.coerced)).fetchone()
    assert row is not None
    clean, people = take_data_subjects(row[0].encode())
    assert hidden or clean == row[0].encode()
    return json.loads(clean), people


def numbers(store: psycopg.Connection[Any], sql: str, *values: object) -> frozenset[DataSubject]:
    return frozenset(("Citizen", row[0]) for row in store.execute(sql, values).fetchall() if row[0])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_an_answer_is_the_same_with_and_without_hidden_members(store: psycopg.Connection[Any], path: Path) -> None:
    given = path.with_suffix(".json")
    variables = json.loads(given.read_text(encoding="utf-8")) if given.exists() else {}
    text = path.read_text(encoding="utf-8")
    assert read(store, text, variables)[0] == read(store, text, variables, hidden=False)[0]


def test_a_person_and_who_their_records_are_linked_to(store: psycopg.Connection[Any], served_hub: ServedHub) -> None:
    asked = "query ($by: CitizenBy!) { citizen(by: $by) { fullName maritalStatuses { nodes { state } } } }"
    data, people = read(store, asked, {"by": {"personalId": served_hub.personal_id}})
    assert data["citizen"]["maritalStatuses"]["nodes"]
    own = numbers(store, "select id from data.citizen where personal_id = %s", served_hub.personal_id)
    spouses = numbers(
        store,
        "select s.subject_id from link.marital_status_person p join link.marital_status_spouse s using (record_id)"
        " where p.subject_id = any(%s) and p.status in ('CONFIRMED', 'PROBABLE') and s.status in ('CONFIRMED', 'PROBABLE')",
        [number for _, number in own],
    )
    assert spouses
    assert people == own | spouses


def test_holders_of_a_parcel_though_no_holder_is_selected(store: psycopg.Connection[Any]) -> None:
    asked = "{ parcels(first: 20) { nodes { id rights { nodes { share } } } } }"
    data, people = read(store, asked)
    parcels = [node["id"] for node in data["parcels"]["nodes"]]
    holders = numbers(
        store,
        "select h.subject_id from link.land_use_right_parcel p join link.land_use_right_holder h using (record_id)"
        " where hub.global_id('Parcel', p.subject_id) = any(%s) and p.status in ('CONFIRMED', 'PROBABLE')"
        " and h.status in ('CONFIRMED', 'PROBABLE') and h.subject_kind = 'Citizen'",
        parcels,
    )
    assert holders
    assert people == holders


HEADS = """
select c.id from data.household h join data.citizen c on c.personal_id = h.head_personal_id
where hub.global_id('Household', h.id) = any(%s)"""


@pytest.mark.parametrize(
    "asked",
    [
        "{ households(first: 9) { nodes { id headPersonalId } } }",
        "{ households(first: 9) { edges { node { id ...head } } } } fragment head on Household { head: headPersonalId }",
        "{ households(first: 9, filter: { not: { headPersonalId: { isNull: true } } }) { nodes { id address } } }",
        '{ households(first: 9, filter: { or: [{ headPersonalId: { prefix: "0" } }] }) { nodes { id } } }',
    ],
)
def test_a_household_names_its_head_if_the_head_is_told(store: psycopg.Connection[Any], asked: str) -> None:
    data, people = read(store, asked)
    page = data["households"]
    shown = [node["id"] for node in page.get("nodes") or [edge["node"] for edge in page["edges"]]]
    heads = numbers(store, HEADS, shown)
    assert heads
    assert people == heads


def test_a_household_names_nobody_if_the_head_is_not_told(store: psycopg.Connection[Any]) -> None:
    asked = "{ households(first: 9, filter: { householdCode: { isNull: false } }) { nodes { id address } } }"
    assert read(store, asked)[1] == frozenset()


def test_every_column_that_states_a_persons_key_names_the_person(store: psycopg.Connection[Any]) -> None:
    """For each such column of the schema: a row gets the key of somebody who has nothing else to do with it."""
    registry, person = (
        load_registry(),
        store.execute("select id, personal_id from data.citizen order by id desc limit 1").fetchone(),
    )
    assert person is not None
    spaced = f"{person[1][:3]} {person[1][3:6]}.{person[1][6:]}"
    tried = 0
    for entity in registry:
        parts = {part.column.name: (linked, part) for linked in entity.linked for part in linked.recorded}
        for column in entity.columns:
            if entity.personal or not registry.find_person_keys(column):
                continue
            row = store.execute(f"select min(id) from data.{entity.table}").fetchone()
            if row is None or row[0] is None:
                continue
            given = person[1] if column in entity.fields else spaced
            store.execute(f"update data.{entity.table} set {column.sql} = %s where id = %s", (given, row[0]))
            selected = column.graphql
            if column.name in parts:
                linked, part = parts[column.name]
                selected = f"{linked.link_graphql} {{ recorded {{ {to_camel_case(part.part)} }} }}"
            asked = f"query ($id: ID!) {{ node(id: $id) {{ ... on {entity.name} {{ %s }} }} }}"
            variables = {"id": global_id(entity.name, row[0])}
            people = read(store, asked % selected, variables)[1]
            assert ("Citizen", person[0]) in people, (entity.name, column.name)
            assert ("Citizen", person[0]) not in read(store, asked % "id", variables)[1], "only if it is selected"
            store.rollback()
            tried += 1
    assert tried > 20


def test_a_discrepancy_names_the_head_and_whom_the_copy_names(store: psycopg.Connection[Any]) -> None:
    found = store.execute(
        "select h.id, c.id, other.id, other.personal_id from data.household h join data.citizen c on c.personal_id = h.head_personal_id"
        " join data.citizen other on other.id <> c.id order by h.id, other.id limit 1"
    ).fetchone()
    assert found is not None
    household, head, other, stated = found
    store.execute(
        "update link.discrepancy set subject_kind = 'Household', found_id = %s, recorded = %s, sys_to = null"
        " where id = (select max(id) from link.discrepancy)",
        (household, stated),
    )
    people = read(store, "{ discrepancies(first: 1) { nodes { held recorded } } }")[1]
    store.rollback()
    assert people == {("Citizen", head), ("Citizen", other)}


@pytest.mark.parametrize(
    "asked",
    [
        "{ citizens(first: 3) { nodes { id sex } } }",
        "{ citizens(first: 3) { edges { cursor node { again: id ... on Citizen { sex } } } } }",
        "{ a: citizens(first: 3) { ...all } } fragment all on CitizenConnection { pageInfo { endCursor } nodes { id } }",
        "{ citizens(last: 3) { nodes { id __typename } } }",
    ],
)
def test_pages_name_the_people_on_them(store: psycopg.Connection[Any], asked: str) -> None:
    data, people = read(store, asked)
    (page,) = data.values()
    nodes = page.get("nodes") or [edge["node"] for edge in page["edges"]]
    shown = [node.get("id") or node.get("again") for node in nodes]
    assert people == numbers(store, "select id from data.citizen where hub.global_id('Citizen', id) = any(%s)", shown)
    assert len(people) == 3


FIRST_FOUR = (
    "select id from data.citizen where not exists (select from link.heir h where h.subject_id = citizen.id) order by id"
)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("citizens(first: 3) { pageInfo { hasNextPage } nodes { id } }", 4),
        ("citizens(first: 3) { pageInfo { hasNextPage } edges { node { id } } }", 4),
        ("citizens(first: 3) { pageInfo { more: hasNextPage } }", 4),
        ("citizens(first: 3) { pageInfo { hasPreviousPage } nodes { id } }", 3),
        ("citizens(first: 3) { edges { __typename } }", 3),
        ("citizens(first: 0) { pageInfo { hasNextPage } }", 1),
        ("citizens(first: 0) { pageInfo { hasNextPage } nodes { id } }", 1),
        ("citizens(first: 0) { ...p } } fragment p on CitizenConnection { pageInfo { ...q } } fragment q on PageInfo { hasNextPage", 1),
        ("citizens(first: 0) { pageInfo { hasPreviousPage } }", 0),
        ("citizens(first: 0) { nodes { id } edges { cursor } }", 0),
    ],
)  # fmt: skip
def test_a_page_names_whomever_it_tells_of_though_it_shows_no_row(
    store: psycopg.Connection[Any], asked: str, told: int
) -> None:
    _, people = read(store, f"{{ {asked} }}")
    assert people == numbers(store, f"{FIRST_FOUR} limit %s", told)


@pytest.mark.parametrize("page", ["last: 0", "last: 2"])
def test_a_page_from_the_end_names_the_row_before_it(store: psycopg.Connection[Any], page: str) -> None:
    _, people = read(store, f"{{ citizens({page}) {{ pageInfo {{ hasPreviousPage }} }} }}")
    assert people == numbers(store, f"{FIRST_FOUR} desc limit %s", int(page[-1]) + 1)


def test_pages_of_records_name_the_people_of_the_row_beyond(store: psycopg.Connection[Any]) -> None:
    for page in ("first: 0", "first: 2"):
        asked = f"{{ landUseRights({page}, filter: {{ status: {{ eq: REGISTERED }} }}) {{ pageInfo {{ hasNextPage }} nodes {{ area }} }} }}"
        _, people = read(store, asked)
        assert people >= numbers(
            store,
            "select h.subject_id from data.land_use_right r left join link.land_use_right_holder h on h.record_id = r.id"
            " and h.status in ('CONFIRMED', 'PROBABLE') and h.subject_kind = 'Citizen'"
            " where r.status = 'REGISTERED' order by r.id offset %s limit 1",
            int(page[-1]),
        )


COUNTED = "query ($of: [PersonalId!]!) { citizens(first: 0, filter: { personalId: { in: $of } }) { totalCount } }"


@pytest.mark.parametrize("much", [1, 3, 10, 11])
def test_a_small_count_names_whom_it_counts(store: psycopg.Connection[Any], much: int) -> None:
    rows = store.execute(f"select id, personal_id from ({FIRST_FOUR}) c join data.citizen using (id) limit %s", (much,))
    found = dict(rows.fetchall())
    data, people = read(store, COUNTED, {"of": [*found.values(), "999999999999"]})
    assert data["citizens"]["totalCount"] == much
    assert people == (frozenset(("Citizen", number) for number in found) if much <= 10 else frozenset())
    assert read(store, COUNTED.replace("first: 0", "first: 20").replace("totalCount", "totalCount nodes { id }"), {"of": [*found.values()]})[1] == {("Citizen", number) for number in found}  # fmt: skip


def test_a_search_names_those_it_found_though_only_the_score_is_selected(
    store: psycopg.Connection[Any], served_hub: ServedHub
) -> None:
    asked = "query ($text: String!) { search(text: $text) { hits { score } } }"
    _, people = read(store, asked, {"text": served_hub.personal_id})
    assert people == numbers(store, "select id from data.citizen where personal_id = %s", served_hub.personal_id)


def test_counts_and_places_name_nobody(store: psycopg.Connection[Any]) -> None:
    asked = "{ citizens { totalCount } administrativeUnits(first: 2) { nodes { name } } parcels(first: 2) { nodes { area } } }"
    assert read(store, asked)[1] == frozenset()


def test_a_kind_of_a_union_of_which_nothing_is_selected(store: psycopg.Connection[Any]) -> None:
    asked = "{ taxObligations(first: 50) { nodes { debtor { ... on Business { enterpriseCode } } } } }"
    data, people = read(store, asked)
    assert {"debtor": {}} in data["taxObligations"]["nodes"]
    assert people


def test_values_that_look_like_hidden_members_stay() -> None:
    kept = b'{"note":"\\"~Citizen\\":12,","~":1}'
    assert take_data_subjects(kept) == (kept, frozenset())
    text = b'{"~Citizen":12,"a":[{"~Citizen.0":null},{"~Citizen.1":7,"b":"\\"~Citizen\\":9,"}]}'
    clean = b'{"a":[{},{"b":"\\"~Citizen\\":9,"}]}'
    assert take_data_subjects(text) == (clean, frozenset({("Citizen", 12), ("Citizen", 7)}))
    rows = b'{"~~":[{"~Citizen":3}, \n {"~Citizen.0":4}],"edges":[{"cursor":"\\"~~\\":[{}],"}]}'
    assert take_data_subjects(rows)[0] == b'{"edges":[{"cursor":"\\"~~\\":[{}],"}]}'


@given(
    st.recursive(
        st.none() | st.integers() | st.text(st.sampled_from('"~\\{},:[]Citizen.0129 '), max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    st.integers(0, 2**63 - 1),
)
def test_no_text_of_a_value_is_taken_for_a_hidden_member(value: Any, number: int) -> None:
    """For any JSON, compact as PostgreSQL writes it: what is hidden comes out, and the rest stays byte for byte."""
    plain = json.dumps({"value": value, "values": [value, value]}, separators=(",", ":")).encode()
    assert take_data_subjects(plain) == (plain, frozenset())
    member = b'"~Citizen":%d,' % number
    nobody, another = b'"~Citizen.2":null,', b'"~Citizen.3":7,'
    marked = b"{" + member + nobody + another + plain[1:]
    assert take_data_subjects(marked) == (plain, frozenset({("Citizen", number), ("Citizen", 7)}))


VALUES = st.text(st.sampled_from('~":,{}\\\\aCitizen\\n12'), max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "~Citizen": st.none() | st.integers(0, 9),
            "a": VALUES,
            "~Household.0": st.integers(0, 9),
            "~~": st.just([{}]),
        },
    ),
    max_size=6,
)


@given(ROWS, st.booleans())
def test_a_large_text_is_taken_apart_as_a_small_one_is(rows: list[dict[str, Any]], ascii_only: bool) -> None:
    text = json.dumps({"data": rows}, separators=(",", ":"), ensure_ascii=ascii_only).encode()
    assert _split_one_key(text) in (None, _match_each(text))


@pytest.mark.parametrize("key", ["~Citizen", "~Citizen.1"])
def test_a_page_of_one_key_is_split(key: str) -> None:
    page = json.dumps({"data": [{key: n, "a": 'x"y'} for n in range(9)]}, separators=(",", ":")).encode()
    assert _split_one_key(page) == _match_each(page)
    assert len(_match_each(page)[1]) == 9


def test_a_correction_is_about_whoever_its_record_is_linked_to(store: psycopg.Connection[Any]) -> None:
    right = store.execute(
        "select record_id, subject_id from link.land_use_right_holder where status <> 'UNCONFIRMED' and subject_kind = 'Citizen'"
        " limit 1"
    ).fetchone()
    assert right is not None
    for entity, number in (("LandUseRight", right[0]), ("Citizen", right[1] + 1)):
        store.execute(
            "insert into hub.source_correction (record_entity, record_id, field, claim_key, origin, connector, opened_by, opened_at,"
            " state, due_at) values (%s, %s, 'area', 'x', 'ANSWER', 'land', 'an', now(), 'OPEN', now())",
            (entity, number),
        )
    found, people = read(store, "{ corrections(first: 5) { nodes { claimed } } }")
    store.rollback()
    assert len(found["corrections"]["nodes"]) == 2
    assert people == {("Citizen", right[1]), ("Citizen", right[1] + 1)}
