"""The audits of the npm package graphql-http, by the specification's own editors, against the served hub."""

import json
from typing import Any

import pytest

from tests.clients.conftest import HERE, NodeProject
from tests.conftest import ServedHub

AUDITS: list[tuple[str, str]] = [tuple(audit) for audit in json.loads((HERE / "audits.json").read_text())]
"""Id and name of every audit, so that each is a test without Node being asked first."""


@pytest.fixture(scope="module")
def audited(node: NodeProject, served_hub: ServedHub) -> dict[str, dict[str, Any]]:
    results = node.report("node", "audits.mjs", f"{served_hub.url}/graphql")
    return {result["id"]: result for result in results}


def test_every_audit_of_the_package_is_a_test(node: NodeProject) -> None:
    assert [tuple(audit) for audit in node.report("node", "audits.mjs")] == AUDITS


@pytest.mark.parametrize(("identifier", "name"), AUDITS, ids=[identifier for identifier, _ in AUDITS])
def test_audit(audited: dict[str, dict[str, Any]], identifier: str, name: str) -> None:
    """What the specification asks or advises is met; what it leaves open is met or noted, as `pytest -rP` shows."""
    result = audited[identifier]
    print(f"{result['status']}: {name}; {result.get('reason')}")
    met = {"ok", "notice"} if name.startswith("MAY") else {"ok"}
    assert result["status"] in met, f"{name}: {result.get('reason')}; answered {result['answered']}"
