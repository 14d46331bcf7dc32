"""The docs, followed to the letter: every block that can be run is run, in the order of its page.

Each page is followed by a new user: in a copy of the project, with a linked province of 1,000 people in the database of
HUB_DATABASE_URL, and a hub that serves the same. Where a page names the demonstration's address and person, the test's are put in.
"""

import compileall
import os
import re
import secrets
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from hub.store.server import server_location
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub, copy_database
from tests.doc_blocks import PAGES, ROOT, Block, blocks_of
from tests.forked_hub import CLIENT, hub_program

FOLLOWED_ELSEWHERE = {"docs/how-to/add-a-connector.md": "tests/system/docs/test_guide.py, against a MariaDB and an API"}
FOLLOWED = [
    name
    for name in (str(page.relative_to(ROOT)) for page in PAGES)
    if name not in FOLLOWED_ELSEWHERE and any(block.runs for block in blocks_of(ROOT / name))
]
CHANGES_CODE = frozenset(f"docs/how-to/{name}.md" for name in ("add-a-field", "add-a-sector", "add-an-entity"))
"""Pages that change code. Commands are forks of a process that has imported everything: such a page has one of its own for each version
of its code, made at the first command of that version; the other pages share one. A new Python for each command took twice the time."""
CODE = ("hub", "schema", "connectors")
ADDRESS, PERSON = "http://127.0.0.1:8000", "022080683727"
"""Where `make demo` serves, and the person that it shows first."""

PROGRAMS = Path(str(find_spec(server_location.WHEEL_PACKAGE).origin)).parent / server_location.PROGRAMS_FOLDER  # type: ignore[union-attr]  # it is installed
"""PostgreSQL's own programs: psql, pg_dump, pg_restore."""

SHIM = """\
#!/usr/bin/env bash
# `hub`, but what runs until it is stopped is stopped once it says that it is at work: it must get there, and end in order.
run() {{ exec {python} -c "from hub.cli import main; main()" "$@"; }}
case "$1" in
  serve) ready="GraphQL and GraphiQL at" ;;
  worker) ready="worker: " ;;
  *) {other} "$@"; exit ;;
esac
# One that serves is told to stop once it answers: before that, it would not end in order.
answers() {{
  address=$(grep -om1 'GraphQL and GraphiQL at http://[^/]*' "$said" | grep -o '[^/]*$')
  if [ -z "$address" ]; then sleep 2; return; fi
  (exec 3<>"/dev/tcp/${{address%:*}}/${{address#*:}}" && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -rt 30 <&3) 2>/dev/null
}}
said=$(mktemp)
run "$@" >"$said" 2>&1 &
for _ in $(seq 600); do
  if grep -q "$ready" "$said"; then answers && break; fi
  kill -0 $! 2>/dev/null || break
  sleep 0.1
done
kill -TERM $! 2>/dev/null
wait $!
code=$?
cat "$said" >&2
[ $code = 0 ] || {{ echo "hub $1 ended with $code" >&2; exit 1; }}
grep -q "$ready" "$said" || {{ echo "hub $1 did not say that it is ready" >&2; exit 1; }}
"""
FORKED = """\
#!/usr/bin/env bash
# `hub` of the code as it is now.
folder={folder}/$(cat schema/*.py | cksum | cut -d' ' -f1)
if [ ! -S "$folder/socket" ]; then
  mkdir -p "$folder"
  # It ends with the script of the page.
  {{
    tail --pid="$PAGE" -f /dev/null |
      PYTHONPATH="$PYTHONPATH:{root}" {python} -m tests.forked_hub "$folder/socket"
  }} </dev/null >"$folder/said" 2>&1 &
  for _ in $(seq 1200); do grep -q ready "$folder/said" 2>/dev/null && break; sleep 0.1; done
fi
exec {python} -SE {client} "$folder/socket" "$@"
"""
GRAPHQL = """\
import json, sys, urllib.request
request = urllib.request.Request(sys.argv[1] + "/graphql", json.dumps({"query": sys.stdin.read()}).encode(), {"content-type": "application/json"})
answer = json.load(urllib.request.urlopen(request, timeout=30))
print(json.dumps(answer, ensure_ascii=False)[:2000])
sys.exit("errors" in answer)
"""


@pytest.fixture(scope="module")
def pristine(scratch: Path) -> Path:
    """A copy of the project as it is, in memory and compiled: what each page works in is a copy of this one."""
    folder = scratch / "pristine"
    folder.mkdir()
    for name in (*CODE, "docs", "docker"):
        skipped = shutil.ignore_patterns("node_modules", "__pycache__", "static")
        shutil.copytree(ROOT / name, folder / name, ignore=skipped)
    (folder / "hub" / "web" / "static").symlink_to(ROOT / "hub" / "web" / "static")
    for name in CODE:
        assert compileall.compile_dir(folder / name, quiet=1)
    return folder


