"""A command collects no garbage while it loads, and does not walk through what it has loaded afterwards."""

import subprocess
import sys

PROGRAM = """
import gc
from hub.garbage_collection import collect_rarely, defer_collection
defer_collection()
before = [generation["collections"] for generation in gc.get_stats()]
import hub.cli.operate.serve.serve
from hub.graph.schema import load_schema
load_schema()
assert [generation["collections"] for generation in gc.get_stats()] == before, gc.get_stats()
made = len(gc.get_objects())
collect_rarely()
assert gc.get_freeze_count() > made // 2, (made, gc.get_freeze_count())
assert len(gc.get_objects()) < made // 100, (made, len(gc.get_objects()))
"""


def test_loading_the_graph_collects_nothing_and_leaves_nothing_to_walk_through() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
