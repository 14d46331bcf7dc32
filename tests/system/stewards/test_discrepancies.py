"""Discrepancies on a real PostgreSQL: what is one and what is not, opening and closing, a part as the whole, and the past."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import dict_row

from hub.cli.linking import discrepancies
from hub.errors import OperationRefused
from hub.ingest.transform.search_keys import fold_names
from hub.link.discrepancies import handover
from hub.link.discrepancies.discrepancies import update_discrepancies
from hub.link.discrepancies.handover import Which
from hub.link.workspace import LinkWorkspace
from hub.model.names import to_snake_case
from hub.model.registry import load_registry
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from hub.store.server.embedded import EmbeddedServer
from schema.linking.declarations import SHAPES, TONES

FIELD = "Taxpayer.party"
ENTITY = FIELD.partition(".")[0]
OPEN = "select * from link.discrepancy where sys_to is null order by record_id, record_field, subject_field"


class World:
    """Rows and links by hand, and the discrepancies found in them."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self.number = 0
        connection.execute("insert into hub.stream (connector, name) values ('finance', 'taxpayers')")

    def add(self, entity: str, **values: Any) -> int:
        self.number += 1
        row = {"stream_id": 1, "run_id": 1, "row_digest": 0, "source_key": f"K{self.number}", **values}
        for column in load_registry()[entity].columns:
            if column.search_key and row.get(column.name):
                row[column.search_key] = fold_names(pl.Series([row[column.name]])).item()
        places = ", ".join(f"%({name})s" for name in row)
        query = f"insert into data.{to_snake_case(entity)} ({', '.join(row)}, first_seen, sys_from) values ({places}, now(), now()) returning id"
        found = self.connection.execute(query, row).fetchone()
        assert found is not None
        return int(found[0])

    def link(self, record: int, kind: str, subject: int, *, status: str = "CONFIRMED", heir: int | None = None) -> None:
        self.connection.execute(
            "insert into link.taxpayer_party (record_id, found_id, subject_id, subject_kind, status, method, decided_by,"
            " decided_at, sys_from) values (%s, %s, %s, %s, %s, 'test', 'run:1', now(), now())",
            (record, subject, heir or subject, kind, status),
        )

    def taxpayer(self, kind: str, subject: int, *, link_status: str = "CONFIRMED", **values: Any) -> int:
        party = {f"party_{name}": value for name, value in values.items() if name != "status"}
        facts = {"taxpayer_number": f"T{self.number}", "kind": "PERSON", "status": values.get("status", "ACTIVE")}
        record = self.add("Taxpayer", **facts, **party)
        self.link(record, kind, subject, status=link_status)
        return record

    def citizen(self, number: int = 1, **values: Any) -> int:
        usual = {"personal_id": f"0220800000{number:02}", "full_name": "Nguyễn Thị Hoà", "birth_date": "1980-05-01"}
        return self.add("Citizen", **{**usual, **values})

    def run(self, *, touched: tuple[int, ...] | None = None) -> tuple[int, int]:
        """How many were opened and closed."""
        with LinkWorkspace(self.connection) as workspace, self.connection.transaction():
            if touched is not None:
                workspace.create_empty("touched", "entity text, record_id bigint")
                with self.connection.cursor() as cursor:
                    cursor.executemany("insert into touched values (%s, %s)", [(ENTITY, record) for record in touched])
            (found,) = update_discrepancies(workspace, [FIELD], datetime.now(UTC), touched=touched is not None)
        return found.opened, found.closed

    def open(self) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(OPEN).fetchall()

    def facts(self) -> set[tuple[str, str, str, str, str]]:
        return {(d["record_field"], d["recorded"], d["subject_field"], d["held"], d["kind"]) for d in self.open()}


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    made = make_engine(database_url)
    migrate_store(made)
    made.dispose()
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield World(connection)


