"""The generated province: identifiers obey their rules, rates and frequencies hold, the truth names every record, memory is bounded."""

import csv
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.exceptions import ValidationError
from stdnum.vn import mst

from hub.demo.people.lookalikes import find_near_identifiers
from hub.demo.people.name_misspellings import SLIPS
from hub.demo.people.person_names import move_tone, strip_diacritics
from hub.demo.province.data_faults import BY_SYSTEM
from hub.demo.province.generate import LARGEST, SMALLEST, ProvinceSummary, generate_province, plan_blocks
from schema.units import CHANGES_CSV
from schema.values import CertificateSerial, ParcelIdentifier, ParcelNumber, PersonalId, TaxCode, ValueRejected

CITIZENS = 12_000
MEMORY_MB = 700


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> ProvinceSummary:
    return generate_province(tmp_path_factory.mktemp("province"), CITIZENS)


def table(province: ProvinceSummary, name: str, separator: str = ",") -> pl.DataFrame:
    read = pl.read_csv(Path(province.folder) / name, separator=separator, infer_schema=False)
    return read.with_columns(pl.col("^(dirt|role)$").fill_null(""))


def csv_rows(path: Path) -> "list[dict[str, str]]":
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(province: ProvinceSummary, name: str) -> "list[dict[str, object]]":
    return [orjson.loads(line) for line in (Path(province.folder) / name).read_bytes().splitlines()]


def citizens(province: ProvinceSummary) -> pl.DataFrame:
    """Rows of the register beside their truth, those made invalid or written twice left out."""
    truth = table(province, "truth/population.cong_dan.csv").rename({"source_id": "id"})
    clean = ~pl.col("dirt").str.contains("invalid|duplicate")
    return table(province, "population/cong_dan.csv").join(truth, on="id").filter(clean)