@pytest.fixture
def checkout(scratch: Path, pristine: Path) -> Iterator[Path]:
    """A copy of the project to work in."""
    folder = scratch / f"checkout_{secrets.token_hex(4)}"
    shutil.copytree(pristine, folder, symlinks=True)
    yield folder
    shutil.rmtree(folder)


def file_stamps(folder: Path) -> set[tuple[str, int, int]]:
    """The files of the code in a checkout, each with its time and size."""
    return {
        (str(path.relative_to(folder)), path.stat().st_mtime_ns, path.stat().st_size)
        for name in CODE
        for path in (folder / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The folder of `hub` and of PostgreSQL's own programs, first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    write_shim(folder, "run")
    (folder / "python").symlink_to(sys.executable)
    (folder / "post-graphql.py").write_text(GRAPHQL)
    return folder


def write_shim(folder: Path, other: str) -> None:
    """Write the `hub` of the page; `other` runs the commands that end by themselves."""
    (folder / "hub").write_text(SHIM.format(python=sys.executable, other=other))
    (folder / "hub").chmod(0o755)


def write_forked(folder: Path) -> str:
    """Write a program that is `hub` of the code in the folder of the page. Returns its path."""
    client, program = folder / "client.py", folder / "forked-hub"
    client.write_text(CLIENT.format(address="sys.argv.pop(1)"))
    program.write_text(FORKED.format(python=sys.executable, root=ROOT, folder=folder / "forks", client=client))
    program.chmod(0o755)
    return str(program)


def shell_lines(block: Block, number: int, tools: Path) -> str:
    """The block as lines of a shell."""
    match block.language:
        case "sh":
            return block.text
        case "python":
            return f"python - <<'END-OF-BLOCK'\n{block.text}END-OF-BLOCK\n"
        case "sql":
            return (
                f"psql --quiet --set ON_ERROR_STOP=1 \"$HUB_DATABASE_URL\" <<'END-OF-BLOCK'\n{block.text}END-OF-BLOCK\n"
            )
        case "ts":
            return f"cat > block{number}.mts <<'END-OF-BLOCK'\n{block.text}END-OF-BLOCK\nnode block{number}.mts\n"
        case _:
            return f"python {tools}/post-graphql.py {ADDRESS} <<'END-OF-BLOCK'\n{block.text}END-OF-BLOCK\n"


def script_of(page: Path, tools: Path) -> str:
    """The blocks of a page as one script: a setting that one exports holds for those after it."""
    blocks = [block for block in blocks_of(page) if block.runs]
    steps = [f"echo '## {block}'\n{shell_lines(block, number, tools)}" for number, block in enumerate(blocks)]
    return "\n".join(["set -euo pipefail", "export PAGE=$$", *steps])


@pytest.mark.parametrize("name", FOLLOWED)
def test_every_command_of_the_page_works(
    name: str, checkout: Path, pristine: Path, tools: Path, served_hub: ServedHub, postgres_server: EmbeddedServer
) -> None:
    write_shim(tools, write_forked(tools) if name in CHANGES_CODE else hub_program(pristine))
    database = re.sub(r"\W", "_", f"docs_{Path(name).stem}").lower()
    url = copy_database(postgres_server, "linked", database)
    script = script_of(ROOT / name, tools)
    for shown, real in (
        (ADDRESS, served_hub.url),
        (PERSON, served_hub.personal_id),
        ("db.example", f"127.0.0.1:{postgres_server.port}"),
    ):
        script = script.replace(shown, real)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "PYTHON"))}
    scripts = Path(sys.executable).parent
    environment = inherited | {
        "PATH": os.pathsep.join((str(tools), str(scripts), str(PROGRAMS), os.environ["PATH"])),
        "PYTHONPATH": str(checkout),
        "HUB_DATABASE_URL": url,
        "HUB_HOME": str(checkout / ".hub"),
        "HUB_PORT": "0",
        "HUB_REVIEWER": "an.nguyen",
    }
    try:
        done = subprocess.run(
            ["bash", "-c", script], cwd=checkout, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
    finally:
        postgres_server.drop_database(database)
    if "DOCS_PRINT" in os.environ:
        print(done.stdout, done.stderr)
    printed = f"{done.stdout[-6_000:]}\n{done.stderr[-3_000:]}"
    assert done.returncode == 0, printed
    assert "Traceback" not in done.stderr, printed
    changed = file_stamps(checkout) != file_stamps(pristine)
    assert changed == (name in CHANGES_CODE), "CHANGES_CODE has to have the pages that change code, and no others"


def test_a_page_with_a_wrong_command_fails(tools: Path, tmp_path: Path) -> None:
    """The script ends at the first command that fails, whatever follows it."""
    page = tmp_path / "page.md"
    page.write_text(
        textwrap.dedent("""\
        ```sh
        false
        ```
        ```sh
        echo reached
        ```
        """)
    )
    blocks = blocks_of(page)
    assert [block.runs for block in blocks] == [True, True]
    script = "\n".join(["set -euo pipefail", *(shell_lines(block, 0, tools) for block in blocks)])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
