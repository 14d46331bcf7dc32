"""The courier of webhooks: looks for events every few seconds, for as long as the worker runs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from hub.errors import HubError
from hub.jobs.threads import run_in_thread
from hub.settings import load_settings
from hub.store.engine import connect_for_run
from hub.webhooks.backlog import read_webhook_backlog
from hub.webhooks.delivery import WebhookCounts, deliver_events
from hub.webhooks.poster import load_poster


@dataclass
class WebhookCourier:
    """Delivers events of one store. `say` gets a line if something was delivered or failed, and a problem once, not at each look."""

    url: str
    say: Callable[[str], None]
    problem: str = ""

    async def run(self, every_s: float) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                counts = await run_in_thread(self._deliver)
                self.problem = ""
                if counts is not None and counts.is_worth_saying:
                    self.say(f"webhooks: {counts.describe()}")
            except (HubError, psycopg.Error, OSError) as error:
                self._say_once(str(error) if isinstance(error, HubError) else type(error).__name__)
            await asyncio.sleep(every_s)

    def _deliver(self) -> WebhookCounts | None:
        with connect_for_run(self.url) as connection:
            if not read_webhook_backlog(connection).waiting:
                return None
            return deliver_events(connection, load_poster(load_settings()))

    def _say_once(self, problem: str) -> None:
        if problem != self.problem:
            self.say(f"webhooks: {problem}")
        self.problem = problem
