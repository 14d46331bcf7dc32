"""Quarantine from end to end: seen without values, corrected, patched, tried again, dismissed; corrections in every way of reading."""

import json
import tomllib
from typing import Any

import pytest
from alembic import command

from hub.cli.terminal import OUT
from hub.ingest.run import connector_run as ingest
from hub.ingest.write.source_rows import SourceRows
from hub.sdk.manifest import Manifest, parse_manifest
from hub.store import migrate as migrations
from hub.store.engine import connect_for_run, store_url
from hub.store.revision import newest_revision
from tests.system.trial import Command, Trial, manifest, person

SECRET = "Trần Thị Bí Mật"
DATE = "birth_date must be a date such as 31/12/2024 or 2024; it is 4 digits, dot, 2 digits, dot, 2 digits"
TWELVE = "personal_id must be 12 digits, such as 022085001234; it is "
LATER = "2026-02-01T00:00:00+07:00"


def states(trial: Trial) -> list[tuple[Any, ...]]:
    return trial.rows("select rule, resolution from hub.quarantine order by id")


def names(trial: Trial) -> list[tuple[Any, ...]]:
    return trial.rows("select source_key, full_name, personal_id from data.citizen order by source_key")


def reject_one(trial: Trial, **cells: str) -> None:
    """One good row, and one whose personal identifier is no such thing."""
    trial.write(person(1), person(2, SECRET, so="12", **cells))
    trial.sync()


def test_a_correction_goes_in_at_once_and_binds_as_long_as_the_row_stays(trial: Trial, cli: Command) -> None:
    reject_one(trial)
    cli("quarantine", "fix", "1", "--set", "so=000000000002", "--note", "thẻ", "--by", "An")
    fixed = [("1", "Lê Văn An", "000000000001"), ("2", SECRET, "000000000002")]
    assert names(trial) == fixed
    assert states(trial) == [("pattern", "CORRECTED")]
    assert trial.rows("select mode, status, counts->0->'added' from hub.run order by id desc limit 1") == [
        ("REPLAY", "SUCCEEDED", 1)
    ]
    assert trial.rows("select changes, note, made_by from hub.correction") == [({"so": "000000000002"}, "thẻ", "An")]
    before = trial.rows("select id, sys_from from data.citizen order by id")
    for full in (False, True):
        count = trial.sync(full=full).counts[0]
        assert (count.quarantined, count.added, count.changed, count.deleted) == (0, 0, 0, 0)
    assert trial.rows("select id, sys_from from data.citizen order by id") == before
    assert states(trial) == [("pattern", "CORRECTED")]
    trial.write(person(1), person(2, "Trần Thị Sen", so="000000000022"))
    trial.sync()
    assert names(trial) == [fixed[0], ("2", "Trần Thị Sen", "000000000022")]
    trial.write(person(1), person(2, "Trần Thị Sen", so="13"))
    assert trial.sync().counts[0].quarantined == 1


def test_a_correction_binds_a_first_load(trial: Trial, cli: Command) -> None:
    reject_one(trial)
    cli("quarantine", "fix", "1", "--set", "so=000000000002")
    with trial.engine.begin() as connection:
        connection.exec_driver_sql("truncate data.citizen")
    count = trial.sync().counts[0]
    assert (count.added, count.quarantined) == (2, 0)
    assert len(names(trial)) == 2


def test_a_correction_binds_reads_of_changes(trial: Trial, cli: Command) -> None:
    trial.changes(person(1, so="12"))
    cli("quarantine", "fix", "1", "--set", "so=000000000001")
    count = trial.changes(person(1, so="12")).counts[0]
    assert (count.quarantined, count.unchanged) == (0, 1)
    assert trial.changes(person(1, so="13", luc=LATER)).counts[0].quarantined == 1
    assert states(trial) == [("pattern", "CORRECTED"), ("pattern", None)]
    trial.changes(person(1, so="000000000005", luc=LATER))
    assert states(trial) == [("pattern", "CORRECTED"), ("pattern", "MENDED")]
    assert names(trial) == [("1", "Lê Văn An", "000000000005")]


