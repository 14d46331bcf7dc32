"""How the hub itself does (`hubState`), and what an operator does about it: `runSource`, `pauseSource`, `resumeSource`, `runLinking`."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from hub.access.callers.principals import Role
from hub.errors import OperationRefused
from hub.graph.execution.request_meter import RequestMeter
from hub.graph.schema_types.fields import Namespace, ValueField, Whole, make_field, object_type
from hub.graph.sources.hub_reads import MAX_JOBS, read_hub_state
from hub.graph.sources.rejected_rows import find_desk
from hub.graph.sources.source_fields import NOT_AN_OPERATOR, Fields
from hub.histogram import Histogram
from hub.ingest.guards.circuit_breaker import pause_source, resume_source

MAX_PAUSE_HOURS = 24 * 14
JOB: Fields = {
    "number": ("int", "Number of the job."),
    "task": ("str", "sync, replay, link, prune, corrections or quality."),
    "source": ("str | None", "The connector; null for tasks of no source."),
    "status": ("str", "doing, todo or failed."),
    "scheduledAt": ("DateTime | None", "When it is due; null if at once."),
    "attempts": ("int", "How often it was begun."),
}
PART: Fields = {
    "name": ("str", "A schema of the database."),
    "megabytes": ("float", "Its size with indexes."),
}
MODEL: Fields = {
    "name": ("str", "Name of the specification."),
    "version": ("int", "Newest version."),
    "origin": ("str", "TRAINED here, or START: shipped with the program."),
    "verdict": ("str", "ACCEPTED or REJECTED."),
    "isActive": ("bool", "Whether runs score with it."),
    "trainedAt": ("DateTime", "When it was trained."),
    "checks": ("int", "How many checks it was held to."),
    "failedChecks": ("list[str]", "Names of those that it did not meet."),
}
STATE: Fields = {
    "jobsDue": ("int", "Jobs that wait for a worker."),
    "jobsScheduled": ("int", "Jobs for later."),
    "jobsRunning": ("int", "Jobs that run."),
    "jobsFailed": ("int", "Jobs that failed and were kept."),
    "jobs": ("list[QueuedJobState]", f"At most {MAX_JOBS} of them: running, waiting, failed."),
    "workers": ("int", "Workers that are alive."),
    "lastHeartbeat": ("DateTime | None", "The last sign of a worker; null if there was none."),
    "storeParts": ("list[StorePartSize]", "Sizes of the store's parts, the largest first."),
    "rowsAddedWeek": ("int", "Rows that runs added in the last 7 days."),
    "rowsChangedWeek": ("int", "Rows that they changed."),
    "rowsDeletedWeek": ("int", "Rows that they deleted."),
    "models": ("list[LinkingModelState]", "The newest version of each linking model."),
    "linkedAt": ("DateTime | None", "When linking last ran; null if it never did."),
    "linksChanged": ("int | None", "Links that it changed; null if that is not known."),
    "validKeys": ("int", "API keys that are valid."),
    "endingKeys": ("int", "Those of them that end within 14 days."),
    "openSessions": ("int", "Sessions of people that are open."),
    "signInsToday": ("int", "Sessions that began in the last 24 hours and are kept."),
    "requests": ("int", "Requests that this process has answered."),
    "requestsRefused": ("int", "Those that it refused."),
    "requestsFailed": ("int", "Those that failed though nothing was wrong with them."),
    "requestP95Ms": ("float | None", "95 % of its requests took at most so long, by buckets; null if there was none."),
}


@strawberry.input(name="RunSourceInput", description="A source to read.")
class RunSourceInput:
    source: str = strawberry.field(description="Name of the connector.")
    full: bool = strawberry.field(default=False, description="Read everything, not only changes.")
    anyway: bool = strawberry.field(
        default=False, description="Also if it is paused, in maintenance, or its circuit is open."
    )


@strawberry.input(name="PauseSourceInput", description="A source to leave alone for some time.")
class PauseSourceInput:
    source: str = strawberry.field(description="Name of the connector.")
    hours: int = strawberry.field(description=f"For how long, up to {MAX_PAUSE_HOURS}.")


@strawberry.input(name="ResumeSourceInput", description="A source to read again.")
class ResumeSourceInput:
    source: str = strawberry.field(description="Name of the connector.")


def hub_state_fields(names: Namespace) -> dict[str, Any]:
    """The root field of Query; its types are added to `names`."""
    for name, about, fields in (
        ("QueuedJobState", "A job of the queue.", JOB),
        ("StorePartSize", "A part of the store.", PART),
        ("LinkingModelState", "A linking model.", MODEL),
        ("HubState", "How the hub does: queue, store, linking, keys, and the requests of the process that answers.", STATE),
        ("JobAnswer", "What became of a job.", {"isQueued": ("bool", "False if the same job already waits.")}),
        ("SourcePause", "A source that is left alone.", {"source": ("str", "Name of the connector."), "until": ("DateTime | None", "Until when; null if it is read again.")}),
    ):  # fmt: skip
        made = {
            n: make_field(ValueField, kind, names, graphql=n, description=text) for n, (kind, text) in fields.items()
        }
        names[name] = object_type(name, about, made)

    async def hub_state(info: Info[Any, Any]) -> Any:
        find_operator(info)
        found = await find_desk(info).run(read_hub_state)
        return Whole(found | count_requests(info.context.executor.meter))

    hub_state.__annotations__["return"] = names["HubState"]
    about = "How the hub does. For operators."
    return {"hub_state": strawberry.field(resolver=hub_state, name="hubState", description=about)}


def hub_state_mutations(names: Namespace) -> dict[str, Any]:
    """The root fields of Mutation, by the name of their resolver."""

    async def run_source(info: Info[Any, Any], input: Any) -> Any:
        from hub.ingest.run.connector_run import RunChoices
        from hub.jobs.queue import SYNC_TASK, QueuedJob, build_sync_arguments, build_sync_lock

        find_operator(info)
        name = _find_source(info, input.source)
        _note(info, "run", name)
        arguments = build_sync_arguments(name, RunChoices(full=input.full, anyway=input.anyway))
        job = QueuedJob(SYNC_TASK, arguments, build_sync_lock(name), is_single=True)
        (queued,) = await find_desk(info).queue([job])
        return Whole(isQueued=queued)

    async def run_linking(info: Info[Any, Any]) -> Any:
        from hub.jobs.queue import LINK_TASK, QueuedJob

        find_operator(info)
        (queued,) = await find_desk(info).queue([QueuedJob(LINK_TASK, {}, LINK_TASK, is_single=True)])
        return Whole(isQueued=queued)

    async def pause(info: Info[Any, Any], input: Any) -> Any:
        find_operator(info)
        name, by = _find_source(info, input.source), info.context.caller.known.id
        if find_desk(info).manifests[name].follows:
            raise OperationRefused(
                "the source is followed all the time, and cannot be paused from here",
                code="BAD_USER_INPUT",
                next_step="start the worker without following it: `hub worker --no-follow`",
            )
        if not 1 <= input.hours <= MAX_PAUSE_HOURS:
            raise OperationRefused(
                f"hours must be 1 to {MAX_PAUSE_HOURS}",
                code="BAD_USER_INPUT",
                next_step="pause it again before that ends",
            )
        until = datetime.now(UTC) + timedelta(hours=input.hours)
        _note(info, "pause", name)
        await find_desk(info).run(lambda c: pause_source(c, name, until, by))
        return Whole(source=name, until=until.isoformat())

    async def resume(info: Info[Any, Any], input: Any) -> Any:
        find_operator(info)
        name = _find_source(info, input.source)
        _note(info, "resume", name)
        await find_desk(info).run(lambda c: resume_source(c, name))
        return Whole(source=name, until=None)

    made: Sequence[tuple[Any, str, Any, str, str]] = (
        (run_source, "runSource", RunSourceInput, "JobAnswer", "Queue a read of a source, which a worker runs. For operators."),
        (run_linking, "runLinking", None, "JobAnswer", "Queue linking, which a worker runs. For operators."),
        (pause, "pauseSource", PauseSourceInput, "SourcePause", "Leave a source alone: runs are deferred until then. For operators."),
        (resume, "resumeSource", ResumeSourceInput, "SourcePause", "Read a source again: ends its pause, and closes its circuit. For operators."),
    )  # fmt: skip
    found = {}
    for resolver, name, given, returned, about in made:
        if given is not None:
            resolver.__annotations__["input"] = Annotated[given, strawberry.argument(description="The source.")]
        resolver.__annotations__["return"] = names[returned]
        found[resolver.__name__] = strawberry.mutation(resolver=resolver, name=name, description=about)
    return found


def find_operator(info: Info[Any, Any]) -> None:
    """Raises OperationRefused if the caller is no operator."""
    if Role.OPERATOR not in info.context.caller.known.roles:
        raise NOT_AN_OPERATOR


def count_requests(meter: RequestMeter) -> dict[str, Any]:
    """What this process has answered since it started."""
    outcomes: Counter[str] = Counter()
    for (_, _, (outcome, _)), count in list(meter.results.items()):
        outcomes[outcome] += count
    return {
        "requests": outcomes.total(),
        "requestsRefused": outcomes["refused"],
        "requestsFailed": outcomes["failed"],
        "requestP95Ms": find_p95_ms(list(meter.durations.values())),
    }


def find_p95_ms(durations: Sequence[Histogram]) -> float | None:
    """The upper bound of the bucket that the 95th percentile is in, in milliseconds; the largest bound if it is above all."""
    total = sum(one.count for one in durations)
    if not total:
        return None
    seen = 0
    for place, bound in enumerate(durations[0].bounds):
        seen += sum(one.counts[place] for one in durations)
        if seen >= 0.95 * total:
            return bound * 1000
    return durations[0].bounds[-1] * 1000


def _find_source(info: Info[Any, Any], name: str) -> str:
    if name not in find_desk(info).manifests:
        raise OperationRefused("there is no such source", code="BAD_USER_INPUT", next_step="take a name from `sources`")
    return name


def _note(info: Info[Any, Any], action: str, source: str) -> None:
    info.context.reading.details = {"action": action, "source": source}
