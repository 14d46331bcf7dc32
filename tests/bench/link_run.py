"""One run of linking over the store of a URL, in a process of its own: seconds, peak memory, whether it looked at everything."""

import json
import sys

from hub.link.run import link
from hub.store.engine import make_engine
from tests.bench.harness import peak_mb

if __name__ == "__main__":
    report = link(make_engine(sys.argv[1]))
    print(json.dumps({"seconds": report.seconds, "peak_mb": peak_mb(), "whole": float(report.mode == "FULL")}))
