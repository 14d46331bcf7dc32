"""The metrics of `hub serve`, scraped over HTTP and by a real Prometheus: what they count, and that they tell nothing of anybody."""

import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from hub.graph.execution.request_meter import OTHER
from hub.ingest.connectors import load_manifests
from hub.metrics.catalogue import (
    LEDGER_WITNESS,
    PARENT_METRICS,
    REPLICA_FAILED,
    REPLICA_LAG,
    REPLICA_READERS,
    ROW_READS,
    WEB_METRICS,
    WORKER_METRICS,
    MetricKind,
)
from hub.metrics.health import describe_web
from hub.metrics.server import serve_metrics
from hub.metrics.web_samples import read_web_samples
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.doc_blocks import ROOT
from tests.serving import served
from tests.system.access.test_access import ISSUER, make_app
from tests.system.ledger import test_planted_values as planted
from tests.system.servers.prometheus_server import CONFIGURATION, RULES, find_program, read_dashboard, run_prometheus

NAMED = "query IdentifyByIdentifier($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName birthDate } }"
UNNAMED = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName birthDate } }"


@dataclass(frozen=True)
class WatchedHub:
    """A hub with access on at `url`, and its metrics at another address."""

    url: str
    metrics: str
    personal_id: str

    def ask(self, body: Any, who: str | None = "an", **headers: str) -> httpx2.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            identity = ISSUER.find_identity(who)
            assert identity is not None
            sent["authorization"] = f"Bearer {ISSUER.sign_token(identity)}"
        return httpx2.post(f"{self.url}/graphql", json=body, headers=sent, timeout=30)

    def scrape(self) -> str:
        answer = httpx2.get(f"{self.metrics}/metrics", timeout=60)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        return answer.text

    def read(self, name: str, **labels: str) -> float:
        """The sum of the series with these labels; 0 if there are none."""
        return sum(value for found, value in parse(self.scrape(), name) if labels.items() <= found.items())


def parse(text: str, name: str) -> list[tuple[Mapping[str, str], float]]:
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return [(sample.labels, sample.value) for sample in samples if sample.name == name]


