"""A record lives as long as its row at the source does and is of its kind, in every mode of reading; its id stays its own.

The law: after a read the store is the plain projection of the source, an id that was there stays with the row or item that it
was, and what is there before and after a read keeps its id. A small source is changed at random and read in each mode.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from hub.ingest.guards import approvals as approve
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.run import connector_run as ingest
from hub.ingest.run.outcome import ApprovalRequired, RunOptions
from hub.ingest.run.run_records import begin_run, end_run
from hub.ingest.run.stream_run import StreamRun
from hub.sdk.manifest import Manifest, parse_manifest

ITEM = pl.Struct({"ten": pl.String, "von": pl.String})
TABLES = ("payment", "business_role")
KEYED = {"item_key": ["ds.ten"]}
Row = dict[str, Any]
Facts = dict[tuple[Any, ...], int]


def manifest(read: str, deletes: str, item_key: dict[str, Any]) -> Manifest:
    """Rows of kind P are payments, of kind B the people of a business, of kind X nothing."""
    payment = {
        "payment_number": "so",
        "obligation_number": {"constant": "T1"},
        "amount": "tien",
        "paid_on": {"constant": "2026-01-01"},
    }
    role = {
        "business_registration_number": {"constant": "2200000001"},
        "person_kind": {"constant": "PERSON"},
        "person_name": "ds.ten",
        "role": {"constant": "OWNER"},
        "contribution": "ds.von",
    }
    marked = {"tombstone": {"column": "xoa", "null": False}} if "tombstone" in deletes else {}
    incremental = {"cursor": {"column": "luc", "kind": "number"}, "sweep_every": "0 s"} if read != "full" else {}
    stream = {
        "table": "t",
        "key": ["id"],
        "read": read,
        "deletes": deletes,
        "optional": ["luc", "xoa"],
        **marked,
        **incremental,
        "emits": {
            "Payment": {"when": {"column": "k", "values": ["P"]}, "fields": payment},
            "BusinessRole": {"when": {"column": "k", "values": ["B"]}, "explode": "ds", "fields": role, **item_key},
        },
    }
    label = {"vi": "Thử", "en": "Test"}
    facts = {"title": label, "sector": "finance", "owner": "-", "legal_basis": "-", "version": "1", "freshness": "-"}
    source = {"kind": "sql", "url": {"env": "NOWHERE"}}
    return parse_manifest({"name": "life", "source": source, "streams": {"s": stream}, **facts})


class Given(Reader):
    """Gives what it is given: everything, or versions of rows in their order; and lists keys."""

    lists_keys = True

    def __init__(self, context: ReaderContext, batches: list[list[Row]], listed: list[Row], *, whole: bool) -> None:
        super().__init__(context)
        self.batches, self.listed, self.is_whole = batches, listed, whole

    def whole(self, state: ReadState | None) -> bool:
        return self.is_whole

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        for rows in self.batches:
            yield ReadBatch(frame(rows), None if self.is_whole else {"n": (state or {}).get("n", 0) + 1})

    def keys(self) -> Iterator[pl.DataFrame]:
        yield frame(self.listed).select("id", "k", *(["xoa"] if self.context.stream.tombstone else []))


def frame(rows: list[Row]) -> pl.DataFrame:
    kinds = dict.fromkeys(("id", "k", "so", "tien", "luc", "xoa"), pl.String())
    return pl.DataFrame(rows, schema={**kinds, "ds": pl.List(ITEM)})


def row(key: str, kind: str, number: str, amount: str, items: list[dict[str, str]]) -> Row:
    return {"id": key, "k": kind, "so": number, "tien": amount, "luc": "1", "xoa": None, "ds": items}


PEOPLE = [{"ten": "An", "von": "1"}, {"ten": "Bình", "von": "1"}, {"ten": "Chi", "von": "2"}]
FIRST = (
    row("a", "P", "NA", "10", PEOPLE),
    row("b", "P", "NB", "10", PEOPLE[:2]),
    row("c", "B", "NC", "10", PEOPLE),
    row("z", "X", "NZ", "10", []),
)


@dataclass
class Source:
    """A table at a source, and what was written to it since it was last read."""

    rows: dict[str, Row] = field(default_factory=lambda: {row["id"]: row for row in FIRST})
    log: list[Row] = field(default_factory=lambda: [*FIRST])

    def put(self, row: Row) -> None:
        self.rows[row["id"]] = row
        self.log.append(dict(row))

    def remove(self, key: str, *, marks: bool) -> None:
        row = self.rows.pop(key)
        if marks:
            self.log.append({**row, "xoa": "2026-01-01"})

    def swap(self, one: str, other: str) -> None:
        """Two rows exchange their numbers, which are unique."""
        a, b = self.rows[one], self.rows[other]
        self.put({**a, "so": b["so"]})
        self.put({**b, "so": a["so"]})

    def projection(self) -> tuple[Facts, Facts]:
        """Payments by row; items by row and values, how often."""
        payments = {(r["id"], r["so"], r["tien"]): 1 for r in self.rows.values() if r["k"] == "P"}
        items = Counter((r["id"], i["ten"], i["von"]) for r in self.rows.values() if r["k"] == "B" for i in r["ds"])
        return payments, dict(items)


@dataclass
class Store:
    """The hub's store, read in one mode after another."""

    connection: Connection[Any]

    def clear(self) -> None:
        for table in TABLES:
            self.connection.execute(f"delete from data.{table}")
            self.connection.execute(f"delete from history.{table}")
        for table in ("quarantine", "approval", "drift"):
            self.connection.execute(f"delete from hub.{table}")
        self.connection.execute("delete from hub.stream")

    def read(self, declared: Manifest, batches: list[list[Row]], listed: list[Row], *, whole: bool) -> StreamRun:
        run_id = begin_run(self.connection, declared, "SYNC")
        context = ReaderContext(declared, "s", declared.streams["s"], Path())
        reader = Given(context, batches, listed, whole=whole)
        work = StreamRun(self.connection, declared, "s", RunOptions(run_id), reader)
        work.run()
        end_run(self.connection, run_id, "SUCCEEDED", [], {})
        return work

    def payments(self) -> dict[int, tuple[Any, ...]]:
        return {
            number: tuple(map(str, facts))
            for number, *facts in self.connection.execute(
                "select id, source_key, payment_number, amount from data.payment"
            )
        }

    def items(self) -> dict[int, tuple[Any, ...]]:
        found = self.connection.execute(
            "select id, split_part(source_key, '|', 1), person_name, contribution from data.business_role"
        )
        return {number: (key, name, None if money is None else str(money)) for number, key, name, money in found}


