"""Models on engines that really run: what is learned and weighed, on DuckDB and on Spark, and the FEBRL data sets."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hub.errors import HubError, HubMisconfigured
from hub.link.model.commune_neighbours import add_surroundings
from hub.link.model.frozen import Model, from_bytes
from hub.link.model.render import render_splink_settings
from hub.link.model.roles import ColumnRole, map_roles
from hub.link.model.scoring.backends import Backend, open_backend, open_configured_backend
from hub.link.model.scoring.decide import PairBand, one_to_many
from hub.link.model.scoring.prepare import prepare_records
from hub.link.model.scoring.score import score_pairs
from hub.link.model.spec import Block, By, Comparison, Is, Level
from hub.link.model.training import train
from hub.link.model.training.train import train_model
from hub.link.normalise.party import party_features
from hub.settings import load_settings
from tests.febrl import Found, febrl_3, febrl_4
from tests.system.models.stated_model import stated

ROLES = {
    "first": ColumnRole.GIVEN_NAME,
    "last": ColumnRole.SURNAME,
    "born": ColumnRole.BIRTH_DATE,
    "number": ColumnRole.IDENTIFIER,
    "town": ColumnRole.WORDS,
}
SMALL = map_roles("people", "id", ROLES)
SPEC = replace(SMALL, training=replace(SMALL.training, pairs=60_000))
FIRST = ("hoà", "lan", "minh", "nga", "phúc", "quang", "sơn", "thảo", "uyên", "vân", "anh", "bình")
LAST = ("nguyễn",) * 8 + ("trần",) * 4 + ("lê",) * 3 + ("phạm", "đỗ", "hồ", "ngô", "lý")


def people(count: int, seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    days = draw.integers(0, 20_000, count)
    return pl.DataFrame({
        "id": [f"p{at:04}" for at in range(count)],
        "first": draw.choice(FIRST, count),
        "last": draw.choice(LAST, count),
        "born": pl.Series(days).cast(pl.Int32).cast(pl.Date),
        "number": [f"{number:09}" for number in draw.integers(0, 10**9, count)],
        "town": draw.choice(("hạ long", "cẩm phả", "uông bí", "móng cái"), count),
    })  # fmt: skip


def damaged(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The same people as another office wrote them: numbers mistyped or left out, towns changed, dates swapped, names bare."""
    draw = np.random.default_rng(seed)
    luck = {name: pl.Series(draw.random(len(frame))) for name in ("number", "town", "born", "last")}
    swapped = pl.col("born").dt.strftime("%Y%d%m")
    return frame.with_columns(
        id=pl.col("id").str.replace("p", "q"),
        number=pl.when(pl.lit(luck["number"]) < 0.1).then(None)
        .when(pl.lit(luck["number"]) < 0.2).then(pl.col("number").str.head(7) + "0" + pl.col("number").str.tail(1))
        .otherwise("number"),
        town=pl.when(pl.lit(luck["town"]) < 0.1).then(pl.lit("hải phòng")).otherwise("town"),
        born=pl.when(pl.lit(luck["born"]) < 0.1).then(swapped).otherwise(pl.col("born").dt.strftime("%Y%m%d")),
        last=pl.when(pl.lit(luck["last"]) < 0.1).then(pl.col("last").str.replace("ễ", "e")).otherwise("last"),
    )  # fmt: skip


LEFT = damaged(people(400, 1), 2)
RIGHT = people(400, 1)


@pytest.fixture(scope="module")
def model(duck: Backend) -> Model:
    return train_model(SPEC, LEFT, RIGHT, backend=duck)


@pytest.fixture(scope="module")
def scored(duck: Backend, model: Model) -> pl.DataFrame:
    return score_pairs(model, LEFT, RIGHT, backend=duck, floor=0.001)


def test_damaged_records_find_their_own(scored: pl.DataFrame) -> None:
    accepted = one_to_many(scored, SPEC.bands).filter(pl.col("band") == PairBand.ACCEPT)
    assert (accepted["left_key"].str.slice(1) == accepted["right_key"].str.slice(1)).all()
    assert len(accepted) >= 0.97 * len(LEFT)


