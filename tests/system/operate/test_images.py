"""What is shipped to run the hub, as far as it can run without a container engine: files parsed and cross-checked, commands and health checks as
processes, the proxy's configuration in a real HAProxy, units by systemd itself. That an engine builds and starts them is not proven here.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.doc_blocks import ROOT
from tests.system.serving.test_proxies import free_port, make_certificate

DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yml").read_text())
DEMO: dict[str, Any] = yaml.safe_load((DOCKER / "compose.demo.yml").read_text())
PODS: list[Any] = list(yaml.safe_load_all((DOCKER / "kubernetes.yml").read_text()))
SERVICES = {**COMPOSE["services"], **DEMO["services"]}
OURS = {name for name, service in SERVICES.items() if "build" in service}
SERVICE_KEYS = {
    *("image", "build", "command", "environment", "env_file", "healthcheck", "depends_on", "ports", "volumes", "secrets"),
    *("read_only", "tmpfs", "cap_drop", "security_opt", "restart", "stop_grace_period", "network_mode", "shm_size", "sysctls"),
}  # fmt: skip
PINNED = re.compile(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z-]+)?")
NAME = "hub.quangninh.example"


def instructions() -> list[tuple[str, str]]:
    text = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [(line.split()[0], line.partition(" ")[2]) for line in lines if line and not line.startswith("#")]


def test_the_dockerfile_is_pinned_has_two_stages_and_ends_without_root() -> None:
    found = instructions()
    (base,) = (value for kind, value in found if kind == "ARG")
    assert PINNED.fullmatch(base.removeprefix("PYTHON="))
    assert [value for kind, value in found if kind == "FROM"] == ["${PYTHON} AS build", "${PYTHON}"]
    last = found[max(place for place, (kind, _) in enumerate(found) if kind == "FROM") :]
    assert not [value for kind, value in last if kind == "RUN" and "pip" in value], "no installer's work in what runs"
    users = [value for kind, value in last if kind == "USER"]
    assert users == ["10001:10001"]
    sources = [part for kind, value in found if kind == "COPY" and "--from" not in value for part in value.split()[:-1]]
    assert [name for name in sources if not (ROOT / name).exists()] == []
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name.partition("/")[0] for name in sources} == allowed, "the context has what is copied, and nothing else"


def test_services_are_pinned_locked_down_and_refer_to_what_exists() -> None:
    for name, service in SERVICES.items():
        assert service.keys() <= SERVICE_KEYS, name
        if name not in OURS:
            assert PINNED.fullmatch(service["image"]), name
        if name != "database":
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
            assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys(), name
        assert set(service.get("depends_on", ())) <= SERVICES.keys(), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (DOCKER / source).is_file() if source.startswith("./") else source in COMPOSE["volumes"], volume
    assert {"hub", "worker", "demo"} <= {name for name, service in SERVICES.items() if name == "demo" or name in OURS}
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert not [port for port in published if "9464" in port]


def test_every_pod_is_locked_down_and_probed() -> None:
    seen = set()
    for one in PODS:
        pod = one["spec"].get("template", {}).get("spec")
        if pod is None:
            continue
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            seen.add(one["metadata"]["name"])
            locked = container["securityContext"]
            assert (locked["readOnlyRootFilesystem"], locked["allowPrivilegeEscalation"]) == (True, False)
            assert container["resources"]["limits"]["memory"]
            assert {mount["name"] for mount in container["volumeMounts"]} <= {v["name"] for v in pod["volumes"]}
            assert one["kind"] == "Job" or container["livenessProbe"]
            ports = {port["name"] for port in container.get("ports", ())}
            probes = [container[probe] for probe in ("livenessProbe", "readinessProbe") if probe in container]
            assert {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= ports
    assert seen == {"hub-migrate", "hub-serve", "hub-worker"}
    # The longest answer, and what comes after it, have an end before the pod is killed.
    assert int(SERVICES["hub"]["stop_grace_period"].rstrip("s")) >= 30


@pytest.mark.parametrize("unit", ["hub-serve", "hub-worker"])
def test_units_are_accepted_by_systemd(unit: str, tmp_path: Path) -> None:
    text = (DOCKER / "systemd" / f"{unit}.service").read_text()
    program = re.search(r"^ExecStart=(\S+)", text, re.M)
    assert program
    (tmp_path / f"{unit}.service").write_text(text.replace(program[1], sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / f"{unit}.service")], capture_output=True, text=True, timeout=60
    )
    own = [line for line in done.stderr.splitlines() if unit in line and "man page" not in line.lower()]
    assert own == [], done.stderr


@pytest.mark.parametrize("unit", ["hub-serve", "hub-worker"])
def test_systemd_never_gives_up_on_a_service(unit: str) -> None:
    """A worker without its database ends at once, again and again. Ten starts within five minutes were the end of it, after two of an outage."""
    text = (DOCKER / "systemd" / f"{unit}.service").read_text()
    assert re.search(r"^Restart=always$", text, re.M)
    assert re.search(r"^RestartSec=[1-9]", text, re.M)
    assert re.search(r"^StartLimitIntervalSec=0$", text, re.M)


def arguments_of(service: str) -> list[str]:
    """What a service runs, after `hub`: its own command, or the end of a shell's."""
    command = SERVICES[service]["command"]
    words = shlex.split(command[2]) if command[0] == "sh" else command
    return words[words.index("hub") + 1 :]