def units(world: World) -> None:
    """Hạ Long of old: two communes that became Hồng Gai, one that was split; and the commune Tiên Yên, named as a district was."""
    for code, level, name, parent, old in (
        ("22", "PROVINCE", "Tỉnh Quảng Ninh", None, True),
        ("193", "DISTRICT", "Thành phố Hạ Long", "22", True),
        ("199", "DISTRICT", "Huyện Tiên Yên", "22", True),
        ("06664", "COMMUNE", "Phường Hồng Gai", "193", True),
        ("06667", "COMMUNE", "Phường Bạch Đằng", "193", True),
        ("06655", "COMMUNE", "Phường Hà Khánh", "193", True),
        ("06841", "COMMUNE", "Xã Đông Ngũ", "199", True),
        ("22", "PROVINCE", "Tỉnh Quảng Ninh", None, False),
        ("06652", "COMMUNE", "Phường Hồng Gai", "22", False),
        ("06706", "COMMUNE", "Phường Cao Xanh", "22", False),
        ("06811", "COMMUNE", "Xã Tiên Yên", "22", False),
        ("06838", "COMMUNE", "Xã Đông Ngũ", "22", False),
    ):
        era = ".." if old else "2025-07-01"
        ends = {"valid_to": "2025-07-01"} if old else {"valid_from": "2025-07-01"}
        above = parent and f"{parent}@{era}"
        world.add("AdministrativeUnit", unit_code=f"{code}@{era}", code=code, level=level, name=name, parent_unit_code=above, **ends)  # fmt: skip
    for before, after, kind in (
        ("06664", "06652", "WHOLE"), ("06667", "06652", "WHOLE"), ("06655", "06652", "PART"), ("06655", "06706", "PART"),
        ("06841", "06838", "WHOLE"),
    ):  # fmt: skip
        world.add("AdministrativeUnitChange", predecessor_unit_code=f"{before}@..", successor_unit_code=f"{after}@2025-07-01", kind=kind, effective_on="2025-07-01")  # fmt: skip


@pytest.mark.parametrize(
    ("recorded", "held", "kind"),
    [
        ("Nguyễn Thị Hòa", "Nguyễn Thị Hoà", None),
        ("NGUYỄN THỊ HOÀ", "Nguyễn Thị Hoà", None),
        ("Nguye\u0302\u0303n Thị Hoa\u0300", "Nguyễn Thị Hoà", None),
        ("Ðặng Thúy", "Đặng Thuý", None),
        ("Nguyen Thi Hoa", "Nguyễn Thị Hoà", "SPELLING"),
        ("Nguyễn Thị Hoá", "Nguyễn Thị Hoà", "SPELLING"),
        ("Dặng Thuý", "Đặng Thuý", "SPELLING"),
        ("Nguyễn Hoà", "Nguyễn Thị Hoà", "DIFFERS"),
        ("Nguyễn Thị Hoàn", "Nguyễn Thị Hoà", "DIFFERS"),
        (None, "Nguyễn Thị Hoà", None),
    ],
)
def test_names(world: World, recorded: str | None, held: str, kind: str | None) -> None:
    world.taxpayer("Citizen", world.citizen(full_name=held), name=recorded)
    world.run()
    assert world.facts() == ({("party_name", recorded, "full_name", held, kind)} if kind else set())


@pytest.mark.parametrize(
    ("recorded", "held", "differs"),
    [
        ("01/05/1980", "1980-05-01", False),
        ("1/5/1980", "1980-05-01", False),
        ("1980-05-01", "1980-05-01", False),
        ("1980", "1980-05-01", False),
        ("00/00/1980", "1980-05-01", False),
        ("05/1980", "1980-05-01", False),
        ("01/05/1980", "1980", False),
        ("không rõ", "1980-05-01", False),
        ("05/01/1980", "1980-05-01", True),
        ("1981", "1980-05-01", True),
        ("06/1980", "1980-05-01", True),
        ("01/05/1981", "1980", True),
    ],
)
def test_dates(world: World, recorded: str, held: str, differs: bool) -> None:
    world.taxpayer("Citizen", world.citizen(birth_date=held), birth_date=recorded)
    world.run()
    assert world.facts() == ({("party_birth_date", recorded, "birth_date", held, "DIFFERS")} if differs else set())


@pytest.mark.parametrize(
    ("part", "recorded", "differs"),
    [
        ("identifier", "022 080 000 001", False),
        ("identifier", "100000001", False),
        ("identifier", "100000002", True),
        ("identifier", "022080000009", True),
        ("identifier", "02208000000", True),
        ("identifier", "C1234567", False),
        ("tax_code", "022080000001", False),
        ("tax_code", "8012345678", False),
        ("tax_code", "022080000009", True),
    ],
)
def test_numbers(world: World, part: str, recorded: str, differs: bool) -> None:
    world.taxpayer("Citizen", world.citizen(former_id="100000001"), **{part: recorded})
    world.run()
    held = ("personal_id", "022080000001", "DIFFERS")
    assert world.facts() == ({(f"party_{part}", recorded, *held)} if differs else set())