def firms() -> Manifest:
    """A connector of firms, each with a list of people."""
    label = {"vi": "Thử", "en": "Test"}
    fields = {
        "business_registration_number": "ma",
        "person_name": "nguoi.ten",
        "role": "nguoi.vai",
        "person_kind": {"constant": "PERSON"},
    }
    stream = {
        "files": "*.jsonl",
        "format": "jsonl",
        "key": ["ma"],
        "emits": {"BusinessRole": {"explode": "nguoi", "fields": fields}},
    }
    facts = {"title": label, "sector": "business", "owner": "-", "legal_basis": "-", "version": "1", "freshness": "-"}
    source = {"kind": "files", "folder": {"env": "TRIAL_FOLDER"}}
    return parse_manifest({"name": "trial", "source": source, "streams": {"firms": stream}, **facts})


def test_a_correction_binds_an_item_of_an_unfolded_list(trial: Trial, cli: Command) -> None:
    declared = firms()
    trial.patch.setattr(ingest, "load_manifests", lambda: {"trial": declared})
    roles = [{"ten": "Lê Văn An", "vai": "OWNER"}, {"ten": SECRET, "vai": "BOSS"}]
    (trial.folder / "a.jsonl").write_text(json.dumps({"ma": "2200000001", "nguoi": roles}) + "\n", encoding="utf-8")
    (report,) = ingest.sync_connectors(trial.engine)
    assert report.counts[0].quarantined == 1, report
    (known,) = trial.rows("select role from data.business_role")
    cli("quarantine", "fix", "1", "--set", f"nguoi.vai={known[0]}")
    (report,) = ingest.sync_connectors(trial.engine)
    assert (report.counts[0].quarantined, report.counts[0].deleted, report.counts[0].unchanged) == (0, 0, 2)
    found = trial.rows("select split_part(source_key, '|', 1), person_name from data.business_role order by 2")
    assert found == [("2200000001", "Lê Văn An"), ("2200000001", SECRET)]


def test_a_correction_that_is_not_enough_leaves_nothing_but_a_message(trial: Trial, cli: Command) -> None:
    reject_one(trial)
    runs = trial.rows("select count(*) from hub.run")
    words = cli("quarantine", "fix", "1", "--set", "so=77", fails=65)
    assert "personal_id must be 12 digits" in words
    assert "77" not in words
    assert "nowhere" in cli("quarantine", "fix", "1", "--set", "nowhere=1", fails=64)
    assert "column=value" in cli("quarantine", "fix", "1", "--set", "so", fails=64)
    assert "changes nothing" in cli("quarantine", "fix", "1", fails=64)
    assert trial.rows("select count(*) from hub.correction") == [(0,)]
    assert trial.rows("select count(*) from hub.run") == runs
    assert states(trial) == [("pattern", None)]
    assert len(names(trial)) == 1
    # A key that another row has is said, too, and nothing of it stays.
    assert "occurs on another row" in cli("quarantine", "fix", "1", "--set", "so=000000000001", fails=65)
    assert trial.rows("select count(*) from hub.correction") == [(0,)]


def test_a_correction_that_is_enough_no_more_waits_as_the_source_sends_it(trial: Trial, cli: Command) -> None:
    trial.write(person(1, so="12"))
    trial.sync()
    cli("quarantine", "fix", "1", "--set", "so=000000000001")
    fields = {"personal_id": "so", "full_name": "ten", "birth_date": "them"}
    assert trial.sync(emits={"Citizen": {"fields": fields}}).counts[0].quarantined == 1
    (waits,) = trial.rows("select id, field, payload->>'so' from hub.quarantine where resolved_at is null")
    assert waits[1:] == ("birth_date", "12")
    cli("quarantine", "fix", str(waits[0]), "--set", "them=1980")
    assert trial.rows("select changes from hub.correction") == [({"so": "000000000001", "them": "1980"},)]


def test_a_correction_may_take_a_value_away_and_a_second_one_adds_to_it(trial: Trial, cli: Command) -> None:
    trial.write(person(1, sinh="32/13/1980"))
    trial.sync()
    cli("quarantine", "fix", "1", "--null", "sinh")
    assert trial.rows("select birth_date from data.citizen") == [(None,)]
    assert "is already resolved" in cli("quarantine", "fix", "1", "--set", "ten=x", fails=64)


