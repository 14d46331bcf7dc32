"""Every check that a linking model goes through has words for the page of operators."""

import ast
from pathlib import Path

from hub.console.operator.state_pages import CHECK_WORDS, MODEL_WORDS, list_checks
from hub.link.model.party import PARTY
from hub.link.model.training import acceptance


def list_check_names() -> set[str]:
    """The names under which checks are made: the first argument of each ModelCheck, itself or by the variable `name`."""
    tree = ast.parse(Path(acceptance.__file__).read_text(encoding="utf-8"))
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "ModelCheck"]
    literal = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    named = {
        n.value.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "name" and isinstance(n.value, ast.Constant)
    }
    return {str(name) for name in literal | named}


def test_every_check_and_model_has_words() -> None:
    assert list_check_names() == set(CHECK_WORDS)
    assert {PARTY.name} == set(MODEL_WORDS)


def test_checks_are_listed_in_both_languages() -> None:
    words = list_checks(["bounds", "one of a later version"])
    assert (words.vi, words.en) == (
        "tỷ lệ trong giới hạn; one of a later version",
        "rates within bounds; one of a later version",
    )