@pytest.mark.parametrize(
    ("recorded", "unit", "differs"),
    [
        ("Tổ 1, phường Bạch Đằng, thành phố Hạ Long, tỉnh Quảng Ninh", "06667@..", False),
        ("Tổ 1, phường Bạch Đằng, thành phố Hạ Long, tỉnh Quảng Ninh", "06652@2025-07-01", False),
        ("Tổ 1, P. Hồng Gai, T. Quảng Ninh", "06667@..", False),
        ("Tổ 1, P.HÀ KHÁNH, TP HẠ LONG, QUẢNG NINH", "06706@2025-07-01", False),
        ("Tổ 1, phường Hà Khánh, thành phố Hạ Long, tỉnh Quảng Ninh", "06838@2025-07-01", True),
        ("phường Bạch Đằng, thành phố Hạ Long, tỉnh Quảng Ninh", "06706@2025-07-01", True),
        ("thôn Bắc, xã Đông Ngu, huyện Tiên Yên, tỉnh Quảng Ninh", "06811@2025-07-01", True),
        # No commune of the district is so named, and the district is not the commune of its name.
        ("thôn Bắc, xã Đông Gnu, huyện Tiên Yên, tỉnh Quảng Ninh", "06838@2025-07-01", False),
        ("Đông Ngũ, xã Tiên Yên, tỉnh Quảng Ninh", "06838@2025-07-01", True),
        ("tỉnh Quảng Ninh", "06706@2025-07-01", False),
    ],
)
def test_addresses_by_the_communes_of_today(world: World, recorded: str, unit: str, differs: bool) -> None:
    units(world)
    world.taxpayer("Citizen", world.citizen(residence_unit_code=unit, residence_address="Tổ 9"), address=recorded)
    world.run()
    assert world.facts() == (
        {("party_address", recorded, "residence_address", "Tổ 9", "DIFFERS")} if differs else set()
    )


@pytest.mark.parametrize(("business", "taxpayer", "differs"), [("ACTIVE", "ACTIVE", False), ("DISSOLVED", "CLOSED", False), ("DISSOLVED", "ACTIVE", True)])  # fmt: skip
def test_a_status_goes_with_the_business_registers(world: World, business: str, taxpayer: str, differs: bool) -> None:
    firm = world.add("Business", registration_number="5700000029", tax_code="5700000029", legal_name="Công ty Hà", legal_form="JOINT_STOCK", status=business)  # fmt: skip
    world.taxpayer("Business", firm, status=taxpayer, name="CÔNG TY HÀ", tax_code="5700000029-001")
    world.run()
    assert world.facts() == ({("status", taxpayer, "status", business, "DIFFERS")} if differs else set())


def test_the_dead_are_no_active_taxpayers(world: World) -> None:
    gone = world.citizen(death_date="2024-02-03")
    world.taxpayer("Citizen", gone, status="ACTIVE")
    world.taxpayer("Citizen", gone, status="CLOSED")
    world.run()
    assert world.facts() == {("status", "ACTIVE", "death_date", "2024-02-03", "DIFFERS")}


def test_a_household_is_held_against_its_head(world: World) -> None:
    world.citizen(1, full_name="Trần Văn Cả")
    home = world.add("Household", household_code="HK1", head_personal_id="022080000001")
    world.taxpayer("Household", home, name="Trần Văn Hai", identifier="022080000001", birth_date="1980")
    world.run()
    assert world.facts() == {("party_name", "Trần Văn Hai", "full_name", "Trần Văn Cả", "DIFFERS")}


def test_candidates_are_not_compared_and_the_row_that_was_found_is(world: World) -> None:
    older, younger = world.citizen(1), world.citizen(2, full_name="Lê Văn Ba")
    world.taxpayer("Citizen", older, link_status="UNCONFIRMED", name="Trần Văn Cả")
    record = world.add("Taxpayer", taxpayer_number="M1", kind="PERSON", status="ACTIVE", party_name="Lê Văn Bốn")
    world.link(record, "Citizen", younger, heir=older)
    world.run()
    (found,) = world.open()
    assert (found["held"], found["found_id"], found["subject_id"]) == ("Lê Văn Ba", younger, older)
    assert (found["sector"], found["stream_id"], found["field"]) == ("finance", 1, FIELD)
    # A merge that is undone: the copy differs since when it did, and is told of another.
    world.connection.execute("update link.taxpayer_party set subject_id = found_id where record_id = %s", (record,))
    assert world.run() == (0, 0)
    assert world.open() == [{**found, "subject_id": younger}]