def test_rows_go_in_when_the_manifest_is_corrected_and_the_others_say_why_today(trial: Trial, cli: Command) -> None:
    trial.write(person(1, sinh="1980.05.01"), person(2, so="12", sinh="1980.05.01"), person(3, so="13"))
    trial.sync()
    fields = manifest("X").streams["people"].emits["Citizen"].model_dump(mode="json", exclude_unset=True)["fields"]
    fields["birth_date"]["formats"] = ["%Y.%m.%d", "%Y"]
    declared = manifest("TRIAL_FOLDER", emits={"Citizen": {"fields": fields}})
    trial.patch.setattr(ingest, "load_manifests", lambda: {"trial": declared})
    (done,) = json.loads(cli("quarantine", "replay", "trial", "--json"))
    assert (done["accepted"], done["rejected"], done["duplicates"]) == (1, 2, 0)
    assert trial.rows("select source_key, birth_date from data.citizen") == [("1", "1980-05-01")]
    waits = trial.rows("select source_key, reason, resolution from hub.quarantine order by source_key")
    assert waits == [
        ("1", DATE, "MENDED"),
        ("2", f"{TWELVE}2 digits", None),
        ("3", f"{TWELVE}2 digits", None),
    ]
    (done,) = json.loads(cli("quarantine", "replay", "3", "--json"))
    assert (done["accepted"], done["rejected"]) == (0, 1)
    assert json.loads(cli("quarantine", "replay", "trial", "--rule", "unit", "--json")) == []


def test_a_patch_is_printed_and_mends_what_waits(trial: Trial, cli: Command) -> None:
    reject_one(trial, xa="9'\\\\9")
    toml = tomllib.loads(cli("quarantine", "patch", "1", "--column", "so", "--to", "000000000002", "--where", "xa"))
    (patch,) = toml["streams"]["people"]["patches"]
    assert (patch["value"], patch["to"], patch["where"]) == (
        "12",
        "000000000002",
        {"column": "xa", "values": ["9'\\\\9"]},
    )
    (other,) = tomllib.loads(cli("quarantine", "patch", "1", "--column", "xa", "--to", "06820"))["streams"]["people"][
        "patches"
    ]
    assert "no value in column x" in cli("quarantine", "patch", "1", "--column", "x", fails=64)
    declared = manifest("TRIAL_FOLDER", patches=[patch, other])
    trial.patch.setattr(ingest, "load_manifests", lambda: {"trial": declared})
    cli("quarantine", "replay")
    assert states(trial) == [("pattern", "MENDED")]
    assert len(names(trial)) == 2
    count = trial.sync(patches=[patch, other]).counts[0]
    assert (count.quarantined, count.deleted, count.changed) == (0, 0, 0)


def test_duplicates_are_not_tried_and_it_is_said(trial: Trial, cli: Command) -> None:
    trial.write(person(1, so="000000000009"), person(2, so="000000000009"))
    trial.sync()
    (done,) = json.loads(cli("quarantine", "replay", "--json"))
    assert (done["accepted"], done["rejected"], done["duplicates"]) == (0, 0, 1)
    assert "correct it at the source" in cli("quarantine", "fix", "1", "--set", "ten=x", fails=64)
    assert states(trial) == [("duplicate_key", None)]


def test_a_dismissed_row_waits_no_more_until_it_changes(trial: Trial, cli: Command) -> None:
    reject_one(trial)
    cli("quarantine", "dismiss", "1", "--note", "người đã chuyển đi")
    for _ in range(2):
        assert trial.sync().counts[0].quarantined == 1
    assert states(trial) == [("pattern", "DISMISSED")]
    assert trial.rows("select note from hub.correction") == [("người đã chuyển đi",)]
    cli("quarantine", "reopen", "1")
    trial.sync()
    assert states(trial) == [("pattern", None)]
    cli("quarantine", "dismiss", "1", "--note", "chuyển")
    trial.write(person(1), person(2, SECRET, so="14"))
    trial.sync()
    assert states(trial) == [("pattern", "DISMISSED"), ("pattern", None)]


