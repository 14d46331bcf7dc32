"""Connectors of other folders as a person meets them: they run, and a broken one beside them is named."""

import json
import sqlite3
from pathlib import Path

from tests.system.test_cli import hub, migrated
from tests.unit.ingest.test_discover import MANIFEST

__all__ = ["migrated"]


def test_a_broken_connector_is_named_and_the_others_run(tmp_path: Path, migrated: str) -> None:
    for name, text in (("trial", MANIFEST.format(name="trial", entity="Citizen")), ("torn", 'name = "torn"\n')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.toml").write_text(text, encoding="utf-8")
    (tmp_path / "source.db").touch()

    with sqlite3.connect(tmp_path / "source.db") as source:
        source.execute("create table nguoi (id, so, ten)")
        source.execute("insert into nguoi values (1, '022085001234', 'Lê Văn An')")
    given = {"HUB_CONNECTORS_PATH": str(tmp_path), "TRIAL_URL": f"sqlite:///{tmp_path}/source.db"}
    done = hub("sync", "trial", "--json", url=migrated, **given)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["counts"][0]["added"] == 1
    assert "torn is left out" in done.stderr
    refused = hub("sync", "torn", url=migrated, **given)
    assert refused.returncode == 69
    assert "torn/manifest.toml:1: title: Field required" in refused.stderr
    findings = {f["what"]: f for f in json.loads(hub("doctor", "--json", url=migrated, **given).stdout)}
    assert findings["connector trial"]["holds"]
    assert "torn/manifest.toml:1" in findings["connector torn"]["found"]
