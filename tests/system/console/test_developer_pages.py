"""The start page of developers over a really served hub: what it shows is what the schema and the purposes say, and its samples run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from hub.access.purposes import read_purposes
from hub.model.registry import load_registry
from tests.system.access.test_access import ISSUER
from tests.system.servers.console_site import ConsoleSite, PageReader
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

SDL = Path(__file__).parents[3] / "schema" / "generated" / "schema.graphql"
RUNNERS = {"curl": ["bash"], "Python": [sys.executable], "TypeScript": ["node"]}
"""The sample in TypeScript has no type that node would have to take away."""


@pytest.fixture(scope="module")
def start(site: ConsoleSite) -> PageReader:
    return PageReader(site.url).open("/")


def test_every_entity_and_link_of_the_schema_is_drawn(start: PageReader) -> None:
    assert start.page.status_code == 200
    for entity in load_registry():
        assert f'class="type">{entity.name}<' in start.text
        assert f'class="label">{entity.label.vi}<' in start.text
        for link in entity.linked:
            for kind in link.kinds:
                assert f"<title>{entity.name}.{link.graphql} → {kind}</title>" in start.text
        for reference in entity.references:
            assert f"<title>{entity.name}.{reference.graphql} → {reference.target}</title>" in start.text
    assert not re.search(r"\sstyle=|<script(?! src)", start.text), "the policy would refuse it"


def test_each_purpose_says_what_may_be_read(start: PageReader) -> None:
    shown = {
        re.findall(r"<code>([^<]+)</code>", part)[0]: dict(
            re.findall(r"<dt><code>(\w+)</code></dt><dd>([^<]*)</dd>", part)
        )
        for part in re.findall(r'<details class="purpose">(.*?)</details>', start.text, re.DOTALL)
    }
    assert shown.keys() == read_purposes().keys()
    identity = "id, personalId, fullName, birthDate, sex, deathDate, residenceUnitCode"
    assert set(shown["identify"]["Citizen"].split(", ")) == {*identity.split(", "), "corrections"}
    assert "landUseRights" in shown["identify"]["Query"]
    assert "keepPrefill" not in start.text.partition('id="errors"')[0], "what no document selects is not read"


def test_the_schema_is_served_as_text_and_not_twice(site: ConsoleSite) -> None:
    first = httpx2.get(f"{site.url}/schema.graphql")
    assert first.text == SDL.read_text(encoding="utf-8")
    assert first.headers["content-type"].startswith("text/plain")
    assert "max-age" in first.headers["cache-control"]
    again = httpx2.get(f"{site.url}/schema.graphql", headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


@pytest.mark.parametrize("language", RUNNERS)
def test_the_samples_run_with_the_readers_token(start: PageReader, tmp_path: Path, language: str) -> None:
    command = RUNNERS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]}")
    (sample,) = re.findall(rf">{language}</h3>\s*<pre[^>]*><code>(.*?)</code>", start.text, re.DOTALL)
    text = sample.replace("export HUB_TOKEN='…'", "# given")
    path = tmp_path / {"curl": "ask.sh", "Python": "ask.py", "TypeScript": "ask.mjs"}[language]
    path.write_text(text, encoding="utf-8")
    who = ISSUER.find_identity("app")
    assert who is not None

    def run(token: str) -> str:
        environment = {**os.environ, "HUB_TOKEN": token, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [*command, str(path)], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return done.stdout + done.stderr

    assert "Phường Hà Tu" in run(ISSUER.sign_token(who))
    assert "TOKEN_INVALID" in run("nobody")