@pytest.fixture(scope="module")
def store(module_database_url: str) -> Iterator[Store]:
    with ingest.connect_for_run(module_database_url) as connection:  # type: ignore[attr-defined]  # looked up there
        yield Store(connection)


KEYS = st.sampled_from("abc")
ITEMS = st.fixed_dictionaries({"ten": st.sampled_from(["An", "Bình", "Chi"]), "von": st.sampled_from(["1", "2"])})
CHANGE = st.tuples(
    st.sampled_from(["put", "put", "remove", "swap", "swap", "shift", "shift"]),
    KEYS,
    KEYS,
    st.sampled_from("PBX"),
    st.sampled_from(["10", "20"]),
    st.lists(ITEMS, max_size=3),
)
ROUNDS = st.lists(st.lists(CHANGE, min_size=1, max_size=4), min_size=1, max_size=3)


def change(source: Source, what: tuple[Any, ...], *, marks: bool, keyed: bool) -> None:
    sort, key, other, kind, amount, items = what
    if sort == "remove" and key in source.rows:
        source.remove(key, marks=marks)
    elif sort == "swap" and key != other and {key, other} <= source.rows.keys():
        source.swap(key, other)
    elif sort == "shift" and key in source.rows:
        source.put({**source.rows[key], "ds": source.rows[key]["ds"][1:]})
    elif sort == "put":
        if keyed:
            items = list({item["ten"]: item for item in items}.values())
        number = source.rows[key]["so"] if key in source.rows else f"N{key.upper()}"
        if number in {row["so"] for row in source.rows.values() if row["id"] != key}:
            number = next(n for n in ("NA", "NB", "NC") if n not in {row["so"] for row in source.rows.values()})
        source.put(row(key, kind, number, amount, items))


