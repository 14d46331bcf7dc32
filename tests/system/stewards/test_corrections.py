"""Corrections in a real store: opened, decided, withdrawn, and closed or reopened by what the sources show."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from hub.corrections.notices import SELECT_NOTICES, notice_parameters, read_notices
from hub.corrections.records import Correction, CorrectionSearch, list_corrections, list_events, load_correction
from hub.corrections.requests import (
    MAX_OPEN_BY_DOSSIER,
    Asker,
    CorrectionRequest,
    claim_of_discrepancy,
    decide_correction,
    open_correction,
    withdraw_correction,
)
from hub.corrections.settlement import settle_corrections
from hub.errors import OperationRefused
from hub.model.correction_states import CorrectionState as S
from hub.model.registry import load_registry

AN = Asker("https://id.example|an", purpose="land-right-transfer")
WRONG, RIGHT, OTHER = "100.00", "120.5", "130"


class Register:
    """Land-use rights and their holder, written by hand as a sync would write them."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection, self.number = connection, 0
        for connector, name in (("population", "citizens"), ("land", "rights")):
            connection.execute("insert into hub.stream (connector, name) values (%s, %s)", (connector, name))
        self.citizen = self.add(
            "citizen", 1, personal_id="022080000001", full_name="Nguyễn Thị Hoà", full_name_key="x", birth_date="1980"
        )
        self.right = self.add("land_use_right", 2, **self.facts(), area=WRONG)

    def facts(self) -> dict[str, Any]:
        self.number += 1
        return {"certificate_serial": f"DA{self.number:08}", "status": "REGISTERED", "holder_name": "Nguyễn Thị Hoà"}

    def add(self, table: str, stream: int, **values: Any) -> int:
        entity = next(e for e in load_registry() if e.table == table)
        for column in entity.columns:  # what must not be null, and is not what the test is about
            if not column.nullable and column.name not in values:
                values[column.name] = {"area": WRONG}.get(column.name) or (column.value.examples or ("1",))[0]
        row = {"stream_id": stream, "run_id": 1, "row_digest": 0, "source_key": f"K{self.number}", **values}
        row["source_key"] = values.pop("key", row.pop("key", row["source_key"]))
        names, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        query = f"insert into data.{table} ({names}, first_seen, sys_from) values ({places}, clock_timestamp(), clock_timestamp()) returning id"
        found = self.connection.execute(query, row).fetchone()
        assert found is not None
        return int(found[0])

    def sync(self, **values: Any) -> None:
        """The source shows other values of the right."""
        sets = ", ".join(f"{name} = %({name})s" for name in values)
        query = f"update data.land_use_right set {sets}, sys_from = clock_timestamp() where id = {self.right}"
        self.connection.execute(query, values)

    def open(self, field: str = "area", claimed: str | None = RIGHT, **more: Any) -> Correction:
        asker = more.pop("asker", AN)
        request = {"entity": "LandUseRight", "number": self.right, "reason": "giấy chứng nhận ghi khác", **more}
        return open_correction(self.connection, CorrectionRequest(field=field, claimed=claimed, **request), asker)

    def state(self, correction: Correction) -> S:
        settle_corrections(self.connection)
        return load_correction(self.connection, correction.id).state


@pytest.fixture
def land(database_url: str) -> Iterator[Register]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield Register(connection)


