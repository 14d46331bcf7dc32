"""The demo province end to end: nothing read is lost, what is linked is right, and the same province is the same bytes."""

import csv
import hashlib
from collections import Counter
from pathlib import Path

import polars as pl
import psycopg
import pytest

from hub.demo.province.generate import generate_province
from hub.link.field import list_decidable_fields
from hub.link.likeness.parties import NAMING, read_recorded_parties
from tests.conftest import ServedHub

TRUTH = {
    "land_use_right_holder": ("land_use_right", "land.quyen-su-dung-dat.csv", "chu_su_dung"),
    "taxpayer_party": ("taxpayer", "finance.nguoi_nop_thue.csv", ""),
    "tax_obligation_debtor": ("tax_obligation", "finance.nghia_vu_thue.csv", ""),
    "benefit_beneficiary": ("benefit", "finance.tro_cap.csv", ""),
    "household_membership_member": ("household_membership", "population.thanh_vien_ho.csv", ""),
    "land_use_right_parcel": ("land_use_right", "land.quyen-su-dung-dat.csv", "thua"),
    "birth_registration_child": ("birth_registration", "population.khai_sinh.csv", ""),
    "birth_registration_mother": ("birth_registration", "population.khai_sinh.csv", "me"),
    "birth_registration_father": ("birth_registration", "population.khai_sinh.csv", "cha"),
    "health_insurance_card_holder": ("health_insurance_card", "insurance.the-bhyt.csv", ""),
}


def test_every_run_succeeded_and_nothing_read_was_lost(served_hub: ServedHub) -> None:
    assert {run.connector for run in served_hub.runs} == {
        *("place", "population", "land", "finance", "business", "insurance")
    }
    for run in served_hub.runs:
        assert (run.status, run.problems) == ("SUCCEEDED", ())
        # The simulated systems write some codes that nobody declared; their columns are as declared.
        assert [words for words in run.drift if "outside its" not in words] == []
        for counts in run.counts:
            # A row that came twice just the same counts as unchanged.
            assert counts.read == counts.added + counts.unchanged + counts.quarantined > 0


def test_quarantine_keeps_payload_rule_and_reason(served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as connection:
        rows = connection.execute("select entity, rule, reason, payload, source_key from hub.quarantine").fetchall()
    assert {row[1] for row in rows} >= {"pattern", "unit", "code", "duplicate_key"}
    assert all(payload and reason for _, _, reason, payload, _ in rows)
    for _, _, reason, payload, _ in rows:
        for value in payload.values():
            assert not (isinstance(value, str) and len(value) > 8 and value in reason)


@pytest.mark.parametrize("link", TRUTH)
def test_accepted_links_are_right(served_hub: ServedHub, link: str) -> None:
    table, file, role = TRUTH[link]
    with (served_hub.folder / "truth" / file).open(encoding="utf-8") as lines:
        truth = {row["source_id"]: row["subject_key"] for row in csv.DictReader(lines) if row["role"] == role}
    with psycopg.connect(served_hub.database) as connection:
        rows = connection.execute(
            f"select r.source_key, l.status, coalesce(c.personal_id, h.household_code, b.registration_number, p.parcel_number)"
            f" from data.{table} r join link.{link} l on l.record_id = r.id and l.status <> 'UNCONFIRMED'"
            f" left join data.citizen c on c.id = l.subject_id left join data.household h on h.id = l.subject_id"
            f" left join data.business b on b.id = l.subject_id left join data.parcel p on p.id = l.subject_id"
        ).fetchall()
    right = Counter((status, truth[key] == subject) for key, status, subject in rows)
    confirmed = right["CONFIRMED", True] / (right["CONFIRMED", True] + right["CONFIRMED", False])
    assert confirmed >= 0.99, right
    assert sum(right.values()) >= 0.75 * len(truth), right


def test_the_same_province_is_the_same_bytes(tmp_path: Path) -> None:
    def digest(folder: Path) -> dict[str, str]:
        generate_province(folder, 1_000)
        files = [p for p in folder.rglob("*") if p.is_file()]
        return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    one, other = digest(tmp_path / "one"), digest(tmp_path / "other")
    assert one == other
    assert len(one) > 20


def test_surnames_have_their_frequencies(served_hub: ServedHub) -> None:
    with psycopg.connect(served_hub.database) as connection:
        names = [row[0] for row in connection.execute("select split_part(full_name_key, ' ', 1) from data.citizen")]
    share = {name: count / len(names) for name, count in Counter(names).items()}
    assert 0.30 < share["nguyen"] < 0.46
    assert 0.05 < share["tran"] < 0.17


def test_homonyms_of_one_year_in_one_commune_stay_apart(served_hub: ServedHub) -> None:
    query = """
select count(*) from (
    select full_name_key, left(birth_date, 4), residence_unit_code from data.citizen
    group by 1, 2, 3 having count(distinct personal_id) > 1) homonyms"""
    with psycopg.connect(served_hub.database) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    assert row[0] > 0


def test_a_party_that_a_record_does_not_name_is_weighed_against_nobody(served_hub: ServedHub) -> None:
    """Not even against those who live with another party of the record: who is single has no spouse to ask about."""
    left_out = 0
    with psycopg.connect(served_hub.database) as store:
        for field in list_decidable_fields().values():
            if not field.weighed:
                continue
            rows = read_recorded_parties(store, field, f"select id as record_id from data.{field.entity.table}", None)
            assert rows.filter(pl.all_horizontal(pl.col(NAMING).is_null())).is_empty(), field.name
            all_ = store.execute(f"select count(*) from data.{field.entity.table}").fetchone() or (0,)
            left_out += all_[0] - len(rows)
    assert left_out > 100