def test_training_again_gives_the_same_bytes_and_the_order_of_rows_does_not_matter(duck: Backend, model: Model) -> None:
    again = train_model(SPEC, LEFT.reverse(), RIGHT.sample(fraction=1, shuffle=True, seed=3), backend=duck)
    assert again.to_bytes() == model.to_bytes()


def splink_weights(model: Model, left: pl.DataFrame, right: pl.DataFrame | None, backend: Backend) -> pl.DataFrame:
    """What Splink itself predicts with a model: the pairs and their weights."""
    sides = [prepare_records(model.spec, frame) for frame in (left, right) if frame is not None]
    rates = {
        of: {name: [getattr(one, of) for one in learned] for name, learned in model.learned.items()} for of in "mu"
    }
    options = render_splink_settings(
        model.spec, backend.dialect, linking=right is not None, prior=model.prior, m=rates["m"], u=rates["u"]
    )
    with backend.linker(sides, options) as linker:
        for column, frozen in model.frequencies.items():
            values = pl.concat([side[column] for side in sides]).drop_nulls().unique()
            known = [frozen.values.get(value, frozen.rarest) for value in values]
            table = backend._load(linker._db_api, f"frequency_{column}", pl.DataFrame({column: values, f"tf_{column}": known}))  # fmt: skip
            linker.table_management.register_term_frequency_lookup(table, column)
        found = linker.inference.predict(threshold_match_probability=0.001, warning_mode="never")
        return backend.frame(f"select unique_id_l, unique_id_r, match_weight from {found.physical_name}")


def parties(seed: int) -> pl.DataFrame:
    """Persons whose names, days, numbers, places and households agree by chance."""
    draw = np.random.default_rng(seed)
    days, addresses = ("1980-05-01", "1980-01-05", "1979-05-01", "1980", "1981"), ("Tổ 5, khu 2, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh", "phường Hà Tu, tỉnh Quảng Ninh")  # fmt: skip
    written = pl.DataFrame({
        "key": [f"{seed}-{at:03}" for at in range(120)],
        "kind": "PERSON",
        "name": draw.choice(("Nguyễn Văn An", "Nguyễn Văn Ân", "Nguyen Van An", "Văn An Nguyễn", "Trần Thị Hoà", "Trần T. H.", "Lê An"), 120),
        "birth_date": draw.choice(days, 120),
        "identifier": draw.choice(("022080000001", "022080000011", "022180000002", "100000001", "100000011", ""), 120),
        "tax_code": pl.Series([None] * 120, dtype=pl.String),
        "address": draw.choice(addresses, 120),
        "unit_code": pl.Series([None] * 120, dtype=pl.String),
    })  # fmt: skip
    companions = [[f"HK{number}" for number in draw.choice(5, draw.choice(3), replace=False)] for _ in range(120)]
    return add_surroundings(party_features(written)).with_columns(
        pl.Series("companions", companions, dtype=pl.List(pl.String))
    )


@pytest.mark.parametrize("linking", [True, False])
@pytest.mark.parametrize("of", ["people", "parties"])
def test_pairs_and_their_weights_are_those_of_splink(duck: Backend, model: Model, of: str, linking: bool) -> None:
    if of == "parties":
        model, left, right = stated(), parties(1), parties(2)
    else:
        left, right = LEFT, RIGHT.with_columns(pl.col("born").dt.strftime("%Y%m%d"))
    if not linking:
        left, right = pl.concat([left, right]), None
    found = score_pairs(model, left, right, backend=duck, floor=0.001)
    expected = splink_weights(model, left, right, duck)
    both = found.join(expected, left_on=["left_key", "right_key"], right_on=["unique_id_l", "unique_id_r"], how="full")
    assert len(both) == len(found) == len(expected) >= 390
    assert both.select((pl.col("weight") - pl.col("match_weight")).abs().max()).item() < 1e-9