def held_to_law(before: dict[int, Any], after: dict[int, Any], owner: Any) -> None:
    """No id changes its owner, and of each owner as many ids stay as it has before and after."""
    for number in before.keys() & after.keys():
        assert owner(before[number]) == owner(after[number])
    were, are = Counter(map(owner, before.values())), Counter(map(owner, after.values()))
    stayed = Counter(owner(after[number]) for number in before.keys() & after.keys())
    assert stayed == were & are


MODES = {
    "full": ("full", "sweep"),
    "full, marks": ("full", "tombstone"),
    "full, both": ("full", "tombstone+sweep"),
    "changes, marks": ("incremental", "tombstone"),
    "changes, sweep": ("incremental", "sweep"),
    "changes, both": ("incremental", "tombstone+sweep"),
}


@settings(max_examples=30, phases=[Phase.reuse, Phase.generate])
@given(mode=st.sampled_from(sorted(MODES)), item_key=st.sampled_from([{}, KEYED]), rounds=ROUNDS)
def test_the_store_is_the_projection_of_the_source(
    store: Store, mode: str, item_key: dict[str, Any], rounds: list[list[tuple[Any, ...]]]
) -> None:
    read, deletes = MODES[mode]
    declared = manifest(read, deletes, item_key)
    marks, full = "tombstone" in deletes, read == "full"
    store.clear()
    source = Source()
    payments: dict[int, Any] = {}
    items: dict[int, Any] = {}
    dead: list[Row] = []
    for changes in [[], *rounds, []]:
        for what in changes:
            change(source, what, marks=marks, keyed=bool(item_key))
        log, source.log = source.log, []
        dead = [row for row in [*dead, *log] if row["xoa"] and row["id"] not in source.rows] if marks else []
        living = list(source.rows.values())
        batches = [[*living, *dead]] if full else [log[: len(log) // 2], log[len(log) // 2 :]]
        work = store.read(declared, batches, living, whole=full)
        assert not work.outcome.problems
        assert sum(count.quarantined for count in work.outcome.counts.values()) == 0
        now, people = store.payments(), store.items()
        assert (dict(Counter(now.values())), dict(Counter(people.values()))) == source.projection()
        held_to_law(payments, now, lambda facts: facts[0])
        held_to_law(items, people, lambda facts: facts[:2] if item_key else facts)
        payments, items = now, people


def test_items_that_were_known_by_position_keep_their_ids(store: Store) -> None:
    """A store of a version of the hub that gave items their position as key: read once more, and keyed anew later."""
    people = [{"ten": name, "von": "1"} for name in ("An", "Bình", "Bình", "Chi")]
    rows = [row("a|b", "B", "N1", "1", people), row("c", "B", "N2", "1", people[:1]), row("d", "X", "N3", "1", [])]
    for mode in ("full, both", "changes, marks"):
        store.clear()
        read, deletes = MODES[mode]
        store.read(manifest(read, deletes, {}), [rows], rows, whole=True)
        store.connection.execute(
            "update data.business_role t set source_key = n.source_key from (select id, substring(source_key from '^(.*)[|]~')"
            " || '|' || row_number() over (partition by split_part(source_key, '~', 1) order by id) - 1 as source_key"
            " from data.business_role) n where n.id = t.id"
        )
        before = {number: facts[1:] for number, facts in store.items().items()}
        # An is gone: every other item stands where another stood.
        shorter = [{**rows[0], "ds": people[1:]}, *rows[1:]]
        store.read(manifest(read, deletes, {}), [shorter], shorter, whole=read == "full")
        after = {number: facts[1:] for number, facts in store.items().items()}
        assert len(before) == 5
        assert len(after) == 4
        assert after.items() <= before.items()
        distinct = [{**rows[0], "ds": [people[1], people[3]]}, *rows[1:]]
        store.read(manifest(read, deletes, {}), [distinct], distinct, whole=read == "full")
        now = {number: facts[1:] for number, facts in store.items().items()}
        store.read(manifest(read, deletes, KEYED), [distinct], distinct, whole=read == "full")
        assert {number: facts[1:] for number, facts in store.items().items()} == now
        assert now.items() <= before.items()


def test_a_sweep_by_keys_takes_what_left_its_kind_unnoticed(store: Store) -> None:
    """A row whose change no read of changes brought, or a version of the hub that let it stay: the list of keys shows it."""
    store.clear()
    declared = manifest("incremental", "tombstone+sweep", {})
    rows = [row("a", "P", "N1", "1", []), row("b", "P", "N2", "1", []), row("c", "P", "N3", "1", [])]
    store.read(declared, [rows], rows, whole=False)
    now = [{**rows[0], "k": "X"}, {**rows[1], "xoa": "2026-01-01"}, rows[2]]
    store.read(declared, [], now, whole=False)
    assert [facts[0] for facts in store.payments().values()] == ["c"]


def test_an_older_version_of_a_list_takes_no_item_of_a_newer_one(store: Store) -> None:
    store.clear()
    base = manifest("incremental", "none", KEYED).model_dump(mode="json", exclude_unset=True)
    base["streams"]["s"]["changed_at"] = "luc"
    declared = parse_manifest(base)
    people = [{"ten": "An", "von": "1"}, {"ten": "Bình", "von": "1"}]
    newer = {**row("a", "B", "N1", "1", people), "luc": "2026-02-02"}
    older = {**row("a", "B", "N1", "1", people[:1]), "luc": "2026-02-01"}
    store.read(declared, [[newer]], [], whole=False)
    store.read(declared, [[older]], [], whole=False)
    assert len(store.items()) == 2
    store.read(declared, [[{**newer, "luc": "2026-02-04"}, {**older, "luc": "2026-02-03"}]], [], whole=False)
    assert len(store.items()) == 2
    store.read(declared, [[{**older, "ds": []}]], [], whole=False)
    assert len(store.items()) == 2


@pytest.mark.parametrize("whole", [True, False])
def test_a_mass_of_rows_that_leave_their_kind_asks_a_person(store: Store, whole: bool) -> None:
    store.clear()
    declared = manifest("full" if whole else "incremental", "tombstone", {})
    rows = [row(str(n), "P", f"N{n}", "1", []) for n in range(50)]
    store.read(declared, [rows], rows, whole=whole)
    # Written in small letters from today on: no row meets its condition any more.
    small = [{**r, "k": "p"} for r in rows]
    with pytest.raises(ApprovalRequired, match=r"50 of 50 rows no longer meet its `when`.*hub runs approve"):
        store.read(declared, [small], small, whole=whole)
    assert len(store.payments()) == 50
    (question,) = approve.list_approvals(store.connection)
    approve.decide_approval(store.connection, question.id, approved=True, by="an")
    store.read(declared, [small], small, whole=whole)
    assert store.payments() == {}
    ten = [row(str(n), "P", f"N{n}", "1", []) for n in range(50, 60)]
    store.read(declared, [ten], ten, whole=False)
    store.read(declared, [[{**r, "k": "X"} for r in ten]], ten, whole=False)
    assert store.payments() == {}


def test_numbers_go_round_in_one_read_and_a_row_that_keeps_its_own_is_not_robbed(store: Store) -> None:
    store.clear()
    declared = manifest("full", "sweep", {})
    rows = [row(str(n), "P", f"N{n}", "1", []) for n in range(4)]
    store.read(declared, [rows], rows, whole=True)
    ids = {facts[0]: number for number, facts in store.payments().items()}
    round_ = [{**r, "so": f"N{(n + 1) % 3}"} for n, r in enumerate(rows[:3])]
    store.read(declared, [[*round_, rows[3]]], rows, whole=True)
    assert {facts[:2] for facts in store.payments().values()} == {("0", "N1"), ("1", "N2"), ("2", "N0"), ("3", "N3")}
    assert {facts[0]: number for number, facts in store.payments().items()} == ids
    # 0 wants the number of 1, which wants that of 3, which keeps it: both stay as they were, and wait.
    chain = [{**rows[0], "so": "N2"}, {**rows[1], "so": "N3"}, {**rows[2], "so": "N0"}, rows[3]]
    work = store.read(declared, [chain], rows, whole=True)
    assert work.outcome.counts["Payment"].quarantined == 2
    assert {facts[:2] for facts in store.payments().values()} == {("0", "N1"), ("1", "N2"), ("2", "N0"), ("3", "N3")}
