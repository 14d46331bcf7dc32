"""One run of linking over the store of a URL, in a process of its own: `python -m tests.bench.link_run URL [full]`.

Prints seconds, processor seconds of this process and its children, peak memory, whether it looked at everything, and how many
links it changed.
"""

import json
import resource
import sys

from hub.garbage_collection import defer_collection
from hub.link.run.linking_run import run_linking
from hub.store.engine import make_engine
from tests.bench.harness import peak_mb


def main() -> None:
    """Link what changed, or everything."""
    defer_collection()  # as every command does
    report = run_linking(make_engine(sys.argv[1]), full="full" in sys.argv[2:])
    spent = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    found = {
        "seconds": report.seconds,
        "cpu_s": sum(one.ru_utime + one.ru_stime for one in spent),
        "peak_mb": peak_mb(),
        "whole": float(report.mode == "FULL"),
        "changed": float(report.changed),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
