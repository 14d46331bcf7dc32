"""No client of the hub loads the trusted certificates for itself: 25 ms of processor time each, in a server between two answers."""

import ast
from pathlib import Path

import hub
from hub.trusted_certificates import load_trusted_certificates

CLIENTS = {
    f"httpx2.{name}"
    for name in (
        "Client",
        "AsyncClient",
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "request",
        "stream",
    )
}


def find_clients(text: str) -> list[str]:
    """The certificates that each client in a module is given, as written; `-` for the default."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    return [
        next((ast.unparse(one.value) for one in call.keywords if one.arg == "verify"), "-")
        for call in calls
        if ast.unparse(call.func) in CLIENTS
    ]


def test_every_client_has_the_certificates_that_are_loaded_once() -> None:
    modules = Path(hub.__file__).parent.rglob("*.py")
    found = [one for path in modules for one in find_clients(path.read_text(encoding="utf-8"))]
    assert len(found) >= 5
    assert set(found) == {f"{load_trusted_certificates.__name__}()"}
    assert load_trusted_certificates() is load_trusted_certificates()


def test_a_client_of_its_own_is_seen() -> None:
    assert find_clients("with httpx2.Client(timeout=3) as client: pass\nhttpx2.get('/')") == ["-", "-"]
