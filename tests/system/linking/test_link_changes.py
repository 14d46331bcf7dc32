"""Linking what has changed gives what linking everything would: random stores, random changes, on a real PostgreSQL."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import OperationRefused
from hub.link.decisions.decisions import keep_decision, withdraw_decision
from hub.link.decisions.verdicts import Verdict
from hub.link.field import list_decidable_fields
from hub.link.likeness import trained
from hub.link.run import run_plan
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from tests.system.linking.links import Links
from tests.system.models.stated_model import stated

NAMES = ("Nguyễn Văn An", "Nguyễn Văn Ân", "Nguyen Van An", "Trần Thị Hoà", "Trần Thị Hòa", "Lê Văn Bình")
DAYS = ("1980-05-01", "1980-01-05", "1980", "1981-05-01")
WRITTEN_DAYS = ("01/05/1980", "05/01/1980", "1980", None)
PERSONAL = tuple(f"0220800000{n:02d}" for n in range(1, 9))
MISTYPED = ("022080000091", "022080000102")
FORMER = ("100000001", "100000002", "100000003")
SERIALS = ("DA00000001", "DA00000002")
HOUSEHOLDS = ("HK1", "HK2")
ADDRESSES = ("Tổ 5, khu 2, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh", None)
EMPTIED = "link.decision, link.review, link.heir, link_history.heir, link.considered, link.discrepancy, hub.link_run, hub.change"
KEYS = {
    "citizen": "personal_id", "household": "household_code", "parcel": "parcel_number",
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
    "benefit": st.fixed_dictionaries(
        {"beneficiary": party, "kind": st.just("ELDERLY"), "status": st.just("PAID"), "monthly_amount": st.just(1)}
    ),
    "encumbrance": st.fixed_dictionaries(
        {"parcel_number": st.sampled_from(WRITTEN_PARCELS), "kind": st.just("MORTGAGE"), "status": st.just("REGISTERED")}
    ),
    "marital_status": st.fixed_dictionaries({"person": party, "spouse": party, "state": st.just("MARRIED")}),
    "taxpayer": st.fixed_dictionaries({"party": party, "kind": st.just("PERSON"), "status": st.just("ACTIVE")}),
}  # fmt: skip
"""A row of each table that links rest on; a party stands for its columns."""
NUMBERED = {"tax_obligation": "obligation_number", "taxpayer": "taxpayer_number", "benefit": "benefit_number", "encumbrance": "registration_number"}  # fmt: skip
"""What sectors number, so that no two rows have one number."""
LINKED = {name: field for name, field in list_decidable_fields().items() if field.linked}
LINKS = tuple(field.table for field in list_decidable_fields().values())

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
        rows = ", ".join(f"data.{name}, history.{name}" for name in ROWS)
        tables = ", ".join(f"link.{name}, link_history.{name}" for name in LINKS)
        self.do(f"truncate {EMPTIED}, {rows}, {tables}")

    def put(self, table: str, values: dict[str, Any]) -> int | None:
        """Add a row; none where the register has its key."""
        flat = flattened(values)
        key = KEYS.get(table)
        if table in NUMBERED:
            self.number += 1
            flat[NUMBERED[table]] = f"N{self.number}"
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

    def ids(self, table: str) -> list[int]:
        return [found for (found,) in self.rows(f"select id from data.{table} order by id")]

    def candidates(self) -> list[tuple[str, int, int]]:
        return [
            (name, record, subject)
            for name, field in LINKED.items()
            for record, subject in self.rows(f"select record_id, subject_id from link.{field.table} order by 1, 2")
        ]

    def apply(self, change: tuple[Any, ...]) -> None:
        """One change; what persons may not decide is refused, and is no change."""
        what, *given = change
        if what == "add":
            self.put(*given[0])
        elif what == "change":
            self.change(*given[0], given[1])  # type: ignore[call-arg]  # it has it
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
                keep_decision(connection, Verdict(field, record, subject, given[0], "an", "giấy tờ"))
            elif what == "merge" and len(citizens) > 1:
                one, two = sorted((citizens[given[0] % len(citizens)], citizens[given[1] % len(citizens)]))
                keep_decision(connection, Verdict("Citizen.duplicate", two, one, "SAME", "an", "một người"))
            elif what == "undo":
                made = [n for (n,) in self.rows("select id from link.decision where undone_at is null order by id")]
                if made:
                    withdraw_decision(connection, made[given[0] % len(made)], by="an", reason="nhầm")

    def derived(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that linking derives, without instants and numbers of runs."""
        columns = "record_id, found_id, subject_id, subject_kind, status, method, confidence, weight, evidence::text"
        found = {name: self.rows(f"select {columns} from link.{name} order by 1, 2") for name in LINKS}
        found["discrepancy"] = self.rows(
            "select field, record_id, record_field, recorded, subject_id, found_id, subject_field, held, kind"
            " from link.discrepancy where sys_to is null order by 1, 2, 3, 7"
        )
        found["review"] = self.rows("select * from link.review order by field, record_id")
        found["heir"] = self.rows("select subject_id, heir_id from link.heir order by 1")
        return found


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
    made = make_engine(module_database_url)
    migrate_store(made)
    built = Store(made)
    built.communes()
    with built.connection() as connection:
        trained.keep_model(connection, stated())
    with pytest.MonkeyPatch.context() as patch:
        # A store of thirty rows changes by a quarter at once: what is tested here would never be run.
        patch.setattr(run_plan, "LIMIT", 1_000.0)
        yield built
    made.dispose()


