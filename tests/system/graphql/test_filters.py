"""Filters over links, nodes by ids, interfaces, and wide rows: answers held against plain SQL over the demo province."""

import base64
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from hub.settings import load_settings
from tests.conftest import ServedHub
from tests.system.graph import Graph

ACCEPTED = "l.status <> 'UNCONFIRMED'"


@pytest.fixture(scope="module")
def graph(served_hub: ServedHub) -> Iterator[Graph]:
    made = Graph(served_hub.database, load_settings())
    yield made
    made.close()


@pytest.fixture(scope="module")
def rows(served_hub: ServedHub) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(served_hub.database, autocommit=True) as connection:
        yield connection


HOLDS = f"exists (select from link.land_use_right_holder l join data.land_use_right r on r.id = l.record_id where l.subject_id = t.id and {ACCEPTED}"


@pytest.mark.parametrize(
    ("field", "condition", "table", "where"),
    [
        ("citizens", '{ residence: { name: { prefix: "phuong" } } }', "citizen", "exists (select from data.administrative_unit u where u.unit_code = t.residence_unit_code and starts_with(u.name_key, 'phuong'))"),
        ("citizens", "{ landUseRights: { some: {} } }", "citizen", f"{HOLDS})"),
        ("citizens", "{ landUseRights: { none: {} } }", "citizen", f"not {HOLDS})"),
        ("citizens", "{ landUseRights: { some: { status: { eq: REGISTERED } }, none: { issuedOn: { isNull: true } } } }", "citizen", f"{HOLDS} and r.status = 'REGISTERED') and not {HOLDS} and r.issued_on is null)"),
        ("citizens", "{ not: { landUseRights: { some: { status: { eq: REGISTERED } } } } }", "citizen", f"not {HOLDS} and r.status = 'REGISTERED')"),
        ("landUseRights", "{ holder: { household: {} } }", "land_use_right", f"exists (select from link.land_use_right_holder l join data.household h on h.id = l.subject_id where l.record_id = t.id and {ACCEPTED})"),
        ("landUseRights", "{ holder: { business: {} } }", "land_use_right", "false"),
        ("landUseRights", "{ parcel: { area: { gt: 200 } } }", "land_use_right", f"exists (select from link.land_use_right_parcel l join data.parcel p on p.id = l.subject_id where l.record_id = t.id and {ACCEPTED} and p.area > 200)"),
        ("households", "{ members: { some: { relationship: { eq: SPOUSE } } } }", "household", "exists (select from data.household_membership m where m.household_code = t.household_code and m.relationship = 'SPOUSE')"),
        ("parcels", '{ rights: { some: { holder: { citizen: { sex: { eq: FEMALE } } } } } }', "parcel", f"exists (select from link.land_use_right_parcel l join link.land_use_right_holder h on h.record_id = l.record_id join data.citizen c on c.id = h.subject_id where l.subject_id = t.id and {ACCEPTED} and h.status <> 'UNCONFIRMED' and c.sex = 'FEMALE')"),
        ("parcels", "{ commune: null, rights: null }", "parcel", "true"),
        ("landUseRights", "{ parcelLink: { status: { eq: PROBABLE } } }", "land_use_right", "exists (select from link.land_use_right_parcel l where l.record_id = t.id and l.status = 'PROBABLE')"),
        ("landUseRights", "{ holderLink: { status: { in: [UNCONFIRMED, UNLINKED] } } }", "land_use_right", f"not exists (select from link.land_use_right_holder l where l.record_id = t.id and {ACCEPTED})"),
        ("landUseRights", "{ parcelLink: { method: { prefix: \"parcel_number_in\" } } }", "land_use_right", f"exists (select from link.land_use_right_parcel l where l.record_id = t.id and {ACCEPTED} and starts_with(l.method, 'parcel_number_in'))"),
        ("landUseRights", "{ not: { holderLink: { method: { isNull: true } } } }", "land_use_right", f"exists (select from link.land_use_right_holder l where l.record_id = t.id and {ACCEPTED})"),
        ("citizens", "{ deathDate: { isNull: false } }", "citizen", "t.death_date is not null"),
        ("citizens", '{ provenance: { source: { eq: "population" }, recordedAt: { gt: "2000-01-01T00:00:00Z" } } }', "citizen", "true"),
        ("citizens", '{ provenance: { source: { in: ["land"] } } }', "citizen", "false"),
        ("taxObligations", '{ dueOn: { lt: "2024-06-30" }, amount: { gte: 500000 } }', "tax_obligation", "t.due_on < '2024-06-30' and t.amount >= 500000"),
        ("citizens", '{ fullName: { words: "  THI   nguyen " } }', "citizen", "string_to_array(t.full_name_key, ' ') @> array['thi', 'nguyen']"),
    ],
)  # fmt: skip
def test_filters_over_links_find_what_sql_finds(
    graph: Graph, rows: psycopg.Connection[Any], field: str, condition: str, table: str, where: str
) -> None:
    found = graph.data(f"{{ x: {field}(filter: {condition}) {{ totalCount }} }}")["x"]["totalCount"]
    (expected, total) = rows.execute(
        f"select count(*) filter (where {where}), count(*) from data.{table} t"
    ).fetchone() or (0, 0)
    assert found == expected
    assert where in ("true", "false") or 0 < expected < total