def test_evidence_adds_up_to_the_weight_and_is_ready_for_json(scored: pl.DataFrame, model: Model) -> None:
    for row in scored.head(50).iter_rows(named=True):
        evidence = json.loads(json.dumps(row["evidence"]))
        assert [one["comparison"] for one in evidence] == ["prior", *(one.name for one in SPEC.comparisons)]
        assert sum(one["bits"] for one in evidence) == pytest.approx(row["weight"])
        assert row["probability"] == pytest.approx(1 / (1 + 2 ** -row["weight"]))
        outcomes = {one.name: one.outcomes for one in SPEC.comparisons}
        assert all(one["outcome"] in (*outcomes[one["comparison"]], "unstated") for one in evidence[1:])


def test_a_pair_weighs_the_same_whatever_other_records_there_are(
    duck: Backend, model: Model, scored: pl.DataFrame
) -> None:
    frozen = from_bytes(model.to_bytes())
    for at in range(0, 400, 80):
        part = LEFT[at : at + 7]
        alone = score_pairs(frozen, part, RIGHT, backend=duck, floor=0.001)
        whole = scored.filter(pl.col("left_key").is_in(part["id"].implode()))
        assert alone.equals(whole)
        assert not alone.is_empty()


def test_few_records_meet_what_they_would_among_all(
    duck: Backend, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = LEFT.head(20)
    monkeypatch.setattr("hub.link.model.scoring.score.FEWER", 1_000)
    among_all = score_pairs(model, few, RIGHT, backend=duck, floor=1e-6)
    monkeypatch.setattr("hub.link.model.scoring.score.FEWER", 1)
    assert score_pairs(model, few, RIGHT, backend=duck, floor=1e-6).equals(among_all)
    assert len(among_all) > 20


def test_a_rare_name_says_more_than_a_common_one_and_one_never_seen_no_less(duck: Backend, model: Model) -> None:
    names = ("nguyễn", "lý", "ông")
    frame = RIGHT.head(3).with_columns(last=pl.Series(names), number=pl.Series(["1" * 9, "2" * 9, "3" * 9]))
    found = (
        score_pairs(model, frame, frame, backend=duck)
        .sort("left_key")
        .filter(pl.col("left_key") == pl.col("right_key"))
    )
    last = [next(one["bits"] for one in row if one["comparison"] == "last") for row in found["evidence"].to_list()]
    assert last[0] < last[1] <= last[2]


def test_a_model_names_nobody_who_is_alone_with_a_name(duck: Backend) -> None:
    made = train_model(
        SPEC,
        LEFT,
        RIGHT.with_columns(last=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("âu dương")).otherwise("last")),
        backend=duck,
    )
    assert "âu dương" not in made.frequencies["last"].values
    assert "nguyễn" in made.frequencies["last"].values


def test_duplicates_are_found_within_one_frame_each_pair_once(duck: Backend) -> None:
    frame = pl.concat([RIGHT.head(300).with_columns(pl.col("born").dt.strftime("%Y%m%d")), LEFT.head(300)])
    found = score_pairs(train_model(SPEC, frame, backend=duck), frame, backend=duck)
    assert (found["left_key"] < found["right_key"]).all()
    sure = found.filter(pl.col("probability") >= 0.99)
    assert (sure["left_key"].str.slice(1) == sure["right_key"].str.slice(1)).all()
    assert len(sure) >= 290


def test_nothing_to_score_gives_no_pairs_and_nothing_to_learn_from_is_refused(duck: Backend, model: Model) -> None:
    assert (
        score_pairs(model, LEFT.clear(), RIGHT, backend=duck).schema
        == score_pairs(model, LEFT, RIGHT, backend=duck).schema
    )
    with pytest.raises(HubMisconfigured, match="no pair of records to learn from"):
        train_model(SPEC, LEFT.clear(), RIGHT, backend=duck)


