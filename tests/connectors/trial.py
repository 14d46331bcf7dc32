"""Connectors that tests make: a folder with manifest and samples, of any kind of source, with good samples of citizens."""

from pathlib import Path

from hub.conform.rows import samples
from hub.ingest.connectors import load_connector
from hub.sdk.manifest import Manifest

HEAD = """\
name = "{name}"
title = {{ vi = "Thử", en = "Trial" }}
sector = "citizen"
owner = "-"
legal_basis = "-"
version = "1"
freshness = "-"
grade = "{grade}"

[source]
{source}

[streams.people]
{stream}
key = ["id"]
{more}

[streams.people.emits.Citizen.fields]
personal_id = "so"
full_name = "ten"
sex = {{ column = "gioi", codes = "vi" }}
birth_date = {{ column = "sinh", formats = ["%d/%m/%Y"] }}
"""
INCREMENTAL = 'read = "incremental"\ncursor = { column = "luc" }\nchanged_at = "luc"'
SOURCES = {
    "sql": 'kind = "sql"\nurl = { env = "TRIAL_URL" }',
    "files": 'kind = "files"\nfolder = { env = "TRIAL_FOLDER" }',
    "rest": 'kind = "rest"\nbase_url = { env = "TRIAL_URL" }',
    "soap": 'kind = "soap"\nwsdl = { env = "TRIAL_WSDL" }',
    "stream": 'kind = "stream"\nurl = { env = "TRIAL_URL" }\njetstream = "TRIAL"',
    "cdc": 'kind = "cdc"\nurl = { env = "TRIAL_URL" }',
    "push": 'kind = "push"\nsecret = { env = "TRIAL_SECRET" }',
}


def people(count: int) -> list[dict[str, object]]:
    """Rows of people who do not live."""
    return [
        {
            "id": str(number),
            "so": f"{22_085_000_000 + number:012d}",
            "ten": f"Lê Văn {'ABCDEFGHIJKLMNOP'[number]}n",
            "gioi": "Nam",
            "sinh": f"{number + 1:02d}/02/1980",
            "luc": f"2026-01-{number + 1:02d}T00:00:00+00:00",
        }
        for number in range(count)
    ]


def connector(
    folder: Path, kind: str, stream: str, more: str = "", *, name: str = "trial", grade: str = "A", rows: int = 8
) -> Manifest:
    """A connector with its samples and what they become."""
    path = folder / name
    path.mkdir(parents=True)
    ignore = "" if "luc" in more else 'ignore = ["luc"]'
    text = HEAD.format(name=name, grade=grade, source=SOURCES[kind], stream=stream, more=f"{more}\n{ignore}")
    (path / "manifest.toml").write_text(text, encoding="utf-8")
    manifest = load_connector(path)
    samples.write_samples(samples.path_of(manifest, "people"), people(rows))
    samples.accept_samples(manifest)
    return manifest
