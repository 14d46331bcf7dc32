"""Both lanes and the reference answer every drawn operation alike."""

import difflib
import os
from collections import Counter
from time import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tests.differential.arguments import Pool
from tests.differential.lanes import comparable, lanes
from tests.differential.operations import operations
from tests.differential.reference import ReferenceExecutor
from tests.differential.world import World
from tests.system.graph import Graph

PROFILE = settings(max_examples=int(os.environ.get("N", "200")), deadline=None, derandomize="R" not in os.environ, database=None, suppress_health_check=list(HealthCheck),
  phases=(Phase.generate,Phase.shrink) if "S" in os.environ else (Phase.generate,), report_multiple_bugs=False)


def test_lanes(pool: Pool, world: World, graph: Graph) -> None:
    c = Counter(); spent = Counter()
    fast, slow, reference = lanes(graph, ReferenceExecutor(world))
    @PROFILE
    @given(st.data())
    def draw(data: DataObject) -> None:
        t = time()
        o = data.draw(operations(pool)); spent["draw"] += time()-t
        def run(lane):
            t = time()
            try:
                return lane.run(o)
            except AssertionError as e:
                return f"{lane.name}: {e}"
            finally:
                spent[lane.name] += time()-t
        b, e, d = run(reference), run(fast), run(slow)
        want = comparable(b,b)
        c["empty"] += b == {}; c["n"] += 1; c["size"] += len(want)
        for other, x in (("fast", e), ("graph", d)):
            got = comparable(x, b)
            if got != want:
                print(other, o.document(), o.variables, o.probes)
                print("\n".join(list(difflib.unified_diff(want.splitlines(), got.splitlines(), lineterm="", n=4))[:60]), [str(z)[:600] for z in (e,d)])
                raise AssertionError(other)
        for f in o.features: c[f]+=1
    t=time()
    try: draw()
    finally:
        print(time()-t, spent)
    print(c)
