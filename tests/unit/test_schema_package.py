"""Another distribution called `schema` may take the place of the vocabulary: the hub says so instead of failing somewhere."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("has_init", [True, False], ids=["another package", "an uninstalled one"])
def test_another_package_of_this_name_is_told(tmp_path: Path, has_init: bool) -> None:
    (tmp_path / "schema").mkdir()
    if has_init:
        (tmp_path / "schema" / "__init__.py").write_text("class Schema: ...\n", encoding="utf-8")
    root = Path(__file__).parents[2]
    # Without an __init__.py a folder counts only where no other path has a package of the name.
    program = (
        f"import sys; sys.path[:] = [{str(tmp_path)!r}, *(p for p in sys.path if p != {str(root)!r} and p)];"
        f" import schema; sys.path.insert(0, {str(root)!r}); import hub"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"the package schema in {tmp_path}/schema is not the hub's vocabulary" in done.stderr
    assert "Next step: pip uninstall schema" in done.stderr