def refusal(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(OperationRefused) as refused:
        call(*arguments, **named)
    assert refused.value.next_step
    for value in ("120.5", "Nguyễn", "022080000001"):
        assert value not in str(refused.value), "an error never has a personal value"
    return refused.value.code


def test_a_correction_closes_when_the_source_shows_the_value(land: Register) -> None:
    opened = land.open()
    assert (opened.state, opened.held, opened.connector) == (S.OPEN, "100.00", "land")
    assert opened.due_at > datetime.now(UTC) + timedelta(days=5), "five working days from now at the least"
    assert land.state(opened) is S.OPEN
    land.sync(holder_name="Nguyễn Thị Hòa")
    assert land.state(opened) is S.OPEN, "another column says nothing of this one"
    land.sync(area="120.50")
    assert land.state(opened) is S.RESOLVED
    assert load_correction(land.connection, opened.id).closed_at is not None
    assert [entry.event for entry in list_events(land.connection, opened.id)] == ["OPEN", "RESOLVE"]


def test_a_value_that_is_wrong_in_another_way_reopens(land: Register) -> None:
    opened = land.open()
    decide_correction(land.connection, opened.id, accepted=True, by="steward")
    land.sync(area=OTHER)
    assert land.state(opened) is S.REOPENED
    again = load_correction(land.connection, opened.id)
    assert again.held == "130"
    assert again.due_at >= opened.due_at
    land.sync(area=RIGHT)
    assert land.state(opened) is S.RESOLVED


def test_a_resolved_value_that_turns_wrong_again_reopens(land: Register) -> None:
    opened = land.open()
    land.sync(area=RIGHT)
    assert land.state(opened) is S.RESOLVED
    land.sync(area=OTHER)
    assert land.state(opened) is S.RESOLVED, "the world changes: a part was sold"
    land.sync(area=WRONG)
    assert land.state(opened) is S.REOPENED


def test_a_resolved_one_stays_so_if_somebody_asked_again_meanwhile(land: Register) -> None:
    first = land.open()
    land.sync(area=RIGHT)
    assert land.state(first) is S.RESOLVED
    land.sync(area=OTHER)
    second = land.open()
    assert second.id != first.id
    land.sync(area=WRONG)
    assert land.state(first) is S.RESOLVED
    assert land.state(second) is S.OPEN


def test_settling_again_changes_nothing(land: Register) -> None:
    opened = land.open()
    land.sync(area=OTHER)
    assert settle_corrections(land.connection).reopened == 1  # OPEN, with another value held
    assert settle_corrections(land.connection).compared == 0
    assert len(list_events(land.connection, opened.id)) == 2


def test_a_row_that_its_source_gave_again_is_the_same_row(land: Register) -> None:
    opened = land.open()
    key = land.connection.execute("delete from data.land_use_right returning source_key").fetchone()
    assert key is not None
    assert land.state(opened) is S.OPEN, "a row that is gone shows nothing"
    land.right = land.add("land_use_right", 2, **land.facts(), area=RIGHT, key=key[0])
    assert land.state(opened) is S.RESOLVED
    assert load_correction(land.connection, opened.id).record_id == land.right


def test_a_missing_record_closes_when_one_is_linked(land: Register) -> None:
    opened = land.open("landUseRights", "DA 00000009", entity="Citizen", number=land.citizen)
    assert (opened.connector, opened.held) == ("land", None)
    assert land.state(opened) is S.OPEN
    new = land.add("land_use_right", 2, **land.facts(), key="new")
    assert land.state(opened) is S.OPEN, "there, and nobody's yet"
    land.connection.execute(
        "insert into link.land_use_right_holder (record_id, found_id, subject_id, subject_kind, status, method, decided_by,"
        " decided_at, sys_from) values (%s, %s, %s, 'Citizen', 'CONFIRMED', 'test', 'run:1', now(), clock_timestamp())",
        (new, land.citizen, land.citizen),
    )
    assert land.state(opened) is S.RESOLVED


def test_the_owner_of_a_missing_record_has_to_be_clear(land: Register) -> None:
    subject = {"entity": "Citizen", "number": land.citizen}
    assert refusal(land.open, "taxObligations", None, **subject) == "SOURCE_UNCLEAR"
    stream = land.connection.execute(
        "insert into hub.stream (connector, name) values ('old_land', 'rights') returning id"
    ).fetchone()
    assert stream is not None
    land.add("land_use_right", stream[0], **land.facts())
    assert refusal(land.open, "landUseRights", None, **subject) == "SOURCE_UNCLEAR"
    assert land.open("landUseRights", None, connector="old_land", **subject).connector == "old_land"


def test_the_same_claim_is_one_correction(land: Register) -> None:
    first = land.open()
    assert land.open(claimed="120.50").id == first.id
    assert land.open(claimed=OTHER).id != first.id
    withdraw_correction(land.connection, first.id, by=AN.id, reason="nhầm")
    assert land.open().id != first.id


def test_what_cannot_be_asked_for(land: Register) -> None:
    assert refusal(land.open, "area", "100") == "CLAIM_HELD"
    assert refusal(land.open, "area", RIGHT, seen="99") == "VALUE_CHANGED"
    assert refusal(land.open, "area", "nhiều") == "CLAIM_INVALID"
    assert refusal(land.open, "shape", RIGHT) == "CORRECTION_FIELD_UNKNOWN"
    assert refusal(land.open, "area", RIGHT, number=999_999) == "RECORD_NOT_FOUND"
    assert refusal(land.open, "area", RIGHT, entity="Castle") == "WRONG_KIND"
    assert refusal(land.open, "area", RIGHT, reason=" ") == "BAD_USER_INPUT"
    assert refusal(load_correction, land.connection, 999) == "CORRECTION_UNKNOWN"
    assert land.open("area", RIGHT, seen="100").id


def test_a_source_refuses_and_says_why(land: Register) -> None:
    opened = land.open()
    assert refusal(decide_correction, land.connection, opened.id, accepted=False, by="s") == "BAD_USER_INPUT"
    refused = decide_correction(land.connection, opened.id, accepted=False, by="s", answer="đúng theo bản đồ địa chính")
    assert (refused.state, refused.answer) == (S.REFUSED, "đúng theo bản đồ địa chính")
    assert not refused.is_overdue(datetime.max.replace(tzinfo=UTC))
    again = decide_correction(land.connection, opened.id, accepted=False, by="s", answer="đúng theo bản đồ địa chính")
    assert len(list_events(land.connection, again.id)) == 2, "the same answer again is no event"
    land.sync(area=RIGHT)
    assert land.state(opened) is S.RESOLVED, "it has changed its mind"
    assert refusal(decide_correction, land.connection, opened.id, accepted=True, by="s") == "CORRECTION_CLOSED"
    assert refusal(withdraw_correction, land.connection, opened.id, by="s", reason="x") == "CORRECTION_CLOSED"


def test_a_withdrawn_correction_is_left_alone(land: Register) -> None:
    opened = land.open()
    taken = withdraw_correction(land.connection, opened.id, by=AN.id, reason="nhầm")
    assert withdraw_correction(land.connection, opened.id, by=AN.id, reason="nhầm").closed_at == taken.closed_at
    land.sync(area=RIGHT)
    assert land.state(opened) is S.WITHDRAWN


def test_the_claim_of_a_discrepancy_is_what_the_authority_holds(land: Register) -> None:
    path = "holderLink.recorded.name"
    assert refusal(claim_of_discrepancy, land.connection, "LandUseRight", land.right, path) == "NO_DISCREPANCY"
    land.connection.execute(
        "insert into link.discrepancy (field, record_entity, record_id, record_field, recorded, subject_kind, subject_id,"
        " found_id, subject_field, held, kind, sector, stream_id, source_key, sys_from) values ('LandUseRight.holder',"
        " 'LandUseRight', %s, 'holder_name', 'Nguyễn Thị Hoa', 'Citizen', %s, %s, 'full_name', 'Nguyễn Thị Huệ', 'DIFFERS',"
        " 'land', 2, 'K', now())",
        (land.right, land.citizen, land.citizen),
    )
    claimed = claim_of_discrepancy(land.connection, "LandUseRight", land.right, path)
    opened = land.open(path, claimed, origin="DISCREPANCY")
    assert (opened.held, opened.claimed) == ("Nguyễn Thị Hoà", "Nguyễn Thị Huệ")
    land.sync(holder_name="NGUYỄN THỊ HUỆ")
    assert land.state(opened) is S.RESOLVED, "letters of another case are the same name"


def test_a_dossier_has_so_many_and_no_more(land: Register) -> None:
    row = land.connection.execute(
        "insert into hub.dossier (code, purpose, purpose_version, office, opened_by, opened_via, expires_at)"
        " values ('H49.12-251118-0007', 'p', 'v', 'o', 'an', 'MUTATION', now()) returning id"
    ).fetchone()
    assert row is not None
    asker = Asker("an", dossier_id=row[0])
    land.connection.execute(
        "insert into hub.source_correction (record_entity, record_id, field, claim_key, origin, connector, dossier_id, opened_by,"
        " opened_at, state, due_at) select 'LandUseRight', n, 'area', 'x', 'ANSWER', 'land', %s, 'an', now(), 'SENT', now()"
        " from generate_series(1, %s) n",
        (row[0], MAX_OPEN_BY_DOSSIER),
    )
    assert refusal(land.open, asker=asker) == "TOO_MANY_CORRECTIONS"


def test_lists_begin_with_what_is_due(land: Register) -> None:
    late, early = land.open(), land.open(claimed=OTHER)
    land.connection.execute(
        "update hub.source_correction set due_at = now() - interval '1 day' where id = %s", (early.id,)
    )
    listed = list_corrections(land.connection, CorrectionSearch(("land",), pending=True))
    assert [one.id for one in listed] == [early.id, late.id]
    assert [one.id for one in list_corrections(land.connection, CorrectionSearch(overdue=True))] == [early.id]
    assert list_corrections(land.connection, CorrectionSearch(("finance",))) == []
    assert listed[0].is_overdue(datetime.now(UTC))


def test_what_is_disputed_is_found_at_the_point_of_use(land: Register) -> None:
    opened, other = land.open(), land.open("holderLink.recorded.name", "Nguyễn Thị Huệ")
    withdraw_correction(land.connection, other.id, by=AN.id, reason="nhầm")
    query = SELECT_NOTICES.replace("$1", "%s").replace("$2", "%s")
    parameters = notice_parameters([("LandUseRight", land.right), ("Citizen", land.citizen)])
    row = land.connection.execute(query, parameters).fetchone()
    assert row is not None
    disputed = read_notices(row[0])
    (notice,) = disputed.of("LandUseRight", land.right, "area")
    assert (notice.id, notice.state) == (opened.id, S.OPEN)
    assert notice.describe().vi.startswith("Đang chờ chỉnh sửa từ ")
    assert disputed.of("LandUseRight", land.right, "holderLink.recorded.name") == ()
    assert disputed.of("Citizen", land.citizen, "area") == ()