@contextmanager
def running(service: str, database_url: str, folder: Path) -> Iterator[dict[str, str]]:
    """The command of a service, with its variables; only addresses and ports are this test's. Gives what its health check sees."""
    given = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
    ports = {"HUB_PORT": str(free_port()), "HUB_METRICS_PORT": str(free_port())}
    own = {"HUB_DATABASE_URL": database_url, "HUB_METRICS_HOST": "127.0.0.1", "HUB_HOST": "127.0.0.1", **ports}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "PG"))}
    environment = {**clean, **given, **own, "HUB_ALLOWED_HOSTS": NAME, "HUB_ACCESS": "off"}
    words = [word for word in arguments_of(service) if word not in ("--host", "0.0.0.0")]
    log = folder / f"{service}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", "from hub.cli import main; main()", *words],
            env=environment, cwd=folder, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        yield environment
    finally:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.terminate()
        psutil.wait_procs(family, 60)
        assert process.wait(1) == 0, log.read_text()


def check_health(service: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run the health check of the image, or the service's own, as the engine would."""
    own = SERVICES[service].get("healthcheck")
    test = own["test"] if own else yaml.safe_load(dict(instructions())["HEALTHCHECK"].partition("CMD ")[2])
    words = [sys.executable, *(word for word in test if word not in ("CMD", "python"))]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("service", ["hub", "worker"])
def test_a_service_runs_and_its_health_check_says_so(service: str, database_url: str, tmp_path: Path) -> None:
    with running(service, database_url, tmp_path) as environment:
        until = time.monotonic() + 120
        while (found := check_health(service, environment)).returncode:
            assert found.stderr.strip(), "a reason is given"
            assert time.monotonic() < until, found.stderr + (tmp_path / f"{service}.log").read_text()
            time.sleep(0.3)
    ended = check_health(service, environment)
    assert (ended.returncode, "does not answer" in ended.stderr) == (1, True)


def test_the_proxy_finds_the_hub_under_its_own_name(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    text = (DOCKER / "haproxy.cfg").read_text()
    for was, now in ((":443", f"127.0.0.1:{free_port()}"), ("/run/secrets/tls.pem", str(tmp_path / "hub.pem"))):
        assert was in text
        text = text.replace(was, now)
    (tmp_path / "haproxy.cfg").write_text(text)
    done = subprocess.run(
        ["haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    # The name in its check is that of --host, which a hub always answers under.
    assert "hdr Host 0.0.0.0" in text
    assert arguments_of("hub")[1:3] == ["--host", "0.0.0.0"]


def test_a_health_check_without_a_port_says_what_to_set() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    for words, told in (("worker", "HUB_METRICS_PORT is not set"), ("other", "usage")):
        done = subprocess.run(
            [sys.executable, "-m", "hub.health", words], env=clean, capture_output=True, text=True, timeout=30
        )
        assert (done.returncode, told in done.stderr) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = str(mute.getsockname()[1])
        done = subprocess.run([sys.executable, "-m", "hub.health", "serve"], env={**clean, "HUB_PORT": port}, capture_output=True, text=True, timeout=30)  # fmt: skip
    assert "does not answer: TimeoutError" in done.stderr