def test_parcels_whose_holder_lives_in_a_commune(graph: Graph, rows: psycopg.Connection[Any]) -> None:
    """The question of the officer: by variable, with the whole filter as one."""
    (commune,) = rows.execute(
        "select c.residence_unit_code from data.citizen c join link.land_use_right_holder l on l.subject_id = c.id"
        " where c.residence_unit_code is not null order by c.id limit 1"
    ).fetchone() or ("",)
    query = "query($f: ParcelFilter) { parcels(filter: $f) { nodes { rights { nodes { holder { ... on Citizen { residenceUnitCode } } } } } } }"
    lives = {"residenceUnitCode": {"eq": commune}}
    found = graph.data(query, {"f": {"rights": {"some": {"holder": {"citizen": lives}}}}})["parcels"]["nodes"]
    assert found
    for parcel in found:
        assert commune in {(r["holder"] or {}).get("residenceUnitCode") for r in parcel["rights"]["nodes"]}


def test_a_filter_over_too_many_links_is_refused(graph: Graph) -> None:
    deep = "{ rights: { some: { holder: { citizen: { memberships: { some: { household: { commune: { code: { eq: \"06820\" } } } } } } } } } }"  # fmt: skip
    code, message = graph.code(f"{{ parcels(filter: {deep}) {{ totalCount }} }}")
    assert code == "OPERATION_TOO_LARGE"
    assert "Next step" in message
    assert graph.code('{ landUseRights(filter: { holder: { citizen: {}, household: {} } }) { totalCount } }')[0] == "INVALID"  # fmt: skip


@pytest.mark.parametrize("lane", ["", "__schema { queryType { name } }"])
def test_nodes_keep_the_order_of_ids_and_say_null_for_nothing(
    graph: Graph, rows: psycopg.Connection[Any], lane: str
) -> None:
    (citizen,) = rows.execute("select min(id) from data.citizen").fetchone() or (0,)
    (right,) = rows.execute("select min(id) from data.land_use_right").fetchone() or (0,)
    ids = [_id(f"LandUseRight:{right}"), _id(f"Parcel:{citizen}"), "garbage", _id(f"Citizen:{citizen}"), _id(f"Citizen:{citizen}"), _id("Citizen:-1"), _id(f"Citizen:+{citizen}"), _id(f"Citizen: {citizen}"), _id("Nothing:1"), _id(f"citizen:{citizen}"), _id("Citizen:99999999999999999999")]  # fmt: skip
    query = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename id ... on Subject {{ provenance {{ source }} }} ... on Record {{ provenance {{ stream }} }} }} one: nodes(ids: {_quoted(ids[0])}) {{ id }} {lane} }}"
    found = graph.data(query, {"ids": ids})
    kinds = [node and (node["__typename"], node["id"], *node["provenance"]) for node in found["nodes"]]
    first, second = ("LandUseRight", ids[0], "stream"), ("Citizen", ids[3], "source")
    assert kinds == [first, None, None, second, second, *[None] * 6]
    assert found["one"] == [{"id": ids[0]}]