def test_a_failure_of_the_engine_tells_no_value(duck: Backend, capfd: pytest.CaptureFixture[str]) -> None:
    # The names are no numbers, which the engine says together with the name.
    within = Comparison("first", (("first",),), (Level("near", (Is(By.WITHIN, ("first",), 1),)),))
    wrong = replace(SPEC, comparisons=(within, *SPEC.comparisons[1:]), blocks=(Block(("number",)),))
    with pytest.raises(HubError, match="the linking engine failed") as raised:
        train_model(wrong, LEFT, RIGHT, backend=duck)
    assert "hoà" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_the_engine_keeps_to_its_limits_and_leaves_nothing(tmp_path: object) -> None:
    with open_configured_backend(load_settings(link_memory_mb=300, link_threads=1)) as backend:
        assert backend.frame("select current_setting('memory_limit') as m, current_setting('threads') as t").row(0) == (
            "286.1 MiB",
            1,
        )
        train_model(SPEC, LEFT, RIGHT, backend=backend)
        assert backend.frame("select table_name from information_schema.tables").is_empty()
        assert not list(backend.folder.iterdir())
    assert not backend.folder.exists()


def test_an_engine_that_is_not_there_is_told_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HubMisconfigured, match="duckdb or spark"), open_backend("abacus"):
        pass
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(HubMisconfigured, match="install Java 17"), open_backend("spark"):
        pass
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with (
        pytest.raises(HubMisconfigured, match=r"run: pip install 'cross-sector-hub\[spark\]'"),
        open_backend("spark"),
    ):
        pass


@pytest.fixture
def frugal_spark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Spark spend little before it works: a hundred rows are not worth compiling queries, or planning them again as they run."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    (tmp_path / "spark-defaults.conf").write_text(
        "spark.sql.codegen.wholeStage false\n"
        "spark.sql.codegen.factoryMode NO_CODEGEN\n"
        "spark.sql.adaptive.enabled false\n"
    )
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))


