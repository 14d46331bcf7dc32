"""The engines that compare: DuckDB in this process, or Spark. One path of code, chosen by a setting."""

import logging
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from hub.errors import HubError, HubMisconfigured
from hub.link.model.render import DIALECTS, Dialect
from hub.link.model.render import Settings as SplinkSettings
from hub.settings import Settings

if TYPE_CHECKING:
    from splink import Linker

SIDES = ("left", "right")
FAILED = "give it more memory or fewer records; if it fails the same way again, the model's specification asks for what the engine cannot do"


def _failed(error: Exception) -> HubError:
    """A failure of the engine, whose own words can hold a value of a row."""
    return HubError(f"the linking engine failed ({type(error.__cause__ or error).__name__})", next_step=FAILED)


class Backend(ABC):
    """An engine that is running, with a scratch folder. Frames go in under a name and come out, both as Parquet: neither engine
    then needs more than itself, and a cluster reads its share from where all its machines do."""

    dialect: Dialect

    def __init__(self, folder: Path, failures: tuple[type[Exception], ...]) -> None:
        self.folder = folder
        self.failures = failures
        """What the engine raises."""
        self._loaded = 0

    @property
    @abstractmethod
    def versions(self) -> dict[str, str]:
        """What results depend on: Splink and the engine."""

    @contextmanager
    def tables(self, frames: Mapping[str, pl.DataFrame]) -> Iterator[None]:
        """Frames as tables of these names. All of it goes from the engine afterwards."""
        try:
            for name, frame in frames.items():
                self._put(name, frame)
            yield
        except self.failures as error:
            raise _failed(error) from None
        finally:
            self._clear()

    @contextmanager
    def linker(self, sides: Sequence[pl.DataFrame], options: SplinkSettings) -> Iterator["Linker"]:
        """Splink over one frame or two, to learn from them. All of it goes from the engine afterwards."""
        from splink import Linker
        from splink.internals.exceptions import EMTrainingException, SplinkException

        # Splink tells its progress and the SQL of failures; what an engine says of a failure may hold a value of a row.
        logging.getLogger("splink").setLevel(logging.CRITICAL)
        errors: tuple[type[Exception], ...] = (SplinkException, *self.failures)
        api = self._api()
        tables = [self._load(api, f"{side}_side", frame) for side, frame in zip(SIDES, sides, strict=False)]
        try:
            yield Linker(tables, options, log_level=None, validate_settings=False)
        except EMTrainingException:
            raise
        except errors as error:
            raise _failed(error) from None
        finally:
            self._clear()

    def _load(self, api: Any, kind: str, frame: pl.DataFrame) -> Any:
        self._loaded += 1
        # Splink takes the first by name for the left side.
        name = f"{kind}_{self._loaded}"
        self._put(name, frame)
        return api.register(name, dataset_display_name=name)

    def _put(self, name: str, frame: pl.DataFrame) -> None:
        path = self.folder / f"{name}.parquet"
        frame.write_parquet(path)
        self._read(name, path)

    @abstractmethod
    def frame(self, sql: str) -> pl.DataFrame:
        """The rows of a query."""

    @abstractmethod
    def _api(self) -> Any:
        """Splink's handle of the engine."""

    @abstractmethod
    def _clear(self) -> None:
        """Forget every table, Splink's own too, of which it leaves some."""

    @abstractmethod
    def _read(self, name: str, path: Path) -> None:
        """Make a table of a file."""


class DuckDB(Backend):
    """DuckDB in memory, which spills to `folder` above its memory limit."""

    dialect = DIALECTS["duckdb"]

    def __init__(self, folder: Path, memory_mb: int, threads: int) -> None:
        import duckdb

        super().__init__(folder, (duckdb.Error,))
        self.connection = duckdb.connect(":memory:")
        for name, value in {
            "memory_limit": f"{memory_mb}MB",
            "threads": threads,
            "temp_directory": str(folder / "spill"),
            "enable_progress_bar": False,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }.items():
            self.connection.execute(f"set {name} = ?", [value])

    @property
    def versions(self) -> dict[str, str]:
        return {"splink": version("splink"), "duckdb": version("duckdb")}

    def frame(self, sql: str) -> pl.DataFrame:
        path = self.folder / "out.parquet"
        self.connection.execute(f"copy ({sql}) to '{path}' (format parquet)")
        rows = pl.read_parquet(path, memory_map=False)
        path.unlink()
        return rows

    def _api(self) -> Any:
        from splink import DuckDBAPI

        return DuckDBAPI(self.connection)

    def _clear(self) -> None:
        tables = self.connection.execute("select table_name, table_type from information_schema.tables").fetchall()
        for name, kind in tables:
            self.connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} if exists {name}")

    def _read(self, name: str, path: Path) -> None:
        self.connection.execute(f"create table {name} as select * from read_parquet('{path}')")
        path.unlink()


def open_configured_backend(settings: Settings, folder: Path | None = None) -> AbstractContextManager[Backend]:
    """The engine that the operator chose, with its scratch folder in `folder`, or where the operator wants it."""
    return open_backend(
        settings.link_backend,
        memory_mb=settings.link_memory_mb,
        threads=settings.link_threads,
        folder=folder or settings.link_folder,
        spark_master=settings.link_spark_master,
    )


@contextmanager
def open_backend(
    name: str, *, memory_mb: int = 2000, threads: int = 2, folder: Path | None = None, spark_master: str | None = None
) -> Iterator[Backend]:
    """An engine by its name, `duckdb` or `spark`, with a scratch folder within `folder` that goes with it. Raises
    HubMisconfigured for another name or folder, and if Spark, Java or the cluster is not there."""
    try:
        scratch = Path(tempfile.mkdtemp(prefix="hub-link-", dir=folder))
    except OSError as error:
        raise HubMisconfigured(
            f"linking cannot write its temporary files to {folder or tempfile.gettempdir()} ({error.strerror})",
            next_step="set HUB_LINK_FOLDER to a folder that exists and that the hub may write to",
        ) from None
    try:
        with _engine(name, scratch, memory_mb, threads, spark_master) as backend:
            yield backend
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _engine(name: str, scratch: Path, memory_mb: int, threads: int, spark_master: str | None) -> Iterator[Backend]:
    if name == "duckdb":
        duck = DuckDB(scratch, memory_mb, threads)
        with closing(duck.connection):
            yield duck
    elif name == "spark":
        # Only who chooses Spark needs it: an installation without it is whole.
        from hub.link.model.scoring.spark import open_spark_session

        with open_spark_session(scratch, memory_mb, threads, spark_master) as cluster:
            yield cluster
    else:
        raise HubMisconfigured(
            f"there is no linking engine {name}", next_step="set HUB_LINK_BACKEND to duckdb or spark"
        )