def test_lists_and_counts_have_no_values_and_show_has(
    trial: Trial, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OUT, "width", 400)
    reject_one(trial, xa="[/x]")
    told = (
        cli("quarantine", "list")
        + cli("quarantine", "list", "trial", "--all", "--rule", "pattern", "--entity", "Citizen", "--json")
        + cli("quarantine", "counts")
        + cli("quarantine", "counts", "--json")
        + cli("quarantine", "replay")
    )
    assert "Bí Mật" not in told
    assert "personal_id must be 12 digits" in told
    english = " ".join(cli("quarantine", "list", "--lang", "en").split())
    assert ("Not of the form" in english, "personal identifier" in english) == (True, True)
    for table in (cli("quarantine", "list"), cli("quarantine", "counts")):
        words = " ".join(table.split())
        assert ("Không đúng dạng" in words, "(pattern)" in words, "số định danh" in words) == (True, True, True)
    assert json.loads(cli("quarantine", "list", "--rule", "unit", "--json")) == []
    (number,) = json.loads(cli("quarantine", "counts", "--json"))
    assert (number["rule"], number["field"], number["rows"]) == ("pattern", "personal_id", 1)
    assert SECRET in cli("quarantine", "show", "1")
    assert json.loads(cli("quarantine", "show", "1", "--json"))["payload"]["xa"] == "[/x]"
    assert "no quarantined row 9" in cli("quarantine", "show", "9", fails=64)


def test_a_key_that_is_personal_is_shown_by_its_end(trial: Trial, cli: Command) -> None:
    trial.write(person(1, so="012345678", sinh="x"))
    trial.sync(key=["so"])
    (row,) = json.loads(cli("quarantine", "list", "--json"))
    assert row["source_key"] == "…678"


def test_a_stream_that_is_being_written_is_waited_for(trial: Trial, cli: Command) -> None:
    reject_one(trial)
    trial.patch.setattr("hub.ingest.quarantine.replay.LOCK_WAIT_S", 0.2)
    with connect_for_run(store_url(trial.engine)) as other, other.transaction():
        other.execute("select from hub.stream for no key update")
        assert "another run of this stream is in progress" in cli(
            "quarantine", "fix", "1", "--set", "so=000000000002", fails=64
        )
        (done,) = json.loads(cli("quarantine", "replay", "--json"))
    assert "another run of this stream is in progress" in done["problem"]
    assert states(trial) == [("pattern", None)]


def test_an_older_version_does_not_overwrite_the_store(trial: Trial, cli: Command) -> None:
    trial.changes(person(1, "Lê Văn Cũ", so="12"))
    trial.changes(person(2))
    with trial.engine.begin() as connection:
        connection.exec_driver_sql("update data.citizen set source_key = '1', changed_at_source = '2026-03-01'")
    assert "newer version" in cli("quarantine", "fix", "1", "--set", "so=000000000002")
    assert [name for _, name, _ in names(trial)] == ["Lê Văn An"]


def test_a_row_that_the_source_deletes_waits_no_more(trial: Trial) -> None:
    marked = {"tombstone": {"column": "them", "values": ["D"]}, "deletes": "tombstone"}
    trial.changes(person(1, so="12"), **marked)
    assert states(trial) == [("pattern", None)]
    trial.changes(person(1, so="12").removesuffix("-") + "D", **marked)
    assert states(trial) == [("pattern", "MENDED")]


TWICE = "000000000099"


def test_a_row_whose_key_another_has_waits_once_however_often_it_is_read(trial: Trial, cli: Command) -> None:
    twins = (person(2, so=TWICE), person(3, so=TWICE), person(4), person(4, "Trần Thị Sen"), person(5, so="12"))
    trial.write(*twins)
    trial.sync()
    first = trial.rows("select id, payload, payload_hash, first_seen from hub.quarantine order by id")
    # As it was read, in a first load, too.
    assert sorted((row[1]["id"], row[1]["ten"], row[1]["so"], row[1]["them"]) for row in first)[0][2:] == (TWICE, "-")
    assert all(set(row[1]) == {"id", "so", "ten", "sinh", "xa", "luc", "them"} for row in first)
    cli("quarantine", "dismiss", "1", "--note", "biết rồi")
    # Rows before, after and between them; then a store that is filled anew.
    for number, others in enumerate(([], [person(8)], [person(7), person(9)], [person(9)])):
        trial.write(*others, *twins[:2], person(10 + number), *twins[2:])
        if number == 3:
            with trial.engine.begin() as connection:
                connection.exec_driver_sql("truncate data.citizen")
        trial.sync(full=True, accept_deletes=True)
    assert trial.rows("select id, payload, payload_hash, first_seen from hub.quarantine order by id") == first
    assert [resolution for _, resolution in states(trial)].count("MENDED") == 0
    assert trial.rows("select count(*) from hub.quarantine where resolution = 'DISMISSED'") == [(1,)]
    trial.write(*twins[1:3])
    trial.sync(full=True, accept_deletes=True)
    assert trial.rows("select count(*) from hub.quarantine where resolved_at is null") == [(0,)]


