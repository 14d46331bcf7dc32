"""Logins of one database: what a web process does, it does with the login whose role may do that and no more."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.store.engine import add_silence_timeouts
from hub.store.roles import AUDITOR, CLERK, LEDGER, READER, STEWARD


@dataclass(frozen=True)
class Logins:
    """URLs of one database. The roles that their logins need are those of `hub.store.roles`.

    `reader` reads what the graph shows; `clerk` writes dossiers, decisions and sessions; `ledger` records reads;
    `auditor` reads that, for auditors and for citizens who ask who read their data. `steward` reads and answers rejected rows, and queues jobs;
    None if nobody may do that here.
    """

    reader: str
    clerk: str
    ledger: str
    auditor: str
    steward: str | None = None

    @classmethod
    def one(cls, url: str) -> "Logins":
        """One login for everything: that of the tables' owner."""
        return cls(url, url, url, url, url)

    @classmethod
    def by_role(cls, url_of: Callable[[str], str]) -> "Logins":
        """A login in each role."""
        return cls(*(url_of(role) for role in (READER, CLERK, LEDGER, AUDITOR, STEWARD)))

    def with_timeouts(self) -> "Logins":
        """The same, which notice a database that has fallen silent."""
        reader, clerk, ledger, auditor = map(add_silence_timeouts, (self.reader, self.clerk, self.ledger, self.auditor))
        steward = None if self.steward is None else add_silence_timeouts(self.steward)
        return Logins(reader, clerk, ledger, auditor, steward)
