"""Compile the test modules as pytest does, on every core: `python -m tests.compile_tests`.

pytest rewrites asserts so that they tell their values. Every test process of `make test` collects every module, so each would
rewrite them all: 20 s of processor time for each of them. Done once beforehand, they only load what is here compiled.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace

from _pytest.assertion import rewrite

FOLDER = Path(__file__).parent


def compile_module(path: Path) -> None:
    """Write a module's rewritten code where pytest looks for it, unless it is there."""
    cache = rewrite.get_cache_dir(path)
    compiled = cache / f"{path.stem}{rewrite.PYC_TAIL}"
    if rewrite._read_pyc(path, compiled) is None:
        cache.mkdir(parents=True, exist_ok=True)
        source_hash, code = rewrite._rewrite_test(path, None)  # with the options that nobody has set
        rewrite._write_pyc(SimpleNamespace(trace=print), code, source_hash, compiled)


if __name__ == "__main__":
    paths = [*FOLDER.rglob("test_*.py"), *FOLDER.rglob("conftest.py")]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as processes:
        list(processes.map(compile_module, paths, chunksize=8))