def test_of_two_rows_of_one_key_the_one_that_stands_stays_whichever_comes_first(trial: Trial) -> None:
    """Rows of several kinds of record are not known by digest, so that both of them come again."""
    twins = (person(4), person(4, "Trần Thị Sen"))
    emits = manifest("X").streams["people"].emits["Citizen"].model_dump(mode="json", exclude_unset=True)
    chosen = {"emits": {"Citizen": {**emits, "when": {"column": "them", "values": ["-"]}}}}
    trial.write(*twins)
    trial.sync(**chosen)
    stands, waits = names(trial), trial.rows("select id, payload_hash, first_seen from hub.quarantine")
    for _ in range(2):
        trial.write(*reversed(twins))
        assert trial.sync(**chosen).counts[0].changed == 0
        trial.write(*twins)
        trial.sync(**chosen)
    assert names(trial) == stands
    assert trial.rows("select id, payload_hash, first_seen from hub.quarantine") == waits
    assert trial.rows("select payload->>'ten' from hub.quarantine") == [("Trần Thị Sen",)]
    assert states(trial) == [("duplicate_source_key", None)]


def test_a_change_of_one_row_says_nothing_of_another_that_has_its_key(trial: Trial) -> None:
    trial.write(person(4), person(4, "Trần Thị Sen"))
    trial.sync()
    trial.changes(person(4, luc=LATER))
    assert states(trial) == [("duplicate_source_key", None)]
    trial.write(person(4, luc=LATER))
    trial.sync(full=True)
    assert states(trial) == [("duplicate_source_key", "MENDED")]


def test_a_row_that_breaks_another_rule_by_a_new_mapping_is_the_same_row(trial: Trial) -> None:
    trial.write(person(1, so="12", sinh="x"))
    trial.sync()
    before = trial.rows("select id, first_seen from hub.quarantine")
    fields = {"personal_id": "id", "full_name": "ten", "birth_date": {"column": "sinh", "formats": ["%Y"]}}
    trial.sync(emits={"Citizen": {"fields": fields}}, full=True)
    trial.sync(emits={"Citizen": {"fields": {**fields, "personal_id": "them", "birth_date": "id"}}}, full=True)
    assert trial.rows("select id, first_seen from hub.quarantine") == before


def test_a_row_that_came_otherwise_and_is_still_rejected_is_superseded_in_whole_reads_too(trial: Trial) -> None:
    trial.write(person(1), person(2, so="12"))
    trial.sync()
    trial.write(person(1), person(2, so="13"))
    trial.sync()
    assert states(trial) == [("pattern", "SUPERSEDED"), ("pattern", None)]


def write_firm(trial: Trial, *roles: tuple[str, str], seat: str = "1") -> None:
    people = [{"ten": name, "vai": role} for name, role in roles]
    (trial.folder / "a.jsonl").write_text(
        json.dumps({"ma": "2200000001", "tru_so": seat, "nguoi": people}) + "\n", encoding="utf-8"
    )