def test_they_open_and_close_and_the_past_is_kept(world: World) -> None:
    person = world.citizen()
    record = world.taxpayer("Citizen", person, name="Trần Thị Hoà")
    assert world.run() == (1, 0)
    assert world.run() == (0, 0)
    between = datetime.now(UTC)
    world.connection.execute("update data.citizen set full_name = 'Trần Thị Hòa', full_name_key = 'tran thi hoa' where id = %s", (person,))  # fmt: skip
    assert world.run() == (0, 1)
    at = "select recorded, held from link.discrepancy where sys_from <= %(at)s and (sys_to is null or sys_to > %(at)s)"
    past = world.connection.execute(at, {"at": between}).fetchall()
    assert (past, world.connection.execute(at, {"at": datetime.now(UTC)}).fetchall()) == (
        [("Trần Thị Hoà", "Nguyễn Thị Hoà")],
        [],
    )
    world.connection.execute("update data.taxpayer set party_name = 'Lê An' where id = %s", (record,))
    assert world.run() == (1, 0)
    world.connection.execute("update data.taxpayer set party_name = 'Lê Ân' where id = %s", (record,))
    assert world.run() == (1, 1)
    world.connection.execute("delete from link.taxpayer_party where record_id = %s", (record,))
    assert world.run() == (0, 1)


def test_a_part_is_found_as_the_whole_would_be_and_nothing_else_is_touched(world: World) -> None:
    units(world)
    person = world.citizen(residence_unit_code="06706@2025-07-01")
    records = [
        world.taxpayer("Citizen", person, name="Lê An", address="xã Tiên Yên, tỉnh Quảng Ninh") for _ in range(3)
    ]
    assert world.run(touched=(records[0],)) == (2, 0)
    first = world.open()
    assert {d["record_id"] for d in first} == {records[0]}
    world.connection.execute("update data.taxpayer set party_name = null where id = any(%s)", (records[:2],))
    assert world.run(touched=(records[2],)) == (2, 0)
    assert world.run(touched=tuple(records[:2])) == (1, 1)
    parts = [{k: v for k, v in d.items() if k not in ("id", "sys_from")} for d in world.open()]
    assert world.run() == (0, 0)
    world.connection.execute("truncate link.discrepancy")
    world.run()
    assert [{k: v for k, v in d.items() if k not in ("id", "sys_from")} for d in world.open()] == parts


def test_handing_over(world: World) -> None:
    person = world.citizen()
    world.taxpayer("Citizen", person, name="=Lê An", birth_date="1979")
    world.taxpayer("Citizen", person, name="Nguyen Thi Hoa")
    world.run()
    counted = handover.count_discrepancies(world.connection, Which("finance"))
    assert [(n.field, n.kind, n.rows) for n in counted] == [("party_birth_date", "DIFFERS", 1), ("party_name", "DIFFERS", 1), ("party_name", "SPELLING", 1)]  # fmt: skip
    assert [d.kind for d in handover.list_discrepancies(world.connection, Which(kind="SPELLING"), 10)] == ["SPELLING"]
    assert handover.list_discrepancies(world.connection, Which("land"), 10) == []
    out = io.StringIO()
    assert (
        handover.write_discrepancies(handover.read_discrepancies(world.connection, Which(field="party_name")), out) == 2
    )
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [(r["recorded"], r["held"], r["source_key"], r["connector"]) for r in rows] == [
        ("'=Lê An", "Nguyễn Thị Hoà", "K2", "finance"),
        ("Nguyen Thi Hoa", "Nguyễn Thị Hoà", "K3", "finance"),
    ]
    with pytest.raises(OperationRefused, match="no sector"):
        Which("nowhere")
    world.connection.execute(
        "insert into hub.sealed_subject (entity, subject_id, kind, ground, sealed_by, reason)"
        " values ('Citizen', %s, 'RESTRICTION', 'REQUEST', 'chief', 'yêu cầu')",
        (person,),
    )
    assert list(handover.read_discrepancies(world.connection, Which())) == [], (
        "a restricted person's values are handed to nobody"
    )