@pytest.mark.timeout(900)
def test_spark_learns_and_weighs_what_duckdb_does(
    duck: Backend, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Spark plans and compiles as an installation's does. A program that runs once is not worth the Java compiler's best.
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    few = tuple(one for one in SPEC.comparisons if one.name in ("last", "born", "number"))
    over = (Block(("born_sorted",)), Block(("number",)))
    # Spark takes a second for what DuckDB takes a hundredth: few comparisons, learned over two blocks in few rounds.
    monkeypatch.setattr(train, "ROUNDS", (2,))
    monkeypatch.setattr(train, "FIRST", (1,))
    spec = replace(SPEC, comparisons=few, training=replace(SPEC.training, pairs=20_000, over=over))
    made = train_model(spec, LEFT, RIGHT, backend=duck)
    weighed = score_pairs(made, LEFT, RIGHT, backend=duck, floor=0.001)
    with open_configured_backend(load_settings(link_backend="spark", link_memory_mb=1000)) as spark:
        learned = train_model(spec, LEFT, RIGHT, backend=spark)
        found = score_pairs(learned, LEFT, RIGHT, backend=spark, floor=0.001)
    assert "spark" in learned.trained_on.versions
    assert learned.prior == pytest.approx(made.prior)
    for name, levels in made.learned.items():
        assert [one.bits for one in learned.learned[name]] == pytest.approx([one.bits for one in levels], abs=1e-6)
    both = weighed.join(found, on=["left_key", "right_key"], how="full")
    assert len(both) == len(weighed) == len(found)
    assert both.select((pl.col("weight") - pl.col("weight_right")).abs().max()).item() < 1e-6
    outcomes = pl.col("evidence").list.eval(pl.element().struct.field("outcome"))
    assert all(one.equals(two) for one, two in zip(_by_key(weighed, outcomes), _by_key(found, outcomes), strict=True))
    assert capfd.readouterr() == ("", "")


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("frugal_spark")
def test_a_cluster_of_spark_weighs_what_duckdb_does(duck: Backend, tmp_path: Path) -> None:
    people = score_pairs(stated(), parties(1).head(40), parties(2).head(40), backend=duck, floor=0.001)
    # Executors that are processes of their own, with a worker each. A shipped or stored model is applied by a session that has trained none.
    cluster = {"link_backend": "spark", "link_spark_master": "local-cluster[2,1,1024]", "link_memory_mb": 600}
    with open_configured_backend(load_settings(**cluster, link_folder=str(tmp_path))) as spark:
        assert spark.folder.parent == tmp_path
        found = score_pairs(stated(), parties(1).head(40), parties(2).head(40), backend=spark, floor=0.001)
        taken = spark.session.sparkContext.getConf()  # type: ignore[attr-defined]
        assert (taken.get("spark.executor.memory"), taken.get("spark.cores.max")) == ("600m", "2")
    assert all(one.equals(two) for one, two in zip(_by_key(people, pl.all()), _by_key(found, pl.all()), strict=True))


@pytest.mark.timeout(300)
def test_a_cluster_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.link.model.scoring.spark.EXECUTORS_WITHIN_S", 0.5)
    for master, said in (("spark:nowhere", "does not start"), ("local-cluster[0,1,1024]", "no executor within")):
        with pytest.raises(HubMisconfigured, match=said), open_backend("spark", memory_mb=600, spark_master=master):
            pass
    monkeypatch.setenv("SPARK_MASTER", "spark://127.0.0.1:7077")
    with pytest.raises(HubMisconfigured, match="set HUB_LINK_SPARK_MASTER"), open_backend("spark"):
        pass
    with pytest.raises(HubMisconfigured, match="set HUB_LINK_FOLDER"), open_backend("duckdb", folder=tmp_path / "no"):
        pass


def _by_key(pairs: pl.DataFrame, shown: pl.Expr) -> list[pl.Series]:
    return pairs.sort("left_key", "right_key").select(shown).get_columns()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("measure", [febrl_4, febrl_3])
def test_febrl_from_a_schema_mapping_alone(duck: Backend, measure: object) -> None:
    found: Found = measure(duck)  # type: ignore[operator]
    assert found.f1 >= 0.999


def few_columns(*columns: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """People and their damaged copies, with these columns alone, and names that tell more people apart."""
    draw = np.random.default_rng(7)
    names = pl.Series(
        ["".join(draw.choice(list("bcdghlmnstvx")) + draw.choice(list("aeiou")) for _ in range(3)) for _ in range(600)]
    )
    right = people(600, 5).with_columns(
        last=names.gather(draw.integers(0, 300, 600)), first=names.gather(draw.integers(0, 600, 600))
    )
    left = damaged(right, 6).with_columns(
        last=pl.when(pl.int_range(pl.len()) % 9 == 0).then(pl.col("last").str.head(4) + "zo").otherwise("last")
    )
    return left.select("id", *columns), right.select("id", *columns)


@pytest.mark.parametrize(
    ("columns", "least"),
    [(("first", "last", "born"), 0.85), (("last", "born"), 0.7), (("first", "last", "born", "town"), 0.85)],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_few_columns_are_enough_to_find_most(duck: Backend, columns: tuple[str, ...], least: float) -> None:
    left, right = few_columns(*columns)
    spec = map_roles("few", "id", {name: ROLES[name] for name in columns})
    pairs = score_pairs(train_model(spec, left, right, backend=duck), left, right, backend=duck)
    accepted = one_to_many(pairs, spec.bands).filter(pl.col("band") == PairBand.ACCEPT)
    right_ones = accepted.filter(pl.col("left_key").str.slice(1) == pl.col("right_key").str.slice(1))
    assert len(right_ones) >= least * len(left)
    assert len(right_ones) >= 0.98 * len(accepted)


def test_where_no_pair_agrees_on_all_a_prior_is_assumed(duck: Backend) -> None:
    left, right = few_columns("first", "last", "born")
    spoiled = left.with_columns(last=pl.lit("x") + pl.col("id"), first=pl.lit("y") + pl.col("id"))
    spec = map_roles("few", "id", {name: ROLES[name] for name in ("first", "last", "born")})
    model = train_model(spec, spoiled, right, backend=duck)
    assert model.prior == pytest.approx(0.1 / 600)