def test_what_comes_to_stand_beside_a_subject_is_evidence_for_records_that_did_not_change(store: Store) -> None:
    store.clear()
    parcel = store.parcel("06652@2025-07-01", "1:1", "w7er4n8p2q1z")
    tax = store.land_tax("06664@2019-01-01:1:1", "Trần Thị Hoà")
    store.citizen("022080000001")
    shop = store.shop("22A1", "Hộ kinh doanh An", "8000000001")
    debt = store.debt(kind="HOUSEHOLD_BUSINESS", name="Hộ kinh doanh An", identifier="022080000001")
    assert run_linking(store.engine).mode == "FULL"
    successor = "parcel_number_in_successor"
    assert store.of(tax, "tax_obligation_parcel") == [(parcel, "UNCONFIRMED", successor)]
    assert store.of(debt) == [(shop, "UNCONFIRMED", "business_name")]
    store.right(None, "w7er4n8p2q1z", holder_name="Trần Thị Hòa")
    store.role("22A1", "022080000001")
    assert run_linking(store.engine).mode == "CHANGES"
    assert store.of(tax, "tax_obligation_parcel") == [(parcel, "PROBABLE", successor)]
    assert store.of(debt) == [(shop, "CONFIRMED", "household_business_representative")]
    store.delete("land_use_right", 0)
    store.delete("business_role", 0)
    assert run_linking(store.engine).mode == "CHANGES"
    assert store.of(tax, "tax_obligation_parcel") == [(parcel, "UNCONFIRMED", successor)]
    assert store.of(debt) == [(shop, "UNCONFIRMED", "business_name")]


COUPLE = {"name": "Trần Thị Hoà", "birth_date": "1980"}


def test_a_companion_that_is_gone_is_evidence_no_longer(store: Store) -> None:
    store.clear()
    wife = store.citizen("022080000002", "Trần Thị Hoà", "1980-01-05")
    store.citizen("022080000003", "Trần Thị Hòa", "1980-09-09")
    store.citizen("022080000001")
    for code, number, name in (
        ("HK1", "022080000001", "Nguyễn Văn An"), ("HK1", "022080000002", "Trần Thị Hoà"), ("HK2", "022080000003", "Trần Thị Hòa"),
    ):  # fmt: skip
        store.add("household_membership", household_code=code, relationship="OTHER", member_identifier=number, member_name=name)  # fmt: skip
    first, second, third, moved = (f"DA0000000{n}" for n in range(1, 5))
    hers = {
        serial: store.right(
            None, certificate_serial=serial, **{f"holder_{name}": value for name, value in COUPLE.items()}
        )
        for serial in (first, second, third)
    }
    his = {
        serial: store.right(
            None, certificate_serial=serial, holder_identifier="022080000001", holder_name="Nguyễn Văn An"
        )
        for serial in hers
    }
    assert run_linking(store.engine).mode == "FULL"
    for record in hers.values():
        assert [(found, status) for found, status, _ in store.of(record, "land_use_right_holder")] == [
            (wife, "PROBABLE")
        ]
    store.keep("land_use_right", his[first])
    store.do("delete from data.land_use_right where id = :id", id=his[first])
    store.keep("land_use_right", his[second])
    store.do("update data.land_use_right set certificate_serial = :to, sys_from = clock_timestamp() where id = :id", to=moved, id=his[second])  # fmt: skip
    assert run_linking(store.engine).mode == "CHANGES"
    status = {serial: {s for _, s, _ in store.of(record, "land_use_right_holder")} for serial, record in hers.items()}
    assert status == {first: {"UNCONFIRMED"}, second: {"UNCONFIRMED"}, third: {"PROBABLE"}}
    assert run_linking(store.engine, full=True).changed == 0


def _decided(store: Store, field: str, record: int, subject: int, verdict: str) -> None:
    with store.connection() as connection:
        keep_decision(connection, Verdict(field, record, subject, verdict, "an", "giấy tờ"))


def _holder_taken_from_a_parcel(store: Store) -> tuple[int, ...]:
    parcel, right = store.parcel("06652@2025-07-01", "1:1", "w7er4n8p2q1z"), store.right(None, "w7er4n8p2q1z", holder_name="Trần Thị Hòa")  # fmt: skip
    store.land_tax("06664@2019-01-01:1:1", "Trần Thị Hoà")
    return right, parcel