def test_too_many_ids_are_refused(graph: Graph) -> None:
    assert graph.code("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["x"] * 501})[0] == "BAD_PAGE_SIZE"
    assert graph.data("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["x"] * 500}) == {"nodes": [None] * 500}


def test_more_than_a_hundred_fields_of_one_row(served_hub: ServedHub) -> None:
    wide = {"max_aliases": 5_000, "max_breadth": 5_000, "max_fields": 5_000, "max_tokens": 50_000}
    graph = Graph(served_hub.database, load_settings(**wide, validation_budget_s=10))
    try:
        for number in (150, 1_500):
            wanted = " ".join(f"f{n}: fullName p{n}: personalId" for n in range(number // 2))
            query = f"query($id: PersonalId!) {{ citizen(by: {{ personalId: $id }}) {{ {wanted} }} %s }}"
            fast = graph.data(query % "", {"id": served_hub.personal_id})["citizen"]
            slow = graph.data(query % "__schema { queryType { name } }", {"id": served_hub.personal_id})["citizen"]
            assert len(fast) == number
            assert fast == slow
            assert fast["p0"] == served_hub.personal_id
        wanted = " ".join(f"f{n}: fullName" for n in range(1_700))
        code, _ = graph.code(f'{{ citizen(by: {{ personalId: "{served_hub.personal_id}" }}) {{ {wanted} }} }}')
        assert code == "OPERATION_TOO_LARGE"  # a select list of PostgreSQL has 1,664 columns at most
    finally:
        graph.close()


def _id(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _quoted(text: str) -> str:
    return f'"{text}"'


def test_a_name_is_found_with_any_spaces_in_any_order(graph: Graph, rows: psycopg.Connection[Any]) -> None:
    found = rows.execute(
        "select full_name, count(*) from data.citizen group by full_name_key, full_name having count(distinct full_name) = 1"
        " order by 2 desc, 1 limit 1"
    ).fetchone()
    assert found is not None
    name, ask = found[0], "query($n: String) { citizens(filter: {fullName: {eq: $n}}) { totalCount } }"
    once = graph.data(ask, {"n": name})
    assert once["citizens"]["totalCount"] >= found[1]
    assert graph.data(ask, {"n": "  " + name.replace(" ", "   ") + " "}) == once
    words = "query($n: String) { citizens(filter: {fullName: {words: $n}}) { totalCount } }"
    turned = " ".join(reversed(name.upper().split()))
    assert graph.data(words, {"n": turned})["citizens"]["totalCount"] >= found[1]
    assert graph.data(words, {"n": turned + " zzz"}) == {"citizens": {"totalCount": 0}}


def test_rows_are_filtered_by_their_ids(graph: Graph) -> None:
    first, second = (n["id"] for n in graph.data("{ citizens(first: 2) { nodes { id } } }")["citizens"]["nodes"])
    ask = "query($i: [ID!]) { citizens(filter: {id: {in: $i}}) { nodes { id } } parcels(filter: {id: {in: $i}}) { totalCount } }"
    given = [second, "nothing", base64.b64encode(b"Parcel:999999999").decode(), first]
    assert graph.data(ask, {"i": given}) == {
        "citizens": {"nodes": [{"id": first}, {"id": second}]},
        "parcels": {"totalCount": 0},
    }
    assert graph.code(ask, {"i": [first] * 501})[0] == "BAD_PAGE_SIZE"
    assert graph.code("{ citizens(filter: {id: {eq: null}}) { totalCount } }")[0] == "BAD_USER_INPUT"


def test_labels_of_code_lists_are_a_query(graph: Graph) -> None:
    data = graph.data("{ labels(lists: [Sex, LandPurpose]) { list code vi en } all: labels { list } }")
    assert data["labels"][0] == {"list": "Sex", "code": "MALE", "vi": "Nam", "en": "Male"}
    assert {label["list"] for label in data["labels"]} == {"Sex", "LandPurpose"}
    assert {"TaxKind", "RightStatus"} <= {label["list"] for label in data["all"]}
    assert graph.code("{ labels(lists: [Nothing]) { code } }")[0] == "INVALID"
