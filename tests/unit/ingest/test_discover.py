"""Where connectors are found: beside the project, in folders that a setting names, in installed packages; broken ones apart."""

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from hub.errors import HubMisconfigured
from hub.ingest import connectors as finding
from hub.ingest.connectors import connector_folder, list_broken_connectors, load_manifests, load_transform

MANIFEST = """\
name = "{name}"
title = {{ vi = "Thử", en = "Trial" }}
sector = "citizen"
owner = "-"
legal_basis = "-"
version = "1"
freshness = "-"

[source]
kind = "sql"
url = {{ env = "TRIAL_URL" }}

[streams.people]
table = "nguoi"
key = ["id"]

[streams.people.emits.{entity}.fields]
personal_id = "so"
full_name = "ten"
"""


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    finding._discover_in_path.cache_clear()
    yield
    finding._discover_in_path.cache_clear()


def connector(folder: Path, name: str, *, called: str | None = None, entity: str = "Citizen") -> Path:
    path = folder / name
    path.mkdir(parents=True)
    (path / "manifest.toml").write_text(MANIFEST.format(name=called or name, entity=entity), encoding="utf-8")
    return path


def test_folders_of_the_setting_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = connector(tmp_path / "one", "trial")
    second = connector(tmp_path / "two", "other")
    monkeypatch.setenv("HUB_CONNECTORS_PATH", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    assert {"trial", "other", "place", "land"} <= set(load_manifests())
    assert (connector_folder(load_manifests()["trial"]), connector_folder(load_manifests()["other"])) == (first, second)
    assert connector_folder(load_manifests()["place"]).name == "place"
    assert list_broken_connectors() == {}


def test_packages_are_found_by_their_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connector(tmp_path, "scholarships")
    (tmp_path / "scholarships" / "__init__.py").write_text("raise AssertionError('not imported')")
    installed = tmp_path / "scholarships_hub-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: scholarships-hub\nVersion: 1\n")
    points = "[hub.connectors]\nscholarships = scholarships\nlost = nowhere.at.all\n"
    (installed / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert connector_folder(load_manifests()["scholarships"]) == tmp_path / "scholarships"
    assert "nowhere.at.all" in str(list_broken_connectors()["lost"])


def test_two_of_one_name_are_both_named_and_neither_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connector(tmp_path, "land")
    monkeypatch.setenv("HUB_CONNECTORS_PATH", str(tmp_path))
    assert "land" not in load_manifests()
    error = list_broken_connectors()["land"]
    assert isinstance(error, HubMisconfigured)
    assert str(tmp_path / "land") in error.message
    assert str(finding.project_connectors_folder() / "land") in error.message


def test_broken_ones_do_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connector(tmp_path, "good")
    connector(tmp_path, "unlike", called="otherwise")
    connector(tmp_path, "unknown", entity="Ship")
    (connector(tmp_path, "torn") / "manifest.toml").write_text("name = ")
    monkeypatch.setenv("HUB_CONNECTORS_PATH", os.pathsep.join([str(tmp_path), str(tmp_path / "none")]))
    assert "good" in load_manifests()
    assert set(list_broken_connectors()) == {"unlike", "unknown", "torn", str(tmp_path / "none")}
    assert "unlike/manifest.toml:1: name: is otherwise" in str(list_broken_connectors()["unlike"])
    assert "unknown/manifest.toml:17: streams.people.emits.Ship: unknown entity" in str(
        list_broken_connectors()["unknown"]
    )
    assert all(error.next_step for error in list_broken_connectors().values())


def test_a_transform_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = connector(tmp_path, "trial")
    manifest = finding.load_connector(path)
    assert load_transform(manifest) is None
    (path / "transform.py").write_text("def transform(stream, frame):\n    return frame.head(1)\n")
    change = load_transform(manifest)
    assert change is not None
    assert change("people", pl.LazyFrame({"a": ["1", "2"]})).collect().height == 1


@pytest.mark.parametrize("source", ["import nothing_like_this", "x = 1", "def transform(:"])
def test_a_transform_that_cannot_be_loaded_is_said(tmp_path: Path, source: str) -> None:
    path = connector(tmp_path, "trial")
    (path / "transform.py").write_text(source)
    with pytest.raises(HubMisconfigured, match=r"trial/transform\.py cannot be loaded"):
        load_transform(finding.load_connector(path))
