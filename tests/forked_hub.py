"""`hub` commands in processes of their own that start in a hundredth of a second: forks of one that has imported everything.

Two thirds of a test that runs a command went into importing what it needs, again for every command. The first call starts a
process that imports all commands and uses none; each command is a fork of it, with its own environment, folder, streams and
exit code. tests/system/commands/test_imports_of_commands.py and tests/system/serving/test_serve_faults.py start `hub` as a person does.
"""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_ORDER = 1 << 20
CLIENT = """\
import json, os, socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.connect({address})
order = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(asked, [len(order).to_bytes(4, "big")], [0, 1, 2])
asked.sendall(order)
sys.exit(int(asked.recv(16) or 70))
"""


def run_hub(
    *arguments: str,
    environment: Mapping[str, str],
    cwd: Path | str = "/",
    timeout_s: float = 500,
    checkout: Path = ROOT,
) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own, with these variables and nothing to read. Raises TimeoutExpired.

    It is the code of `checkout` as that is at its first command.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(os.devnull) as nothing:
        streams = (nothing.fileno(), out.fileno(), err.fileno())
        code = _ask(_address(checkout), arguments, str(cwd), environment, streams, timeout_s)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(["hub", *arguments], code, *said)


@cache
def hub_program(checkout: Path = ROOT) -> str:
    """A program that is `hub` to a shell: it hands its arguments, folder, variables and streams to the process that forks.

    That process runs the code of `checkout` as it is at the first call.
    """
    path = Path(_address(checkout)).parent / "hub"
    path.write_text(f"#!{sys.executable} -SE\n{CLIENT.format(address=repr(_address(checkout)))}")
    path.chmod(0o755)
    return str(path)


def _ask(
    address: str,
    arguments: tuple[str, ...],
    cwd: str,
    environment: Mapping[str, str],
    streams: tuple[int, ...],
    timeout_s: float,
) -> int:
    order = json.dumps([arguments, cwd, dict(environment)]).encode()
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(timeout_s)
        asked.connect(address)
        socket.send_fds(asked, [len(order).to_bytes(4, "big")], list(streams))
        asked.sendall(order)
        try:
            return int(asked.recv(16))
        except TimeoutError:
            raise subprocess.TimeoutExpired(["hub", *arguments], timeout_s) from None


@cache
def _address(checkout: Path = ROOT) -> str:
    """Where the process that forks listens; it is started by the first who asks, and ends with this process."""
    folder = tempfile.mkdtemp(prefix="forked-hub-")
    address = f"{folder}/socket"
    # What the session has set by now, a test may have set for itself: each command is given its own.
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forked_hub", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(checkout), str(ROOT)))},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    @atexit.register
    def end() -> None:
        process.kill()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)

    return address


# --- The process that forks -----------------------------------------------------------------------------------------------


def main(address: str) -> None:
    """Import every command, then fork one process for each that is asked for, until the one who started this has gone."""
    from importlib import import_module
    from pkgutil import walk_packages

    from hub import cli
    from hub.graph.schema import load_schema
    from hub.model.registry import load_registry

    for module in walk_packages(cli.__path__, f"{cli.__name__}."):
        import_module(module.name)

    load_registry()
    load_schema()  # a third of what a command that needs it takes
    threading.Thread(target=_end_with_parent, daemon=True).start()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(16)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who waits for a command is a child of its own
    print("ready", flush=True)
    while True:
        asked, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(_serve(asked))
        asked.close()


def _serve(asked: socket.socket) -> int:
    head, streams, _, _ = socket.recv_fds(asked, 4, 3)
    length, received = int.from_bytes(head, "big"), b""
    assert length <= LONGEST_ORDER
    while len(received) < length:
        received += asked.recv(length - len(received))
    arguments, cwd, environment = json.loads(received)
    if (child := os.fork()) == 0:
        _run(arguments, cwd, environment, streams)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(child, 0)
    asked.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    return 0


def _run(arguments: list[str], cwd: str, environment: dict[str, str], streams: list[int]) -> None:
    code = 70
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["hub", *arguments]
        from hub.cli import main as hub

        hub(arguments)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
