"""How far a replica is behind, by what it and its primary say."""

import pytest

from hub.errors import HubMisconfigured
from hub.settings import Settings
from hub.store.connections.replica_positions import (
    PrimaryPositions,
    ReplicaFault,
    ReplicaState,
    ServerPosition,
    read_replica_urls,
)

CLOCK = 1_000_000.0
"""What the primary's own clock shows at 0 of ours."""


def primary_at(seconds: float, wal: int) -> ServerPosition:
    return ServerPosition("cluster 5", False, wal, CLOCK + seconds, None)


def replica_at(wal: int, committed: float | None = None, database: str = "cluster 5") -> ServerPosition:
    # A replica's own clock may show anything.
    return ServerPosition(database, True, wal, 7.0, None if committed is None else CLOCK + committed)


def judge(
    replica: ServerPosition,
    at: float,
    *known: tuple[float, int],
    before: tuple[float, ServerPosition] | None = None,
) -> ReplicaState:
    positions = PrimaryPositions()
    for seconds, wal in known:
        positions.add(seconds, primary_at(seconds, wal))
    return positions.judge(replica, at, before=before, max_lag_s=5)


@pytest.mark.parametrize(
    ("wal", "committed", "lag_s", "fault"),
    [
        (300, None, 0.1, None),
        (301, None, 0.1, None),  # written since the primary was asked
        (300, -3600, 0.1, None),  # nothing was committed for an hour
        (299, None, 2.1, None),
        (299, 59.9, 0.2, None),  # commits say it more finely
        (299, -3600, 2.1, None),
        (200, None, 2.1, None),
        (199, None, 60.1, ReplicaFault.BEHIND),
        (199, 57, 3.1, None),
        (199, 53, 7.1, ReplicaFault.BEHIND),
        (99, None, None, ReplicaFault.BEHIND),  # from before anything that is known
        (99, 61, 0.1, None),  # a commit that the primary made after it was asked
    ],
)
def test_lag(wal: int, committed: float | None, lag_s: float | None, fault: ReplicaFault | None) -> None:
    state = judge(replica_at(wal, committed), 60.1, (0, 100), (58, 200), (60, 300))
    assert state.fault is fault
    assert state.lag_s == (None if lag_s is None else pytest.approx(lag_s))


def test_what_a_replica_has_grows_old_while_the_primary_is_silent() -> None:
    assert judge(replica_at(100), 4.9, (0, 100)).fault is None
    assert judge(replica_at(100), 5.1, (0, 100)).fault is ReplicaFault.BEHIND


def test_others_than_replicas_are_left_out() -> None:
    assert judge(primary_at(1, 100), 1, (0, 100)).fault is ReplicaFault.PROMOTED
    assert judge(replica_at(100, database="cluster 6"), 1, (0, 100)).fault is ReplicaFault.OTHER_DATABASE
    assert judge(replica_at(100), 1).fault is ReplicaFault.NO_PRIMARY
    positions = PrimaryPositions()
    positions.add(0, replica_at(100))
    assert positions.judge(replica_at(100), 1, max_lag_s=5).fault is ReplicaFault.NO_PRIMARY


def test_a_replica_that_has_more_than_its_primary_has_followed_another_one() -> None:
    before = (0.5, replica_at(150))
    assert judge(replica_at(150), 1.1, (0, 200), (1, 100), before=before).fault is ReplicaFault.AHEAD
    assert judge(replica_at(150), 1.1, (0, 100), before=before).fault is None, "the primary was asked before it"
    assert judge(replica_at(150), 1.1, (1, 150), before=before).fault is None


def test_a_fault_is_told_with_the_lag() -> None:
    state = judge(replica_at(199, 53), 60.1, (58, 200), (60, 300))
    assert state.describe_fault() == "it is too far behind the primary, by 7.1 s"
    assert judge(replica_at(99), 60.1, (60, 300)).describe_fault() == "it is too far behind the primary"


def test_urls() -> None:
    assert read_replica_urls(Settings()) == []
    given = "postgresql://a:b%2Cc@h/d, postgresql://h2/d"
    assert read_replica_urls(Settings(replica_urls=given)) == ["postgresql://a:b%2Cc@h/d", "postgresql://h2/d"]  # type: ignore[arg-type]
    for wrong in ("nonsense hidden", "postgresql://h/d,,postgresql://h/d", "mysql://a:hidden@h/d"):
        with pytest.raises(HubMisconfigured, match="HUB_REPLICA_URLS") as refused:
            read_replica_urls(Settings(replica_urls=wrong))  # type: ignore[arg-type]
        assert "hidden" not in str(refused.value)
