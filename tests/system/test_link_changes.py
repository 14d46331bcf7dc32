"""Linking what has changed gives what linking everything would: random stores, random changes, on a real PostgreSQL."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import OperationRefused
from hub.link import changed, trained
from hub.link.decisions import decide, undo
from hub.link.run import link
from hub.link.verdicts import Verdict
from hub.store.engine import engine
from hub.store.migrate import migrate
from tests.system.links import Links
from tests.system.models import stated

NAMES = ("Nguyễn Văn An", "Nguyễn Văn Ân", "Nguyen Van An", "Trần Thị Hoà", "Trần Thị Hòa", "Lê Văn Bình")
DAYS = ("1980-05-01", "1980-01-05", "1980", "1981-05-01")
WRITTEN_DAYS = ("01/05/1980", "05/01/1980", "1980", None)
PERSONAL = tuple(f"0220800000{n:02d}" for n in range(1, 9))
MISTYPED = ("022080000091", "022080000102")
FORMER = ("100000001", "100000002", "100000003")
SERIALS = ("DA00000001", "DA00000002")
HOUSEHOLDS = ("HK1", "HK2")
ADDRESSES = ("Tổ 5, khu 2, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh", None)
EMPTIED = (
    "data.citizen, history.citizen, data.household, history.household, data.household_membership, data.tax_obligation,"
    " data.land_use_right, data.marital_status, data.taxpayer, data.parcel, data.business, data.business_role,"
    " history.business_role, link.decision, link.review, link.heir, link_history.heir,"
    " link.considered, hub.link_run, hub.change"
)
LINKS = (
    "citizen_duplicate", "household_membership_member", "tax_obligation_debtor", "land_use_right_holder",
    "marital_status_person", "marital_status_spouse", "taxpayer_party", "land_use_right_parcel", "tax_obligation_parcel",
    "business_role_person",
)  # fmt: skip
KEYS = {
    "citizen": "personal_id", "household": "household_code", "taxpayer": "taxpayer_number", "parcel": "parcel_number",
    "business": "registration_number",
}  # fmt: skip
SHOPS, SHOP_NAMES = ("22A1", "22A2", "22A3"), ("Hộ kinh doanh An", "Hộ kinh doanh Bình")
PLACES = ("1:1", "1:2")
PARCELS = tuple((unit, place) for unit in ("06664@..", "06667@..", "06652@2025-07-01") for place in PLACES)
AREAS = (100.0, 100.5, 150.0, None)
WRITTEN_PARCELS = (*(f"{code}@{day}:{place}" for code, day in (("06664", "2019-01-01"), ("06652", "2026-01-01")) for place in PLACES), None)  # fmt: skip

party = st.fixed_dictionaries({
    "kind": st.sampled_from(("PERSON", "PERSON", "HOUSEHOLD", "HOUSEHOLD_BUSINESS", None)),
    "name": st.sampled_from((*NAMES, *SHOP_NAMES, None)),
    "birth_date": st.sampled_from(WRITTEN_DAYS),
    "identifier": st.sampled_from((*PERSONAL, *MISTYPED, *FORMER, None, None)),
    "address": st.sampled_from(ADDRESSES),
})  # fmt: skip
ROWS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "citizen": st.fixed_dictionaries({
        "personal_id": st.sampled_from(PERSONAL), "full_name": st.sampled_from(NAMES), "birth_date": st.sampled_from(DAYS),
        "former_id": st.sampled_from((*FORMER, None)), "residence_address": st.sampled_from(ADDRESSES),
    }),
    "household": st.fixed_dictionaries({
        "household_code": st.sampled_from(HOUSEHOLDS), "head_personal_id": st.sampled_from(PERSONAL),
    }),
    "household_membership": st.fixed_dictionaries(
        {"household_code": st.sampled_from(HOUSEHOLDS), "member": party, "relationship": st.just("OTHER")}
    ),
    "tax_obligation": st.fixed_dictionaries({
        "debtor": party, "kind": st.just("VALUE_ADDED"), "year": st.just(2025), "amount": st.just(1), "status": st.just("DUE"),
        "parcel_number": st.sampled_from(WRITTEN_PARCELS),
    }),
    "land_use_right": st.fixed_dictionaries({
        "holder": party, "certificate_serial": st.sampled_from(SERIALS), "status": st.just("REGISTERED"),
        "parcel_number": st.sampled_from(WRITTEN_PARCELS), "area": st.sampled_from(AREAS),
    }),
    "parcel": st.tuples(st.sampled_from(PARCELS), st.sampled_from(AREAS)).map(lambda drawn: {
        "parcel_number": ":".join(drawn[0]), "commune_unit_code": drawn[0][0], "map_sheet": 1, "ordinal": 1, "area": drawn[1],
    }),
    "business": st.fixed_dictionaries({
        "registration_number": st.sampled_from(SHOPS), "legal_name": st.sampled_from(SHOP_NAMES), "status": st.just("ACTIVE"),
        "tax_code": st.sampled_from((*PERSONAL[:2], None)), "legal_form": st.just("HOUSEHOLD_BUSINESS"),
    }),
    "business_role": st.fixed_dictionaries({
        "business_registration_number": st.sampled_from(SHOPS), "person": party, "role": st.just("REPRESENTATIVE"),
    }),
    "marital_status": st.fixed_dictionaries({"person": party, "spouse": party, "state": st.just("MARRIED")}),
    "taxpayer": st.fixed_dictionaries({"party": party, "kind": st.just("PERSON"), "status": st.just("ACTIVE")}),
}  # fmt: skip
"""A row of each table; a party stands for its columns."""

row = st.sampled_from(sorted(ROWS)).flatmap(lambda table: st.tuples(st.just(table), ROWS[table]))
change = st.one_of(
    st.tuples(st.just("add"), row),
    st.tuples(st.just("change"), row, st.integers(0, 99)),
    st.tuples(st.just("delete"), st.sampled_from(sorted(ROWS)), st.integers(0, 99)),
    st.tuples(st.just("decide"), st.sampled_from(("SAME", "DIFFERENT")), st.integers(0, 99)),
    st.tuples(st.just("merge"), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.just("undo"), st.integers(0, 99)),
)


class Store(Links):
    """A store that rows come into, change in and go from, as sources have them do."""

    def clear(self) -> None:
        tables = ", ".join(f"link.{name}, link_history.{name}" for name in LINKS)
        self.do(f"truncate {EMPTIED}, {tables}")

    def put(self, table: str, values: dict[str, Any]) -> int | None:
        """Add a row; none where the register has its key."""
        flat = flattened(values)
        key = KEYS.get(table)
        if table in ("tax_obligation", "taxpayer"):
            self.number += 1
            flat[KEYS.get(table, "obligation_number")] = f"N{self.number}"
        elif key and self.rows(f"select 1 from data.{table} where {key} = :k", k=flat[key]):
            return None
        return self.add(table, **flat)

    def change(self, table: str, values: dict[str, Any], which: int) -> None:
        """Give one row other values, as a newer version of it."""
        ids = self.ids(table)
        flat = flattened(values)
        key = KEYS.get(table)
        if key and key in flat:
            flat.pop(key)
        if not ids:
            return
        self.keep(table, ids[which % len(ids)])
        sets = ", ".join(f"{name} = :{name}" for name in flat)
        self.do(
            f"update data.{table} set {sets}, sys_from = clock_timestamp() where id = :id",
            id=ids[which % len(ids)],
            **flat,
        )
        self.do("update data.citizen set full_name_key = hub.name_key(full_name)")
        self.do("update data.business set legal_name_key = hub.name_key(legal_name)")

    def delete(self, table: str, which: int) -> None:
        ids = self.ids(table)
        if ids:
            self.keep(table, ids[which % len(ids)])
            self.do(f"delete from data.{table} where id = :id", id=ids[which % len(ids)])

    def keep(self, table: str, row: int) -> None:
        if table in ("citizen", "household", "business_role"):
            columns = ", ".join(name for (name,) in self.rows("select column_name from information_schema.columns where table_schema = 'data' and table_name = :t order by 1", t=table))  # fmt: skip
            self.do(
                f"insert into history.{table} ({columns}, sys_to) select {columns}, clock_timestamp() from data.{table} where id = :id",
                id=row,
            )

    def ids(self, table: str) -> list[int]:
        return [found for (found,) in self.rows(f"select id from data.{table} order by id")]

    def candidates(self) -> list[tuple[str, int, int]]:
        found = []
        for name, field in (
            ("tax_obligation_debtor", "TaxObligation.debtor"),
            ("land_use_right_holder", "LandUseRight.holder"),
        ):
            found += [
                (field, r, s) for r, s in self.rows(f"select record_id, subject_id from link.{name} order by 1, 2")
            ]
        return found

    def apply(self, change: tuple[Any, ...]) -> None:
        """One change; what persons may not decide is refused, and is no change."""
        what, *given = change
        if what == "add":
            self.put(*given[0])
        elif what == "change":
            self.change(*given[0], given[1])
        elif what == "delete":
            self.delete(*given)
        else:
            with contextlib.suppress(OperationRefused):
                self.judge(what, given)

    def judge(self, what: str, given: list[Any]) -> None:
        with self.connection() as connection:
            citizens, candidates = self.ids("citizen"), self.candidates()
            if what == "decide" and candidates:
                field, record, subject = candidates[given[1] % len(candidates)]
                decide(connection, Verdict(field, record, subject, given[0], "an", "giấy tờ"))
            elif what == "merge" and len(citizens) > 1:
                one, two = sorted((citizens[given[0] % len(citizens)], citizens[given[1] % len(citizens)]))
                decide(connection, Verdict("Citizen.duplicate", two, one, "SAME", "an", "một người"))
            elif what == "undo":
                made = [n for (n,) in self.rows("select id from link.decision where undone_at is null order by id")]
                if made:
                    undo(connection, made[given[0] % len(made)], by="an", reason="nhầm")

    def links(self) -> dict[str, list[tuple[Any, ...]]]:
        columns = "record_id, found_id, subject_id, status, method, weight, evidence::text"
        return {name: self.rows(f"select {columns} from link.{name} order by 1, 2") for name in LINKS}


def flattened(values: dict[str, Any]) -> dict[str, Any]:
    flat = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= {f"{name}_{part}": text for part, text in value.items()}
        else:
            flat[name] = value
    return flat


@pytest.fixture(scope="module")
def store(module_database_url: str) -> Iterator[Store]:
    made = engine(module_database_url)
    migrate(made)
    built = Store(made)
    built.communes()
    with built.connection() as connection:
        trained.keep(connection, stated())
    with pytest.MonkeyPatch.context() as patch:
        # A store of thirty rows changes by a quarter at once: what is tested here would never be run.
        patch.setattr(changed, "LARGE", 1_000.0)
        yield built
    made.dispose()


def test_what_comes_to_stand_beside_a_subject_is_evidence_for_records_that_did_not_change(store: Store) -> None:
    store.clear()
    parcel = store.parcel("06652@2025-07-01", "1:1", "w7er4n8p2q1z")
    tax = store.land_tax("06664@2019-01-01:1:1", "Trần Thị Hoà")
    store.citizen("022080000001")
    shop = store.shop("22A1", "Hộ kinh doanh An", "8000000001")
    debt = store.debt(kind="HOUSEHOLD_BUSINESS", name="Hộ kinh doanh An", identifier="022080000001")
    assert link(store.engine).mode == "FULL"
    successor = "parcel_number_in_successor"
    assert store.of(tax, "tax_obligation_parcel") == [(parcel, "UNCONFIRMED", successor)]
    assert store.of(debt) == [(shop, "UNCONFIRMED", "business_name")]
    store.right(None, "w7er4n8p2q1z", holder_name="Trần Thị Hòa")
    store.role("22A1", "022080000001")
    assert link(store.engine).mode == "CHANGES"
    assert store.of(tax, "tax_obligation_parcel") == [(parcel, "PROBABLE", successor)]
    assert store.of(debt) == [(shop, "CONFIRMED", "household_business_representative")]
    store.delete("land_use_right", 0)
    store.delete("business_role", 0)
    assert link(store.engine).mode == "CHANGES"
    assert store.of(tax, "tax_obligation_parcel") == [(parcel, "UNCONFIRMED", successor)]
    assert store.of(debt) == [(shop, "UNCONFIRMED", "business_name")]


EXAMPLES = int(os.environ.get("LINKING_EXAMPLES", "3"))
"""Each is a store, some changes, and four to eight runs of linking: a longer hunt is asked for by the environment."""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(row, min_size=10, max_size=30), st.lists(st.lists(change, min_size=1, max_size=4), min_size=1, max_size=4)
)
def test_linking_changes_gives_what_linking_everything_would(
    store: Store, rows: list[tuple[str, dict[str, Any]]], rounds: list[list[tuple[Any, ...]]]
) -> None:
    store.clear()
    for table, values in rows:
        store.put(table, values)
    assert link(store.engine).mode == "FULL"
    for changes in rounds:
        for one in changes:
            store.apply(one)
        assert link(store.engine).mode == "CHANGES"
        after = store.links()
        again = link(store.engine, full=True)
        assert store.links() == after
        assert again.changed == 0