def test_an_item_of_a_list_is_known_by_what_it_says_not_by_what_stands_around_it(trial: Trial, cli: Command) -> None:
    declared = firms()
    trial.patch.setattr(ingest, "load_manifests", lambda: {"trial": declared})
    an, sen, bad = ("Lê Văn An", "OWNER"), ("Trần Thị Sen", "OWNER"), (SECRET, "BOSS")
    write_firm(trial, an, bad, ("Ngô Đình Tư", "CHIEF"))
    ingest.sync_connectors(trial.engine)
    (number,) = trial.rows(f"select id from hub.quarantine where payload->>'nguoi.ten' = '{SECRET}'")
    cli("quarantine", "dismiss", str(number[0]), "--note", "chức danh lạ")
    # As it was known before: by the whole row, that of the firm included.
    with trial.engine.begin() as connection:
        connection.exec_driver_sql(
            "update hub.correction set payload_hash ="
            " (select md5(payload::text) from hub.quarantine where resolution = 'DISMISSED')"
        )
        connection.exec_driver_sql("update hub.quarantine set payload_hash = md5(payload::text)")
    before = trial.rows("select id, first_seen from hub.quarantine order by id")
    ingest.sync_connectors(trial.engine, full=True)
    write_firm(trial, sen, an, bad, ("Ngô Đình Tư", "CHIEF"), seat="2")
    ingest.sync_connectors(trial.engine)
    assert trial.rows("select id, first_seen from hub.quarantine order by id") == before
    assert sorted(map(str, states(trial))) == ["('code', 'DISMISSED')", "('code', None)"]
    assert cli("quarantine", "fix", "2" if number[0] == 1 else "1", "--set", "nguoi.vai=OWNER")
    write_firm(trial, sen, bad)
    ingest.sync_connectors(trial.engine)
    assert trial.rows("select resolution from hub.quarantine order by resolution") == [("CORRECTED",), ("DISMISSED",)]


def test_existing_rows_and_dismissals_are_known_by_content_after_the_migration(trial: Trial) -> None:
    twins = (person(2, so=TWICE), person(3, so=TWICE), person(4), person(4, "Trần Thị Sen"))
    trial.write(*twins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            SourceRows, "restore_payloads", lambda *_: None
        )  # what was kept was what the mapping made of a row
        trial.sync()
    wanted = trial.rows("select rule, payload, payload_hash from hub.quarantine order by rule")
    old = """
insert into hub.quarantine
    (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash, connector_version, first_seen, resolved_at, resolution)
select stream_id, run_id, entity, source_key, field, rule, reason, p, md5(p::text), '7', '2026-01-01', now(), {resolution}
from hub.quarantine, lateral (select payload || {more} as p) old where resolved_at is null order by id limit 2"""
    stored = """'{"id": 7, "stream_id": 1, "run_id": 1, "row_digest": 5, "first_seen": "x", "sys_from": "x", "full_name_key": "a"}'"""
    with trial.engine.begin() as connection:
        connection.exec_driver_sql(old.format(resolution="'MENDED'", more="""'{"n": 5, "row_digest": 4}'"""))
        connection.exec_driver_sql(old.format(resolution="'DISMISSED'", more=stored))
        connection.exec_driver_sql(
            "delete from hub.quarantine where resolved_at is not null and rule = 'duplicate_key' and resolution = 'DISMISSED'"
        )
        connection.exec_driver_sql(
            "insert into hub.correction (stream_id, entity, payload_hash, changes, note, made_by)"
            " select stream_id, entity, payload_hash, '{}', 'biết', 'An' from hub.quarantine where resolution = 'DISMISSED'"
        )
        connection.exec_driver_sql(
            """update hub.quarantine set payload = payload || '{"n": 3}', payload_hash = '' where resolved_at is null"""
        )
        # This migration alone: those after it have made what they make.
        own = "update hub.alembic_version set version_num = '{}' where version_num not like 'v%%'"
        connection.exec_driver_sql(own.format("0011"))
        command.upgrade(migrations.make_alembic_config(connection), "0012")
        connection.exec_driver_sql(own.format(newest_revision().split()[0]))
    open_or_dismissed = "from hub.quarantine where resolution is distinct from 'MENDED'"
    assert trial.rows(f"select distinct rule, payload, payload_hash {open_or_dismissed} order by rule") == wanted
    assert trial.rows("select rule, first_seen::date::text from hub.quarantine where resolved_at is null") == [
        ("duplicate_key", "2026-01-01")
    ]
    for _ in range(2):
        trial.sync(full=True)
    assert trial.rows("select rule from hub.quarantine where resolved_at is null") == [("duplicate_key",)]
    assert trial.rows("select count(*) from hub.quarantine") == [(5,)]
