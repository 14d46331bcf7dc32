"""The configuration of docs/how-to/survive-a-lost-database.md is what its programs take, and keeps what the page promises.

That a standby takes over is measured by `python -m tests.bench.failover`, which runs the same configuration for two minutes.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.bench.failover_cluster import SEARCHED, read_block


def test_haproxy_accepts_the_page_s_configuration(tmp_path: Path) -> None:
    program = shutil.which("haproxy", path=SEARCHED)
    if program is None:
        pytest.skip("haproxy is not installed: run tests/install_packages.sh")
    path = tmp_path / "haproxy.cfg"
    path.write_text(read_block("haproxy"))
    done = subprocess.run([program, "-c", "-f", str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


def test_patroni_s_settings_lose_nothing_and_notice_in_time() -> None:
    settings = yaml.safe_load(read_block("yaml"))["bootstrap"]["dcs"]
    assert settings["synchronous_mode"] is True
    assert settings["postgresql"]["parameters"]["synchronous_commit"] == "on"  # YAML reads it as true without quotes
    assert settings["loop_wait"] + 2 * settings["retry_timeout"] <= settings["ttl"]  # what Patroni asks for