def _two_claims(store: Store) -> tuple[int, ...]:
    """One of the two members of a household that can be one citizen is so by identifier, which the other has to give way to."""
    citizen = store.citizen("022080000001")
    rows = [
        store.add(
            "household_membership", household_code="HK1", relationship="OTHER", member_name="Nguyễn Văn An", **more
        )
        for more in ({"member_identifier": "022080000001"}, {"member_birth_date": "01/05/1980"})
    ]
    return rows[0], citizen


def _refused_and_its_namesake(store: Store) -> tuple[int, ...]:
    older, younger = store.citizen("022080000001"), store.citizen("022080000002", "Nguyễn Văn An", "1980-01-05")
    return store.debt(kind="PERSON", name="Nguyễn Văn An", identifier="022080000001"), older, younger


def _older_parcel(store: Store) -> tuple[int, ...]:
    store.parcel("06652@2025-07-01", "1:1", area=100.0)
    older = store.parcel("06664@..", "1:1", area=150.0)
    store.right("06652@2026-01-01:1:1", area=100.0)
    return (older,)


def _one_debt(store: Store) -> tuple[int, ...]:
    citizen, other = store.citizen("022080000001"), store.citizen("022080000002")
    return store.debt(kind="PERSON", name="Nguyễn Văn An", identifier="022080000001"), citizen, other


FOLLOWED: dict[str, tuple[Callable[[Store], tuple[int, ...]], Callable[..., None]]] = {
    "a person refuses a link that evidence for others came from": (
        _holder_taken_from_a_parcel,
        lambda store, right, parcel: _decided(store, "LandUseRight.parcel", right, parcel, "DIFFERENT"),
    ),
    "a person refuses a claim that another record gave way to": (
        _two_claims,
        lambda store, member, citizen: _decided(store, "HouseholdMembership.member", member, citizen, "DIFFERENT"),
    ),
    "what a record is not is merged with what it is": (
        _refused_and_its_namesake,
        lambda store, debt, older, younger: (
            _decided(store, "TaxObligation.debtor", debt, younger, "DIFFERENT"),
            run_linking(store.engine),
            _decided(store, "Citizen.duplicate", younger, older, "SAME"),
        ),
    ),
    "a parcel goes that another of the same number was not sure for": (
        _older_parcel,
        lambda store, older: store.delete("parcel", store.ids("parcel").index(older)),
    ),
    "a record goes that a person has just decided": (
        _one_debt,
        lambda store, debt, citizen, other: (
            _decided(store, "TaxObligation.debtor", debt, other, "SAME"),
            store.delete("tax_obligation", 0),
        ),
    ),
    "a citizen goes whom a person said a record to be": (
        _one_debt,
        lambda store, debt, citizen, other: (
            _decided(store, "TaxObligation.debtor", debt, other, "SAME"),
            run_linking(store.engine),
            store.delete("citizen", store.ids("citizen").index(other)),
        ),
    ),
}  # fmt: skip
"""What has an effect on records that did not change → the rows, and what happens to them."""


@pytest.mark.parametrize("name", FOLLOWED)
def test_what_decisions_rested_on_is_followed_when_it_is_there_no_more(store: Store, name: str) -> None:
    build, happens = FOLLOWED[name]
    store.clear()
    rows = build(store)
    assert run_linking(store.engine).mode == "FULL"
    before = store.derived()
    happens(store, *rows)
    report = run_linking(store.engine)
    assert report.mode == "CHANGES"
    assert store.derived() != before
    assert run_linking(store.engine, full=True).changed == 0


@pytest.mark.parametrize("mode", ["INTERRUPTED", "SOME"])
def test_after_a_run_that_followed_nothing_up_everything_is_linked(store: Store, mode: str) -> None:
    store.clear()
    store.citizen("022080000001")
    assert run_linking(store.engine).mode == "FULL"
    assert run_linking(store.engine).mode == "CHANGES"
    if mode == "INTERRUPTED":
        store.do("insert into hub.link_run default values")
    else:
        store.debt(kind="PERSON", name="Nguyễn Văn An", identifier="022080000001")
        assert run_linking(store.engine, ["TaxObligation.debtor"]).changed == 1
    assert run_linking(store.engine).mode == "FULL"
    assert run_linking(store.engine, ["TaxObligation.debtor"]).changed == 0
    assert run_linking(store.engine).mode == "CHANGES"


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
    assert run_linking(store.engine).mode == "FULL"
    for changes in rounds:
        for one in changes:
            store.apply(one)
        assert run_linking(store.engine).mode == "CHANGES"
        after = store.derived()
        again = run_linking(store.engine, full=True)
        assert store.derived() == after
        assert again.changed == 0
