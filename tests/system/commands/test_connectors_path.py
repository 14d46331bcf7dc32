"""Connectors of other folders as a person meets them: they run, and a broken one beside them is named."""

import json
import sqlite3
from pathlib import Path

from tests.system.commands.test_cli import hub
from tests.unit.ingest.test_discover import MANIFEST


def test_a_broken_connector_is_named_and_the_others_run(tmp_path: Path, database_url: str) -> None:
    for name, text in (("trial", MANIFEST.format(name="trial", entity="Citizen")), ("torn", 'name = "torn"\n')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.toml").write_text(text, encoding="utf-8")
    (tmp_path / "source.db").touch()

    with sqlite3.connect(tmp_path / "source.db") as source:
        source.execute("create table nguoi (id, so, ten)")
        source.execute("insert into nguoi values (1, '022085001234', 'Lê Văn An')")
    given = {"HUB_CONNECTORS_PATH": str(tmp_path), "TRIAL_URL": f"sqlite:///{tmp_path}/source.db"}
    done = hub("sync", "trial", "--json", url=database_url, **given)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["counts"][0]["added"] == 1
    assert "torn is left out" in done.stderr
    refused = hub("sync", "torn", url=database_url, **given)
    assert refused.returncode == 69
    assert "torn/manifest.toml:1: title: is missing" in refused.stderr
    findings = {f["what"]: f for f in json.loads(hub("doctor", "--json", url=database_url, **given).stdout)}
    assert findings["connector trial"]["holds"]
    assert "torn/manifest.toml:1" in findings["connector torn"]["found"]


def test_connectors_are_listed_and_a_broken_one_is_checked_by_line(tmp_path: Path) -> None:
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "manifest.toml").write_text('name = "torn"\nversion = 1\n', encoding="utf-8")
    given = {"HUB_CONNECTORS_PATH": str(tmp_path)}
    listed = {one["connector"]: one for one in json.loads(hub("connector", "list", "--json", **given).stdout)}
    assert listed["land"]["unset"] == ["LAND_API_URL", "LAND_CLIENT_ID", "LAND_CLIENT_SECRET"]
    assert "is missing" in listed["torn"]["broken"]
    done = hub("connector", "check", "torn", **given)
    assert done.returncode == 78
    assert "torn/manifest.toml:2: version: must be text in quotes" in done.stderr.replace("\n", "")
    unknown = hub("connector", "preview", "nobody", **given)
    assert unknown.returncode == 78
    assert "there is no connector nobody" in unknown.stderr
    shown = json.loads(
        hub("connector", "preview", "land", "rights", "--samples", "--rows", "2", "--json", **given).stdout
    )
    assert [(one["read"], len(one["records"]), one["drift"]) for one in shown] == [(2, 2, [])]
