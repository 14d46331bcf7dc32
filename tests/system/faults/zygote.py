"""A process that forks one child for each run: `python -m tests.system.faults.zygote`, a JSON job on each line of stdin.

A child is a whole process of the hub, with connections of its own, and can be killed as one; forked from a process that has
imported everything and used nothing yet, it costs a few milliseconds and not a second.
"""

import json
import os
import signal
import sys
import tempfile

import hub.ingest.read.sql.reader  # noqa: F401  # imported before the fork, not after each of them
from hub.errors import HubError
from hub.ingest.run.connector_run import RunChoices, run_connectors
from hub.model.registry import load_registry
from hub.sdk.manifest import parse_manifest
from hub.store.engine import make_engine
from schema import units


def main() -> None:
    """Fork a child for each job; print its number at once, and what became of it when asked for it."""
    load_registry()
    units.read_eras()
    children: dict[int, str] = {}
    for line in sys.stdin:
        job = json.loads(line)
        if "wait" in job:
            pid = job["wait"]
            _, status = os.waitpid(pid, 0)
            path = children.pop(pid)
            with open(path, encoding="utf-8") as said:
                text = said.read()
            os.unlink(path)
            print(
                json.dumps({"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None, "said": text}),
                flush=True,
            )
            continue
        handle, path = tempfile.mkstemp()
        os.close(handle)
        pid = os.fork()
        if pid == 0:
            _child(job, path)
        children[pid] = path
        print(json.dumps({"pid": pid}), flush=True)


def _child(job: dict[str, str], path: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        made = make_engine(job["url"])
        (report,) = run_connectors(
            made, [parse_manifest(json.loads(job["manifest"]))], RunChoices(full=bool(job.get("full")))
        )
        said = json.dumps({"status": report.status, "problems": report.problems})
    except HubError as error:
        said = json.dumps({"status": error.code, "problems": [str(error)]})
    except BaseException as error:  # told to the test, whatever it is
        said = json.dumps({"status": "CRASHED", "problems": [repr(error)]})
    with open(path, "w", encoding="utf-8") as out:
        out.write(said)
    os._exit(0)


if __name__ == "__main__":
    main()
