"""Quality on the demo province: faults are planted, and each measure moves by exactly as many."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from hub.cli import main
from hub.ingest.connectors import load_manifests
from hub.link.quality.answers import Answer, Choice, keep_sample_answer
from hub.link.quality.draw import fill_sample
from hub.link.run.linking_run import run_linking
from hub.model.registry import load_registry
from hub.quality.measures import QualityMeasure
from hub.quality.metrics import QualityMetric
from hub.quality.snapshots import (
    MeasureFilter,
    QualitySnapshot,
    find_newest_snapshot,
    read_measures,
    read_trends,
    take_snapshot,
)
from hub.store.engine import connect_for_run, make_engine

START = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
KEEP_DAYS = 10
Counts = Mapping[str, tuple[int | None, int | None]]


@pytest.fixture
def connection(province_url: str) -> Iterator[Connection[Any]]:
    with connect_for_run(province_url) as opened:
        yield opened


def measure(connection: Connection[Any], at: datetime) -> QualitySnapshot:
    return take_snapshot(connection, load_registry(), load_manifests(), keep_days=KEEP_DAYS, at=at)


def read_all(connection: Connection[Any], snapshot: QualitySnapshot, **which: Any) -> list[QualityMeasure]:
    measures, total = read_measures(connection, snapshot, MeasureFilter(**which), 100_000)
    assert len(measures) == total
    return measures


def count_all(connection: Connection[Any], snapshot: QualitySnapshot) -> Counts:
    """Series → numerator and denominator, without ages, which move by themselves."""
    found = read_all(connection, snapshot)
    return {one.series: (one.numerator, one.denominator) for one in found if one.metric != QualityMetric.SWEEP_AGE}


def find_moved(before: Counts, after: Counts) -> dict[str, tuple[int, int]]:
    """Series → by how much its numerator and its denominator moved; of a new series by all of it."""
    moved = {}
    for series in before.keys() | after.keys():
        (top, bottom), (now_top, now_bottom) = before.get(series, (0, 0)), after.get(series, (0, 0))
        step = ((now_top or 0) - (top or 0), (now_bottom or 0) - (bottom or 0))
        if step != (0, 0):
            moved[series] = step
    return moved


def test_an_emptied_field_moves_its_measure_and_no_other(connection: Connection[Any]) -> None:
    first = measure(connection, START)
    before = count_all(connection, first)
    assert {series.partition("|")[0] for series in before} >= {
        *("AGREEMENT", "FILLED", "ROWS_VALID", "READS_ACCEPTED", "COLUMNS_AS_DECLARED")
    }

    emptied = connection.execute(
        "update data.land_use_right set area = null where id in (select id from data.land_use_right where area is not null"
        " order by id limit 3)"
    ).rowcount
    assert emptied == 3
    assert find_moved(before, count_all(connection, measure(connection, START))) == {
        "FILLED|land|rights|LandUseRight|area||||": (-3, 0),
        "FILLED|land|rights|LandUseRight|||||": (-3, 0),
        "FILLED|land|||||||": (-3, 0),
    }


def test_rejected_rows_are_counted_once_each_and_by_rule(connection: Connection[Any]) -> None:
    before = count_all(connection, measure(connection, START))
    stream, run = connection.execute(
        "select s.id, max(r.id) from hub.stream s join hub.run r on r.connector = s.connector where s.name = 'parcels' group by 1"
    ).fetchone() or (0, 0)
    held = [key for (key,) in connection.execute("select source_key from data.parcel order by id limit 2").fetchall()]
    # The first row breaks two rules; the last one is of a parcel that the store has never accepted.
    for key, rule in ((held[0], "trial_one"), (held[0], "trial_two"), (held[1], "trial_two"), ("no such", "trial_two")):
        connection.execute(
            "insert into hub.quarantine (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash,"
            " connector_version) values (%s, %s, 'Parcel', %s, 'area', %s, '-', '{}', %s, '1')",
            (stream, run, key, rule, key),
        )
    moved = find_moved(before, count_all(connection, measure(connection, START)))
    known = before["ROWS_VALID|land|parcels|Parcel|||||"][1]
    assert known
    assert moved.pop("ROWS_VALID|land|parcels|Parcel|||||") == (1 - 3, 1)
    assert moved.pop("ROWS_VALID|land|||||||") == (1 - 3, 1)
    assert moved.pop("RULE_KEPT|land|parcels|Parcel|area||||trial_one") == (known + 1 - 1, known + 1)
    assert moved.pop("RULE_KEPT|land|parcels|Parcel|area||||trial_two") == (known + 1 - 3, known + 1)
    # Rules that rows of the demonstration broke before are held against one row more.
    assert all(series.startswith("RULE_KEPT|land|parcels|Parcel|") and step == (1, 1) for series, step in moved.items())


def test_a_copy_that_is_spelled_otherwise_is_one_disagreement(connection: Connection[Any], province_url: str) -> None:
    before = count_all(connection, measure(connection, START))
    changed = connection.execute(
        "update data.tax_obligation set debtor_name = hub.name_key(debtor_name) where id = (select o.id"
        " from data.tax_obligation o join link.tax_obligation_debtor l on l.record_id = o.id and l.status = 'CONFIRMED'"
        " join data.citizen c on c.id = l.found_id and c.full_name = o.debtor_name and c.full_name <> c.full_name_key"
        " order by o.id limit 1) returning id"
    ).fetchone()
    assert changed is not None
    engine = make_engine(province_url)
    run_linking(engine, ["TaxObligation.debtor"])
    engine.dispose()
    moved = find_moved(before, count_all(connection, measure(connection, START)))
    assert moved == {
        "AGREEMENT|finance|obligations|TaxObligation|debtor_name||||": (-1, 0),
        "AGREEMENT|finance|obligations|TaxObligation|||||": (-1, 0),
        "AGREEMENT|finance|||||||": (-1, 0),
    }


def test_a_change_that_comes_later_than_promised_is_one_of_those_since_the_first_read(
    connection: Connection[Any],
) -> None:
    before = count_all(connection, measure(connection, START))
    connection.execute("alter table data.land_use_right disable trigger user")
    # Land promises 30 hours: one change comes in time, one at the last second, two later, and one was made before the hub first read.
    changed = connection.execute(
        "with first as (select min(started_at) as at from hub.run where connector = 'land' and status = 'SUCCEEDED'),"
        " chosen as (select id, row_number() over (order by id) as place from data.land_use_right order by id limit 5)"
        " update data.land_use_right r set changed_at_source = f.at + c.after, sys_from = f.at + c.after + c.later from first f"
        " cross join lateral (select place, (array[interval '1 s', '1 s', '1 s', '1 s', '-1 s'])[place] as after,"
        " (array[interval '1 h', '30 h', '30 h 1 s', '90 h', '1 h'])[place] as later, id from chosen) c where r.id = c.id"
    ).rowcount
    assert changed == 5
    after = count_all(connection, measure(connection, START + timedelta(days=5)))
    moved = find_moved(before, after)
    assert {series: step for series, step in moved.items() if series.startswith("CHANGED_IN_TIME")} == {
        "CHANGED_IN_TIME|land|rights|LandUseRight|||||": (2, 4),
        "CHANGED_IN_TIME|land|||||||": (2, 4),
    }
    # They are forgotten after 30 days.
    later = count_all(connection, measure(connection, START + timedelta(days=60)))
    assert not any(series.startswith("CHANGED_IN_TIME") for series in later)


def test_an_answer_that_says_wrong_lowers_precision_and_its_interval(connection: Connection[Any]) -> None:
    def read_precision() -> dict[str, QualityMeasure]:
        found = read_all(connection, measure(connection, START), metric=("LINK_PRECISION",))
        return {f"{one.of.entity}.{one.of.field}": one for one in found}

    fill_sample(connection, most=200)
    asked = connection.execute(
        "select s.id, s.found_id, s.method from link.sample s where s.field = 'TaxObligation.debtor' and s.band <> 'IN_REVIEW'"
        " order by s.band, s.id"
    ).fetchall()
    # Its links are also of a rule that weighs, whose samples count though there is no trained model.
    assert "business_likeness" in {method for *_, method in asked}
    before = read_precision()
    for place, (sample, found, _) in enumerate(asked[:-1]):
        choice: Choice = "unsure" if place == 0 else found
        keep_sample_answer(connection, Answer(sample, choice, "an", "giấy tờ gốc"), target=0.0)
    right = read_precision()
    assert right.keys() - before.keys() == {"TaxObligation.debtor"}
    held = right["TaxObligation.debtor"]
    assert (held.numerator, held.denominator, held.of.source) == (len(asked) - 2, len(asked) - 2, "finance")
    keep_sample_answer(connection, Answer(asked[-1][0], "none", "an", "giấy tờ gốc"), target=0.0)
    (lower,) = (one for name, one in read_precision().items() if name == "TaxObligation.debtor")
    assert (lower.numerator, lower.denominator) == (len(asked) - 2, len(asked) - 1)
    assert None not in (held.low, held.high, lower.low, lower.high)
    assert lower.low < held.low  # type: ignore[operator]  # both are known
    assert lower.high < held.high == 1  # type: ignore[operator]


def keep_prefill(connection: Connection[Any], dossier: int, statuses: Mapping[str, str]) -> None:
    """A snapshot of a dossier, with one answer of each requirement."""
    outcomes = [
        {"requirement": code, "role": None, "status": status, "reasons": []} for code, status in statuses.items()
    ]
    connection.execute(
        "insert into hub.prefill_snapshot (dossier_id, procedure, procedure_version, declaration, roles, paths, outcomes, digest, at,"
        " hub_version, occasion, kept_by, keep_days) values (%s, 'trial-transfer', '1', '-', '{}', '{}', %s, '', now(), '1',"
        " 'REQUEST', 'an', 30)",
        (dossier, json.dumps(outcomes)),
    )


def test_an_answer_that_is_not_held_any_more_moves_its_procedure_and_few_dossiers_tell_nothing(
    connection: Connection[Any],
) -> None:
    dossiers = [
        number
        for (number,) in connection.execute(
            "insert into hub.dossier (code, purpose, purpose_version, office, opened_by, opened_via, expires_at)"
            " select 'H49.12-251118-' || (7000 + n), 'trial-transfer', '-', '-', '-', 'PAGE', now() from generate_series(1, 20) n"
            " returning id"
        ).fetchall()
    ]
    before = count_all(connection, measure(connection, START))
    # One dossier with ten answers of one requirement is one family.
    for dossier in dossiers[:9]:
        keep_prefill(connection, dossier, {f"R{place}": "HELD" for place in range(12)})
    assert find_moved(before, count_all(connection, measure(connection, START))) == {}
    for dossier in dossiers[9:]:
        keep_prefill(connection, dossier, {"R0": "HELD", "R1": "NOT_APPLICABLE"})
    held = count_all(connection, measure(connection, START))
    assert find_moved(before, held) == {
        "REQUIREMENTS_HELD||||||trial-transfer|R0|": (20, 20),
        "REQUIREMENTS_HELD||||||trial-transfer||": (110, 110),  # 119 answers, of tens
    }
    # The newest snapshot of a dossier counts, and an older one no more.
    for dossier in dossiers[10:]:
        keep_prefill(connection, dossier, {"R0": "ABSENT", "R1": "NOT_APPLICABLE"})
    assert find_moved(held, count_all(connection, measure(connection, START))) == {
        "REQUIREMENTS_HELD||||||trial-transfer|R0|": (-10, 0),
        "REQUIREMENTS_HELD||||||trial-transfer||": (-10, 0),
    }


def test_a_source_that_is_read_no_more_grows_old_beside_those_that_are(connection: Connection[Any]) -> None:
    def read_ages(at: datetime) -> dict[str | None, QualityMeasure]:
        ages = read_all(connection, measure(connection, at), metric=("SWEEP_AGE",))
        return {one.of.source: one for one in ages if one.of.stream is None}

    before = read_ages(START)
    assert {one.denominator for name, one in before.items() if name != "place"} == {30 * 3600}
    assert not any(one.is_late for one in before.values())
    later = START + timedelta(hours=40)
    connection.execute("update hub.stream set as_of = %s where connector <> 'business'", (later - timedelta(hours=1),))
    after = read_ages(later)
    old, new = before["business"], after["business"]
    assert old.numerator is not None
    assert new == replace(old, numerator=old.numerator + 40 * 3600)
    assert {name for name, one in after.items() if one.is_late} == {"business"}
    assert after["land"].numerator == 3600


def test_a_renamed_column_is_one_column_of_its_stream(connection: Connection[Any]) -> None:
    before = count_all(connection, measure(connection, START))
    connection.execute(
        'insert into hub.drift (stream_id, run_id, kind, "column", detail, grade, entities, procedures)'
        " select s.id, max(r.id), k, c, '-', 'WARNING', '{}', '[]' from hub.stream s join hub.run r on r.connector = s.connector"
        " cross join (values ('REMOVED', 'gone'), ('RETYPED', 'gone')) x (k, c) where s.name = 'parcels' group by s.id, k, c"
    )
    after = count_all(connection, measure(connection, START))
    # Two findings of one column that is gone: it was no column that is still there.
    assert find_moved(before, after) == {
        "COLUMNS_AS_DECLARED|land|parcels||||||": (0, 1),
        "COLUMNS_AS_DECLARED|land|||||||": (0, 1),
    }


def test_what_is_planted_in_a_commune_moves_its_measures_by_tens_and_those_of_no_other(
    connection: Connection[Any],
) -> None:
    # A thousand people in a hundred communes are small cells only: every other one moves to the same commune.
    (unit,) = connection.execute("select min(residence_unit_code) from data.citizen").fetchone() or ("",)
    connection.execute("alter table data.citizen disable trigger user")
    connection.execute(
        "update data.citizen set residence_unit_code = %s, changed_at_source = null where id %% 2 = 0", (unit,)
    )
    before = count_all(connection, measure(connection, START))
    # 20 of its people are rejected, 30 changed lately, of whom 10 came late; elsewhere one is rejected.
    stream, run = connection.execute(
        "select s.id, max(r.id) from hub.stream s join hub.run r on r.connector = s.connector where s.name = 'citizens' group by 1"
    ).fetchone() or (0, 0)
    connection.execute(
        "insert into hub.quarantine (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash,"
        " connector_version) select %s, %s, 'Citizen', source_key, 'sex', 'trial', '-', '{}', source_key, '1'"
        " from (select source_key, row_number() over (partition by residence_unit_code = %s order by id) as place,"
        " residence_unit_code = %s as inside from data.citizen) c where place <= case when inside then 20 else 1 end",
        (stream, run, unit, unit),
    )
    connection.execute(
        "update data.citizen c set changed_at_source = f.at, sys_from = f.at + make_interval(hours => case when place > 20 then 31 else 1 end)"
        " from (select min(started_at) as at from hub.run where connector = 'population' and status = 'SUCCEEDED') f,"
        " (select id, row_number() over (order by id) as place from data.citizen where residence_unit_code = %s order by id limit 30) p"
        " where p.id = c.id",
        (unit,),
    )
    moved = find_moved(before, count_all(connection, measure(connection, START)))
    assert {series: step for series, step in moved.items() if unit in series} == {
        f"ROWS_VALID|population|citizens|Citizen||{unit}|||": (-20, 0),
        f"ROWS_VALID|||||{unit}|||": (-20, 0),
        f"CHANGED_IN_TIME|population|citizens|Citizen||{unit}|||": (20, 30),
        f"CHANGED_IN_TIME|||||{unit}|||": (20, 30),
    }


def test_a_copy_that_differs_counts_in_the_commune_of_its_person(connection: Connection[Any]) -> None:
    (unit,) = connection.execute("select min(residence_unit_code) from data.citizen").fetchone() or ("",)
    connection.execute("update data.citizen set residence_unit_code = %s where id %% 2 = 0", (unit,))
    before = count_all(connection, measure(connection, START))
    copies = (
        "from link.marital_status_person l join data.marital_status m on m.id = l.record_id and m.person_name is not null"
        " join data.citizen c on c.id = l.found_id and c.residence_unit_code = %s and l.status <> 'UNCONFIRMED'"
        " left join link.discrepancy d on d.record_id = m.id and d.record_field = 'person_name' and d.sys_to is null"
    )
    compared, differing = connection.execute(f"select count(*), count(d.id) {copies}".encode(), (unit,)).fetchone() or (
        0,
        0,
    )
    series = f"AGREEMENT|population|marital_statuses|MaritalStatus|person_name|{unit}|||"
    assert before[series] == ((compared - differing) // 10 * 10, compared // 10 * 10)
    planted = connection.execute(
        "insert into link.discrepancy (field, record_entity, record_id, record_field, recorded, subject_kind, subject_id, found_id,"
        " subject_field, held, kind, sector, stream_id, source_key, sys_from) select 'MaritalStatus.person', 'MaritalStatus', m.id,"
        " 'person_name', 'A', 'Citizen', c.id, c.id, 'full_name', 'B', 'DIFFERS', 'citizen', m.stream_id, m.source_key, now()"
        f" {copies} where d.id is null order by m.id limit 10".encode(),
        (unit,),
    ).rowcount
    assert planted == 10
    moved = find_moved(before, count_all(connection, measure(connection, START)))
    assert moved.pop("AGREEMENT|population|marital_statuses|MaritalStatus|person_name||||") == (-10, 0)
    assert moved.pop("AGREEMENT|population|marital_statuses|MaritalStatus|||||") == (-10, 0)
    assert moved.pop("AGREEMENT|population|||||||") == (-10, 0)
    assert moved == {
        series: (-10, 0),
        f"AGREEMENT|population|marital_statuses|MaritalStatus||{unit}|||": (-10, 0),
        f"AGREEMENT|||||{unit}|||": (-10, 0),
    }


def test_small_cells_are_never_kept_and_counts_by_unit_are_of_tens(connection: Connection[Any]) -> None:
    snapshot = measure(connection, START)
    step = snapshot.smallest_cell
    cells = read_all(connection, snapshot, by_unit=True)
    assert "Citizen" in {one.of.entity for one in cells}
    by_field = [one for one in cells if one.of.field is not None]
    assert all(one.numerator % step == 0 == one.denominator % step and one.denominator >= step for one in by_field if one.numerator is not None and one.denominator)  # fmt: skip
    kept = {one.of.unit for one in by_field if one.of.entity == "Citizen"}
    sizes = connection.execute(
        "select residence_unit_code, count(*) from data.citizen where residence_unit_code is not null group by 1"
    ).fetchall()
    assert kept == {unit for unit, people in sizes if people >= step}
    assert len(kept) < len(sizes), "no commune is too small for this test to show anything"


def test_a_day_has_one_snapshot_and_old_days_are_forgotten(connection: Connection[Any]) -> None:
    connection.execute("truncate hub.quality_snapshot cascade")
    for hours in (-24 * (KEEP_DAYS + 2), -24, -23, 0):
        # Midnight of UTC must not lie between the two of one day.
        snapshot = measure(connection, START.replace(hour=12) + timedelta(hours=hours))
    days = [at for (at,) in connection.execute("select measured_at from hub.quality_snapshot order by 1").fetchall()]
    noon = START.replace(hour=12)
    assert days == [noon - timedelta(hours=23), noon]
    assert find_newest_snapshot(connection) == snapshot
    series = "FILLED|population|citizens|Citizen|||||"
    assert [point.measured_at for point in read_trends(connection, [series], 30)[series]] == days
    assert connection.execute(
        "select count(distinct snapshot_id) from hub.quality_measure where unit is not null and entity is not null"
    ).fetchone() == (1,)


def test_the_command_measures_and_shows_numerator_and_denominator(
    province_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect_for_run(province_url) as connection:
        connection.execute("truncate hub.quality_snapshot cascade")
    monkeypatch.setenv("HUB_DATABASE_URL", province_url)
    shown = ["quality", "show", "--source", "land", "--metric", "FILLED"]
    printed = []
    unknown = ["quality", "show", "--field", "nothing"]
    for command in (["quality", "measure"], shown, [*shown, "--lang", "en"], [*shown, "--json"], unknown):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(command)
        assert not left.value.code
        printed.append(capsys.readouterr().out)
    field = load_registry()["LandUseRight"].find_label("share")
    assert field is not None
    # Words of one cell may stand in two lines.
    assert all(word in printed[1].lower() for word in field.vi.lower().split())
    assert field.en.split()[0].lower() in printed[2].lower()
    assert not any("LandUseRight" in table or "issued_on" in table for table in printed[1:3])
    told = json.loads(printed[3])
    assert {one["source"] for one in told["measures"]} == {"land"}
    assert "no such figure" in printed[4]
    assert {one["dimension"] for one in told["measures"]} == {"SUFFICIENT"}
    assert all(0 <= one["numerator"] <= one["denominator"] for one in told["measures"])