def test_personal_identifiers_obey_their_layout_and_are_unique(province: ProvinceSummary) -> None:
    people = citizens(province).filter(pl.col("dirt") == "")
    for number, sex, born in people.select("so_dinh_danh", "gioi_tinh", "ngay_sinh").iter_rows():
        year = int(born[-4:])
        assert PersonalId.parse(number) == number
        assert int(number[3]) == (year // 100 - 19) * 2 + (sex == "Nữ")
        assert int(number[4:6]) == year % 100
    keys = table(province, "truth/population.cong_dan.csv")["subject_key"]
    assert keys.n_unique() == CITIZENS
    assert 0.8 < (people["so_dinh_danh"].str.slice(0, 3) == "022").mean() < 0.95


def test_most_born_before_2003_have_a_former_number_and_nobody_later(province: ProvinceSummary) -> None:
    people = citizens(province).with_columns(pl.col("ngay_sinh").str.slice(-4).cast(pl.Int32).alias("year"))
    assert (
        people.filter(pl.col("year") >= 2003)["so_cmnd_cu"].null_count() == people.filter(pl.col("year") >= 2003).height
    )
    assert 0.8 < 1 - people.filter(pl.col("year") < 2003)["so_cmnd_cu"].is_null().mean() < 0.97


def test_tax_codes_have_their_check_digit_but_for_the_rows_made_invalid(province: ProvinceSummary) -> None:
    payers = table(province, "finance/nguoi_nop_thue.csv", ";").join(
        table(province, "truth/finance.nguoi_nop_thue.csv").rename({"source_id": "ma_so"}), on="ma_so"
    )
    refused = set()
    for number, code, dirt in payers.select("ma_so", "mst", "dirt").iter_rows():
        made_invalid = "invalid_tax_code" in (dirt or "")
        try:
            TaxCode.parse(code)
            assert len(code) == 12 or mst.validate(code) == code
        except (ValueRejected, ValidationError):
            assert made_invalid
            refused.add(number)
        else:
            assert not made_invalid
    assert refused


@pytest.mark.parametrize(
    ("name", "percent"), [("Nguyễn", 38), ("Trần", 11), ("Lê", 9.5), ("Phạm", 7), ("Phan", 4.5), ("Đặng", 2)]
)
def test_family_names_have_their_published_frequency(province: ProvinceSummary, name: str, percent: float) -> None:
    families = citizens(province).filter(pl.col("dirt") == "")["ho_va_ten"].str.split(" ").list.first()
    assert (families == name).mean() * 100 == pytest.approx(percent, rel=0.12, abs=0.5)


def test_households_ages_and_groups_are_those_of_the_province(province: ProvinceSummary) -> None:
    people = citizens(province)
    age = 2026 - people["ngay_sinh"].str.slice(-4).cast(pl.Int32)
    assert 0.20 < (age < 15).mean() < 0.28
    assert 0.09 < (age >= 60).mean() < 0.17
    assert (people["dan_toc"] == "Kinh").mean() == pytest.approx(0.88, abs=0.025)
    assert CITIZENS / table(province, "population/ho_gia_dinh.csv").height == pytest.approx(3.5, abs=0.15)


def test_children_bear_the_fathers_family_name(province: ProvinceSummary) -> None:
    members = table(province, "population/thanh_vien_ho.csv").with_columns(
        pl.col("ho_va_ten").str.split(" ").list.first().alias("family")
    )
    fathers = members.filter(pl.col("quan_he") == "Chồng").select("ma_ho", father="family")
    children = members.filter(pl.col("quan_he") == "Con").join(fathers, on="ma_ho")
    # Not every one, since this office too misspells some names.
    assert children.height > 100
    assert (children["family"] == children["father"]).mean() > 0.93


def test_husband_and_wife_name_each_other(province: ProvinceSummary) -> None:
    truth = table(province, "truth/population.hon_nhan.csv").with_columns(pl.col("role").fill_null(""))
    own = dict(truth.filter(pl.col("role") == "").select("source_id", "subject_key").iter_rows())
    pairs = {
        (own[row], spouse)
        for row, spouse in truth.filter(pl.col("role") == "vo_chong").select("source_id", "subject_key").iter_rows()
    }
    living = set(truth["subject_key"])
    assert len(pairs) > CITIZENS / 4
    assert all((wife, husband) in pairs for husband, wife in pairs if wife in living)


@pytest.mark.parametrize("size", [SMALLEST, CITIZENS])
def test_homonyms_born_in_one_year_in_one_commune_exist(size: int, tmp_path: Path) -> None:
    made = generate_province(tmp_path, size)
    homonyms: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for name, born, commune, key in (
        citizens(made).select("ho_va_ten", "ngay_sinh", "dia_chi", "subject_key").iter_rows()
    ):
        homonyms[name, born[-4:], commune.partition(", ")[2].partition(", ")[2]].add(key)
    assert sum(len(keys) > 1 for keys in homonyms.values()) >= 2


@pytest.mark.parametrize("size", [SMALLEST, CITIZENS])
def test_some_are_registered_twice_and_the_truth_says_which_rows_are_one(size: int, tmp_path: Path) -> None:
    made = generate_province(tmp_path, size)
    rows = {row["id"]: row for row in csv_rows(tmp_path / "population/cong_dan.csv")}
    truth = {row["source_id"]: row for row in csv_rows(tmp_path / "truth/population.cong_dan.csv")}
    pairs = csv_rows(tmp_path / "truth/population.duplicates.csv")
    assert 3 <= len(pairs) <= 3 + size / 500
    assert made.rows["truth/population.duplicates.csv"] == len(pairs)
    for pair in pairs:
        second, first = rows[pair["source_id"]], rows[pair["same_as"]]
        assert truth[second["id"]]["subject_key"] == truth[first["id"]]["subject_key"] == pair["subject_key"]
        assert second["so_dinh_danh"] != first["so_dinh_danh"]
        assert PersonalId.parse(second["so_dinh_danh"])[3:6] == pair["subject_key"][3:6]
        assert ("missing_former" in pair["dirt"]) <= (second["so_cmnd_cu"] == "")
    # Each of the three forms: all else the same, no former number, the year alone.
    assert {pair["dirt"].removeprefix("registered_twice") for pair in pairs} >= {"", ";missing_former", ";year_only"}
    numbers = Counter(row["so_dinh_danh"] for row in rows.values() if "duplicate" not in truth[row["id"]]["dirt"])
    assert numbers.most_common(1)[0][1] == 1


@pytest.mark.parametrize("size", [SMALLEST, CITIZENS])
def test_the_truth_lists_homonyms_of_every_block(size: int, tmp_path: Path) -> None:
    generate_province(tmp_path, size)
    people = {row["id"]: row for row in csv_rows(tmp_path / "population/cong_dan.csv")}
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in csv_rows(tmp_path / "truth/population.homonyms.csv"):
        groups[row["group"]].append(people[row["source_id"]])
    assert {group.partition("-")[0] for group in groups} == {str(block.number) for block in plan_blocks(size, 22)}
    for homonyms in groups.values():
        assert len({row["so_dinh_danh"] for row in homonyms}) > 1
        assert len({row["ngay_sinh"][-4:] for row in homonyms if row["ngay_sinh"] != "31/02/1980"}) == 1


def test_a_birth_names_the_parents_and_neither_is_the_child(province: ProvinceSummary) -> None:
    truth = table(province, "truth/population.khai_sinh.csv")
    parents: dict[str, dict[str, str]] = defaultdict(dict)
    for row, role, key in truth.select("source_id", "role", "subject_key").iter_rows():
        parents[row][role] = key
    assert len(parents) > CITIZENS / 10
    for who in parents.values():
        assert "" in who
        assert len(who) >= 2
        assert len(set(who.values())) == len(who)
        assert int(who.get("me", "0001")[3]) % 2 == 1
        assert int(who.get("cha", "0000")[3]) % 2 == 0


def test_some_births_are_registered_late_and_some_deaths_not_at_all(province: ProvinceSummary) -> None:
    births = table(province, "truth/population.khai_sinh.csv").filter(pl.col("role") == "")
    assert 0.03 < births["dirt"].str.contains("late").mean() < 0.1
    dead = table(province, "population/cong_dan.csv").filter(pl.col("ngay_mat").is_not_null()).height
    assert 0.7 * dead < table(province, "population/khai_tu.csv").height < dead


def test_what_was_assessed_from_a_slip_names_it_and_a_gift_is_exempt(province: ProvinceSummary) -> None:
    slips = {str(slip["so_phieu"]): slip for slip in lines(province, "land/phieu-chuyen.jsonl")}
    owed = table(province, "finance/nghia_vu_thue_chuyen_quyen.csv", ";")
    assert 0 < len(set(owed["so_phieu_chuyen"])) <= len(slips)
    assert set(owed["so_phieu_chuyen"]) <= set(slips)
    waived = set(table(province, "finance/mien_giam.csv", ";")["so_thong_bao"])
    exempt = owed.filter(pl.col("trang_thai") == "Được miễn")
    assert exempt.height > 0
    assert set(exempt["so_thong_bao"]) <= waived
    assert {slips[number]["loai"] for number in exempt["so_phieu_chuyen"]} <= {"Tặng cho", "Thừa kế", "khac"}


def test_records_of_the_insurance_system_are_in_the_order_of_their_keys(province: ProvinceSummary) -> None:
    """Its look-up searches by halves."""
    for name in ("luong-huu", "the-bhyt", "giay-chung-sinh"):
        keys = [int(str(row["maHoSo"])) for row in lines(province, f"insurance/{name}.jsonl")]
        assert keys == sorted(set(keys))
        assert len(keys) > CITIZENS / 100


def test_records_of_those_who_moved_away_are_nobodys(province: ProvinceSummary) -> None:
    registered = set(table(province, "population/cong_dan.csv")["so_dinh_danh"])
    truth = {
        row["source_id"]: row
        for row in csv_rows(Path(province.folder) / "truth/land.quyen-su-dung-dat.csv")
        if row["role"] == "chu_su_dung"
    }
    gone = [r for r in lines(province, "land/quyen-su-dung-dat.jsonl") if "moved_away" in truth[str(r["id"])]["dirt"]]
    assert 0 < len(gone) < 0.01 * len(truth)
    for right in gone:
        assert truth[str(right["id"])]["subject_key"] == ""
        assert right["chu_su_dung"]["so_giay_to"] not in registered  # type: ignore[index]


def test_a_spouses_number_is_that_of_another_who_is_registered(province: ProvinceSummary) -> None:
    registered = set(table(province, "truth/population.cong_dan.csv")["subject_key"])
    written = dict(table(province, "finance/nguoi_nop_thue.csv", ";").select("ma_so", "so_giay_to").iter_rows())
    for right in lines(province, "land/quyen-su-dung-dat.jsonl"):
        written[str(right["id"])] = right["chu_su_dung"]["so_giay_to"]  # type: ignore[index]
    found = [
        row
        for file in ("finance.nguoi_nop_thue", "land.quyen-su-dung-dat")
        for row in csv_rows(Path(province.folder) / f"truth/{file}.csv")
        if "spouse_identifier" in row["dirt"]
    ]
    assert found
    for row in found:
        assert written[row["source_id"]] in registered - {row["subject_key"]}


def test_a_near_identifier_is_that_of_a_living_person_and_one_of_its_last_six_digits_off() -> None:
    numbers = np.asarray([22_080_123_456, 22_080_123_956, 22_081_123_456, 22_080_123_457, 22_080_999_999])
    alive = np.asarray([True, True, True, False, True])
    assert find_near_identifiers(numbers, alive).tolist() == [1, 0, -1, 0, -1]


def test_businesses_go_by_their_own_names_in_tax_records(province: ProvinceSummary) -> None:
    names = {str(firm["ten"]) for firm in lines(province, "business/doanh-nghiep.jsonl")}
    payers = table(province, "finance/nguoi_nop_thue.csv", ";").filter(pl.col("loai").is_in(["HKD", "DN"]))
    assert payers.height > 100
    assert set(payers["ten"]) <= names


def test_land_dirt_is_as_frequent_as_its_table_says(province: ProvinceSummary) -> None:
    truth = table(province, "truth/land.quyen-su-dung-dat.csv").filter(pl.col("role") == "chu_su_dung")
    share = {
        kind: truth["dirt"].fill_null("").str.contains(kind).mean()
        for kind in ("year_only", "missing_identifier", "typo_identifier", "upper_case")
    }
    rates = BY_SYSTEM["land"]
    assert share["year_only"] == pytest.approx(rates.year_only, rel=0.1)
    assert share["missing_identifier"] == pytest.approx(rates.missing_identifier, rel=0.25)
    assert share["typo_identifier"] == pytest.approx(rates.typo_identifier, rel=0.4)
    assert share["upper_case"] == pytest.approx(rates.upper_case, rel=0.2)


def test_clean_rows_of_land_and_parcel_numbers_obey_their_rules(province: ProvinceSummary) -> None:
    truth = {row["source_id"]: row for row in csv_rows(Path(province.folder) / "truth/land.thua-dat.csv")}
    keys, identifiers = Counter(row["subject_key"] for row in truth.values()), set()
    assert keys.most_common(1)[0][1] == 1
    renumbered = 0
    for parcel in lines(province, "land/thua-dat.jsonl"):
        row = truth[str(parcel["id"])]
        if "invalid" in row["dirt"]:
            continue
        number = f"{parcel['ma_xa']}@{parcel['ngay_ma_xa']}:{parcel['so_to']}:{parcel['so_thua']}"
        assert ParcelNumber.parse(number) == row["subject_key"]
        renumbered += "@2025-07-01:" in row["subject_key"]
        if parcel["ma_dinh_danh_thua"]:
            identifiers.add(ParcelIdentifier.parse(str(parcel["ma_dinh_danh_thua"])))
    assert renumbered / len(truth) == pytest.approx(0.35, abs=0.03)
    assert len(identifiers) > len(truth) / 4


def test_each_kind_of_invalid_row_is_there_even_in_the_smallest_province(tmp_path: Path) -> None:
    generate_province(tmp_path, SMALLEST)
    kinds = {
        (path.stem.partition(".")[0], kind)
        for path in (tmp_path / "truth").glob("*.csv")
        for row in csv_rows(path)
        for kind in row["dirt"].split(";")
        if kind.startswith("invalid_") or kind == "duplicate"
    }
    assert kinds >= {
        ("population", "invalid_identifier"), ("population", "invalid_commune"), ("population", "invalid_birth_date"), ("population", "duplicate"),
        ("land", "invalid_area"), ("land", "invalid_serial"), ("land", "invalid_purpose"), ("land", "invalid_issue_date"), ("land", "duplicate"),
        ("finance", "invalid_tax_code"), ("finance", "invalid_amount"), ("finance", "invalid_tax_kind"),
        ("business", "invalid_tax_code"), ("business", "invalid_legal_form"), ("business", "invalid_commune"),
    }  # fmt: skip


def test_the_truth_names_subjects_that_exist(province: ProvinceSummary) -> None:
    registers = {
        "person": set(table(province, "truth/population.cong_dan.csv")["subject_key"]),
        "household": set(table(province, "truth/population.ho_gia_dinh.csv")["subject_key"]),
        "parcel": set(table(province, "truth/land.thua-dat.csv")["subject_key"]),
        "business": set(table(province, "truth/business.doanh-nghiep.csv")["subject_key"]),
        "obligation": set(table(province, "truth/finance.nghia_vu_thue.csv")["source_id"]),
    }
    seen: Counter[str] = Counter()
    for path in (Path(province.folder) / "truth").glob("*.csv"):
        for row in csv_rows(path):
            seen[row["subject_kind"]] += 1
            assert row["subject_kind"] == "outsider" or row["subject_key"] in registers[row["subject_kind"]], path.name
    assert set(seen) == {*registers, "outsider"}


def test_payments_make_what_the_obligation_says_was_paid(province: ProvinceSummary) -> None:
    bad = {
        row
        for row, dirt in table(province, "truth/finance.nop_tien.csv").select("source_id", "dirt").iter_rows()
        if dirt
    }
    received: Counter[str] = Counter()
    spoiled = set()
    for number, of, amount, _ in table(province, "finance/nop_tien.csv", ";").iter_rows():
        if number in bad:
            spoiled.add(of)
        else:
            received[of] += int(amount.replace(".", ""))
    states = Counter()
    for year in (2023, 2024, 2025, 2026):
        for row in table(province, f"finance/nghia_vu_thue_{year}.csv", ";").iter_rows(named=True):
            states[row["trang_thai"]] += 1
            if row["so_thong_bao"] not in spoiled:
                assert received[row["so_thong_bao"]] == int(row["da_nop"].replace(".", ""))
    assert {"Đã nộp", "Chưa nộp", "Nộp một phần", "Quá hạn", "Được miễn"} <= set(states)


@pytest.mark.parametrize("size", [SMALLEST, CITIZENS])
def test_the_showcase_citizen_is_the_same_in_every_province_and_holds_what_a_show_needs(
    size: int, tmp_path: Path
) -> None:
    made = generate_province(tmp_path, size)
    who = made.showcase_personal_id
    rights = [r for r in lines(made, "land/quyen-su-dung-dat.jsonl") if r["chu_su_dung"]["so_giay_to"] == who]  # type: ignore[index]
    whole = {row["old_code"] for row in csv_rows(CHANGES_CSV) if row["kind"] == "WHOLE"}
    assert len(rights) >= 2
    assert any(r["thua"]["ma_xa"] in whole and r["thua"]["ngay_ma_xa"] < "2025-07-01" for r in rights)  # type: ignore[index]
    assert all(CertificateSerial.parse(str(r["so_phat_hanh"])) for r in rights)
    owed = pl.concat(table(made, f"finance/nghia_vu_thue_{year}.csv", ";") for year in (2023, 2024, 2025, 2026))
    assert {"Đã nộp", "Chưa nộp"} <= set(owed.filter(pl.col("so_giay_to") == who)["trang_thai"])
    married = table(made, "population/hon_nhan.csv").filter(pl.col("so_dinh_danh") == who)
    assert married["tinh_trang"].to_list() == ["Đã kết hôn"]
    firms = lines(made, "business/doanh-nghiep.jsonl")
    assert any(
        f["trang_thai"] == "Đang hoạt động" and any(m["so_giay_to"] == who for m in f["thanh_vien"])  # type: ignore[attr-defined]  # it is a list
        for f in firms
    )
    assert who == "022080683727"


@pytest.mark.parametrize("citizens_wanted", [1_000, 10_000, 10_001, 10_999, 11_000, 999_999, 1_000_000])
def test_blocks_make_up_the_province_and_none_is_too_small(citizens_wanted: int) -> None:
    made = list(plan_blocks(citizens_wanted, 22))
    assert sum(block.size for block in made) == citizens_wanted
    assert all(block.size >= SMALLEST for block in made)
    assert [block.first_serial for block in made] == [sum(b.size for b in made[:at]) for at in range(len(made))]


@pytest.mark.parametrize("size", [0, SMALLEST - 1, LARGEST + 1])
def test_a_size_it_is_not_made_for_is_refused(size: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1,000 to 1,000,000"):
        generate_province(tmp_path / "none", size)
    assert not (tmp_path / "none").exists()


def test_memory_does_not_grow_with_the_province(tmp_path: Path) -> None:
    # Not `ru_maxrss`: a process begins it with the peak of the one that started it, which is this one with all it has loaded.
    program = (
        "import re, sys; from pathlib import Path; from hub.demo.province.generate import generate_province;"
        " generate_province(Path(sys.argv[1]), int(sys.argv[2]));"
        " print(re.search(r'VmHWM:\\s*(\\d+) kB', Path('/proc/self/status').read_text())[1])"
    )
    peak = {}
    for size in (10_000, 50_000):
        command = [sys.executable, "-c", program, str(tmp_path / str(size)), str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
        peak[size] = int(done.stdout) / 1024
    assert peak[50_000] < MEMORY_MB
    assert peak[50_000] < peak[10_000] * 1.5


SLIPS_BY_HAND = {
    "missing_middle": "Nguyễn Hoà",
    "initials": "Nguyễn T. T. Hoà",
    "given_name_first": "Hoà Thị Thu Nguyễn",
}


@pytest.mark.parametrize(("kind", "written"), SLIPS_BY_HAND.items())
def test_slips_that_are_words(kind: str, written: str) -> None:
    assert SLIPS[kind]("Nguyễn Thị Thu Hoà", 0.5) == written


@given(st.text("ABCĐabcđêồ", min_size=1, max_size=12), st.floats(0, 1, exclude_max=True))
def test_slips_of_letters_change_no_length(name: str, drawn: float) -> None:
    wrong, swapped = SLIPS["wrong_letter"](name, drawn), SLIPS["swapped_letters"](name, drawn)
    assert len(wrong) == len(swapped) == len(name)
    assert sum(a != b for a, b in zip(wrong, name, strict=True)) <= 1
    assert Counter(swapped.lower()) == Counter(name.lower())


def test_spellings() -> None:
    assert [move_tone(name) for name in ("Hoà", "Thuỷ", "Quý", "Hoàng")] == ["Hòa", "Thủy", "Quý", "Hoàng"]
    assert strip_diacritics("Đặng Thị Huệ") == "Dang Thi Hue"