def test_nobody_is_told_to_take_marks_off(world: World) -> None:
    person = world.citizen(full_name="Nguyen Thi Hòa")
    world.taxpayer("Citizen", person, name="Nguyễn Thị Hoà")
    world.taxpayer("Citizen", person, name="Nguyen Thi Hoa")
    world.taxpayer("Citizen", person, name="Nguyễn Thị Hoá")
    world.run()
    listed = handover.list_discrepancies(world.connection, Which(), 10)
    assert sorted((d.sector, d.better) for d in listed) == [
        ("finance", "HELD"),
        ("finance", "NEITHER"),
        ("finance", "RECORDED"),
    ]
    handed = list(handover.read_discrepancies(world.connection, Which()))
    copy = world.connection.execute(
        "select source_key from data.taxpayer where party_name = 'Nguyen Thi Hoa'"
    ).fetchone()
    own = world.connection.execute("select source_key from data.citizen where id = %s", (person,)).fetchone()
    assert copy is not None
    assert own is not None
    assert [(d.sector, d.better, d.recorded, d.source_key) for d in handed] == [
        ("citizen", "RECORDED", "Nguyễn Thị Hoà", own[0]),
        ("finance", "HELD", "Nguyen Thi Hoa", copy[0]),
    ]
    assert [d.sector for d in handover.read_discrepancies(world.connection, Which("citizen"))] == ["citizen"]


MARKS = (*TONES, *SHAPES)
LETTERS = st.tuples(st.sampled_from("aeiouydbn"), st.sets(st.sampled_from(MARKS), max_size=1), st.booleans())


def spell(letters: list[tuple[str, set[str], bool]]) -> str:
    """A word of a consonant before each letter, so that every mark is on a syllable of its own."""
    spelled = (
        "đ" if letter == "d" and stroke else letter + "".join(sorted(marks)) for letter, marks, stroke in letters
    )
    return " ".join(unicodedata.normalize("NFC", part) for part in spelled)


def all_marks(less: list[tuple[str, set[str], bool]], more: list[tuple[str, set[str], bool]]) -> bool:
    """Whether one has all marks of the other, each on its letter; a d has no mark but its stroke here."""
    return all((not a[2] or b[2]) if a[0] == "d" else a[1] <= b[1] for a, b in zip(less, more, strict=True))


@given(data=st.data())
def test_the_better_spelling_has_all_marks_of_the_other(postgres_server: EmbeddedServer, data: st.DataObject) -> None:
    one = [(a, set() if a == "d" else b, c) for a, b, c in data.draw(st.lists(LETTERS, min_size=1, max_size=5))]
    other = [(a, set() if a == "d" else data.draw(st.sampled_from([b, set(), {MARKS[0]}])), data.draw(st.sampled_from([c, False]))) for a, b, c in one]  # fmt: skip
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        found = connection.execute(
            f"select {handover.better_written('%(one)s::text', '%(other)s::text')}",
            {"one": spell(one), "other": spell(other)},
        ).fetchone()
    assert found is not None
    if all_marks(one, other):
        assert found[0] == "HELD"
    else:
        assert found[0] == ("RECORDED" if all_marks(other, one) else "NEITHER")


def test_the_command_line_hands_over_what_it_counts(
    world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    world.taxpayer("Citizen", world.citizen(), name="Trần Thị Bé")
    world.run()
    discrepancies.counts_command(json=True)
    (counted,) = json.loads(capsys.readouterr().out)
    assert (counted["sector"], counted["field"], counted["rows"]) == ("finance", "party_name", 1)
    discrepancies.list_command("finance", json=True)
    discrepancies.list_command("finance")
    shown = capsys.readouterr().out
    assert "party_name" in shown
    assert "Trần" not in shown
    discrepancies.export_command(tmp_path / "out", json=True)
    (made,) = json.loads(capsys.readouterr().out)
    file = Path(made["file"])
    assert (file.name, made["rows"], file.stat().st_mode & 0o777) == ("finance.csv", 1, 0o600)
    assert "Trần Thị Bé,Nguyễn Thị Hoà" in file.read_text(encoding="utf-8")
    (tmp_path / "flat").write_text("", encoding="utf-8")
    with pytest.raises(OperationRefused, match="cannot be written"):
        discrepancies.export_command(tmp_path / "flat")
