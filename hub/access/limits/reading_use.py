"""What one principal has read, as one process knows it: the last count of the store, and the reads counted here since."""

from dataclasses import dataclass, field

from hub.access.limits.rates import RateKind, Rates

MINUTE_S, HOUR_S = 60.0, 3_600.0
ENTRY_BYTES, SUBJECT_BYTES = 900, 220
"""Measured with tracemalloc: an entry without people, and one more person of it."""
PAUSING = (RateKind.SUBJECTS, RateKind.REFUSALS, RateKind.MISSES)
ReadSubject = tuple[str, int]
"""Entity and number of a row, as in a global id: ("Citizen", 12)."""


@dataclass(slots=True)
class Unsent:
    """Reads counted in this process that the store has not been told yet."""

    reads: int = 0
    refusals: int = 0
    misses: int = 0
    subjects: set[ReadSubject] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class SharedUse:
    """What the store holds of a principal, over all processes. `period` changes when an hour begins or an operator lifts a limit."""

    principal: str
    period: int
    reads: int
    subjects: int
    refusals: int
    misses: int
    minute_left_s: float
    hour_left_s: float


@dataclass(slots=True)
class ReadingUse:
    """Counts of a principal in the present minute and hour. Instants are of a monotonic clock, so nobody can set it back."""

    principal: str
    rates: Rates
    period: int = 0
    minute_ends: float = 0.0
    hour_ends: float = 0.0
    next_turn: float = 0.0
    """The earlier of the two."""
    used_at: float = 0.0
    reads: int = 0
    told_reads: int = 0
    """Those of `reads` that the store holds."""
    subjects: int = 0
    """Of the store, and those that it has not been told: a person whom another process has counted may be counted twice."""
    refusals: int = 0
    misses: int = 0
    seen: set[ReadSubject] = field(default_factory=set)
    unsent: Unsent = field(default_factory=Unsent)
    met: set[RateKind] = field(default_factory=set)
    """Limits that were met, and whose alarm is not raised yet."""
    alarmed: set[RateKind] = field(default_factory=set)
    """Limits whose alarm is raised in the present period."""
    paused_by: RateKind | None = None
    is_waiting: bool = False
    """Whether the store is to be told of it."""

    def start_windows(self, now: float) -> None:
        """Begin a minute or an hour if the last one is over."""
        if now >= self.minute_ends:
            self.reads, self.told_reads, self.minute_ends = 0, 0, now + MINUTE_S
        if now >= self.hour_ends:
            self.subjects = self.refusals = self.misses = 0
            self.seen.clear()
            self.unsent = Unsent()
            self.hour_ends, self.paused_by = now + HOUR_S, None
        self.next_turn = min(self.minute_ends, self.hour_ends)

    def add_subjects(self, people: frozenset[ReadSubject]) -> None:
        """Count people of an answer who were not seen before in this hour."""
        new = people - self.seen
        self.seen |= new
        self.unsent.subjects |= new
        self.subjects += len(new)

    def take_unsent(self) -> Unsent:
        """What the store is to be told now."""
        taken, self.unsent = self.unsent, Unsent()
        taken.reads, self.told_reads = self.reads - self.told_reads, self.reads
        return taken

    def give_back(self, taken: Unsent) -> None:
        """Keep what could not be sent for the next time."""
        self.told_reads = max(0, self.told_reads - taken.reads)
        self.unsent.refusals += taken.refusals
        self.unsent.misses += taken.misses
        self.unsent.subjects |= taken.subjects

    def merge(self, shared: SharedUse, now: float) -> None:
        """Take over what the store holds, and add the reads counted here while it answered."""
        if shared.period != self.period:
            self.period, self.seen = shared.period, set(self.unsent.subjects)
            self.alarmed.clear()
        self.minute_ends, self.hour_ends = now + shared.minute_left_s, now + shared.hour_left_s
        self.next_turn = min(self.minute_ends, self.hour_ends)
        self.reads, self.told_reads = shared.reads + self.reads - self.told_reads, shared.reads
        self.refusals = shared.refusals + self.unsent.refusals
        self.misses = shared.misses + self.unsent.misses
        self.subjects = shared.subjects + len(self.unsent.subjects)
        self.check_pause()

    def check_pause(self) -> None:
        """Pause if there is more than the rates allow, or go on if there is not."""
        counts = (self.subjects, self.refusals, self.misses)
        over = [kind for kind, count in zip(PAUSING, counts, strict=True) if count > self.rates.most(kind)]
        self.paused_by = over[0] if over else None
        self.met.update(kind for kind in over if kind not in self.alarmed)

    @property
    def size(self) -> int:
        """Estimated bytes."""
        return ENTRY_BYTES + SUBJECT_BYTES * len(self.seen)