@pytest.fixture(scope="module")
def hub(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[WatchedHub]:
    app = make_app(served_hub, postgres_server)
    manifests = load_manifests()
    with (
        served(app) as url,
        socket.create_server(("127.0.0.1", 0)) as listener,
        serve_metrics(
            listener, lambda: read_web_samples(app), lambda: describe_web(app, served_hub.database, manifests)
        ),
    ):
        yield WatchedHub(url, f"http://127.0.0.1:{listener.getsockname()[1]}", served_hub.personal_id)


def test_requests_are_counted_by_name_purpose_and_outcome(hub: WatchedHub) -> None:
    variables = {"personalId": hub.personal_id}
    mine = {"operation": "IdentifyByIdentifier", "purpose": "identify"}
    before = hub.read("hub_requests_total", **mine, outcome="ok")
    unnamed = hub.read("hub_requests_total", operation=OTHER, purpose="identify", outcome="ok")
    assert "errors" not in hub.ask({"query": NAMED, "variables": variables}, x_hub_purpose="identify").json()
    hub.ask({"query": UNNAMED, "variables": variables}, x_hub_purpose="identify")
    assert hub.read("hub_requests_total", **mine, outcome="ok") == before + 1
    assert hub.read("hub_requests_total", operation=OTHER, purpose="identify", outcome="ok") == unnamed + 1
    assert hub.read("hub_request_duration_seconds_count", operation="IdentifyByIdentifier") >= 1
    assert hub.read("hub_request_duration_seconds_bucket", operation="IdentifyByIdentifier", le="+Inf") >= 1


@pytest.mark.parametrize(
    ("body", "who", "headers", "reason"),
    [
        ({"query": "{"}, "an", {}, "request"),
        ({"query": UNNAMED, "variables": {"personalId": "x"}}, "an", {"x_hub_purpose": "identify"}, "request"),
        ({"query": UNNAMED}, None, {"authorization": "Bearer x"}, "credentials"),
        ({"query": UNNAMED}, "an", {"x_hub_purpose": "review"}, "permission"),
        ({"query": "{ citizens { totalCount } }"}, "an", {"x_hub_purpose": "identify"}, "permission"),
        ({"query": "{ a: __typename }" + "#" * 60_000}, "an", {}, "limit"),
    ],
)
def test_refusals_are_counted_by_class(
    hub: WatchedHub, body: Any, who: str | None, headers: dict[str, str], reason: str
) -> None:
    before = hub.read("hub_requests_total", outcome="refused", reason=reason)
    assert "errors" in hub.ask(body, who, **headers).json()
    assert hub.read("hub_requests_total", outcome="refused", reason=reason) == before + 1


def test_the_ledger_and_http_are_counted(hub: WatchedHub) -> None:
    records, commits = hub.read("hub_ledger_records_total"), hub.read("hub_ledger_commit_duration_seconds_count")
    hub.ask({"query": NAMED, "variables": {"personalId": hub.personal_id}}, x_hub_purpose="identify")
    assert hub.read("hub_ledger_records_total") == records + 1
    assert hub.read("hub_ledger_commit_duration_seconds_count") == commits + 1
    missing = hub.read("hub_http_responses_total", status="404")
    httpx2.get(f"{hub.url}/nothing-here", timeout=60)
    assert hub.read("hub_http_responses_total", status="404") == missing + 1
    assert hub.read("hub_cache_entries", cache="plans") > 0
    assert hub.read("hub_pool_connections_max") == 8


def test_every_metric_is_scraped(hub: WatchedHub) -> None:
    hub.ask({"query": "{ __typename }"})
    families = {family.name for family in text_string_to_metric_families(hub.scrape())}
    unseen = {metric.name for metric in WEB_METRICS if metric.name.removesuffix("_total") not in families}
    of_replicas = {ROW_READS.name, REPLICA_FAILED.name, REPLICA_READERS.name, REPLICA_LAG.name}
    assert unseen == {LEDGER_WITNESS.name, *of_replicas}  # this hub has no witness, and no replica


def test_no_metric_is_on_the_public_port(hub: WatchedHub) -> None:
    assert httpx2.get(f"{hub.url}/metrics", timeout=60).status_code == 404
    shallow = httpx2.get(f"{hub.url}/healthz?deep", timeout=60)
    assert shallow.json() == {"status": "alive"}


def test_nothing_personal_is_in_metrics(hub: WatchedHub) -> None:
    tokens = {identity.id: ISSUER.sign_token(identity) for identity in ISSUER.identities}
    target = planted.PlantedHub(hub.url, tokens, None, Path())  # type: ignore[arg-type]  # no process of its own
    planted.plant(target)
    hub.ask({"query": f"query P{planted.IDENTIFIER} {{ __typename }}"})
    text = hub.scrape()
    planted.look(text + httpx2.get(f"{hub.metrics}/healthz?deep", timeout=60).text, "what is watched")
    assert hub.read("hub_requests_total", outcome="refused") > 40  # the planted requests were counted
    values = {
        value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for value in sample.labels.values()
    }
    assert not values & {identity.id for identity in ISSUER.identities}
    assert not [value for value in values if "H49" in value]


def test_deep_health_has_ages_and_the_ledger(hub: WatchedHub) -> None:
    answer = httpx2.get(f"{hub.metrics}/healthz?deep", timeout=60)
    found = answer.json()
    assert answer.status_code == 200
    land = next(source for source in found["sources"] if source["connector"] == "land")
    assert (land["promisedS"], land["isStale"]) == (30 * 3600, False)
    assert 0 <= land["ageS"] < 3600
    assert found["ledger"]["isWriting"]
    assert httpx2.get(f"{hub.metrics}/healthz", timeout=60).json() == {"status": "alive"}


def test_the_shipped_configuration_is_valid() -> None:
    promtool = find_program("promtool")
    for what, path in (("config", CONFIGURATION), ("rules", RULES)):
        done = subprocess.run([promtool, "check", what, str(path)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rules_alert_when_they_should() -> None:
    done = subprocess.run(
        [find_program("promtool"), "test", "rules", str(Path(__file__).with_name("alerts_test.yml"))],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_name_metrics_that_exist() -> None:
    own = {metric.name: metric for metric in (*WEB_METRICS, *WORKER_METRICS, *PARENT_METRICS)}
    found: set[str] = set()
    rules = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    panels = [target["expr"] for panel in read_dashboard()["panels"] for target in panel["targets"]]
    for expression in (*rules, *panels):
        for name in re.findall(r"\bhub_[a-z_]+", expression):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            metric = own.get(name) or own[base]
            assert (metric.kind is MetricKind.HISTOGRAM) is (metric.name != name), name
            found.add(metric.name)
            labels = re.findall(rf"{name}{{([^}}]*)}}", expression)
            assert {label for text in labels for label in re.findall(r"([a-z]+)[=!]", text)} <= {*metric.labels, "job"}
    assert len(found) > 25
    page = (ROOT / "docs" / "how-to" / "watch-the-hub.md").read_text()
    alerts = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert [alert for alert in alerts if f"`{alert}`" not in page] == []
    assert set(re.findall(r"`(?:time\(\) - )?(hub_[a-z_]+)`", page)) <= own.keys()


def test_a_real_prometheus_scrapes_and_evaluates(hub: WatchedHub, tmp_path: Path) -> None:
    find_program("prometheus")
    hub.ask({"query": NAMED, "variables": {"personalId": hub.personal_id}}, x_hub_purpose="identify")
    with run_prometheus(tmp_path, {"hub:9464": hub.metrics, "worker:9464": "127.0.0.1:1"}) as prometheus:
        series = prometheus.wait_for('hub_requests_total{operation="IdentifyByIdentifier", outcome="ok"}')
        assert float(series[0]["value"][1]) == hub.read("hub_requests_total", operation="IdentifyByIdentifier", outcome="ok")  # fmt: skip
        assert prometheus.query('up{job="hub-serve"}')[0]["value"][1] == "1"
        # The worker of this configuration does not run: the first rule says so, as one that waits.
        pending = prometheus.wait_for('ALERTS{alertname="HubDown"}')
        assert pending[0]["metric"]["job"] == "hub-worker"
