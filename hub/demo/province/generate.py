"""Generate the demo province: `generate(folder, citizens)` writes the files of the five source systems, and the truth aside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.demo.economy import benefits
from hub.demo.economy.business import make_businesses, write_businesses
from hub.demo.economy.finance import write_finance
from hub.demo.economy.insurance import write_insurance
from hub.demo.economy.poverty import write_poor_households
from hub.demo.land.land import make_parcels, write_land
from hub.demo.land.land_transfers import make_transfers, write_slips, write_transfer_taxes
from hub.demo.land.planning_restrictions import write_restrictions
from hub.demo.people.civil_status import write_civil_status
from hub.demo.people.people import ProvinceBlock, make_people
from hub.demo.people.population import write_population
from hub.demo.province.province_files import ProvinceFiles

BLOCK_CITIZENS = 10_000
"""Citizens of a block. Part of what is generated, like the seed: nothing reaches over the edge of a block."""
TRUTH_INDEX = Path(__file__).parent / "data" / "truth.toml"
"""Says which linked field each file of truth is about."""
SMALLEST, LARGEST = 1_000, 1_000_000
SUMMARY_FILE = "province.json"

Progress = Callable[[int, int], None]
"""Called with citizens done and citizens in all."""


@dataclass(frozen=True)
class ProvinceSummary:
    """The result. `rows` is by file, within `folder`."""

    folder: str
    citizens: int
    seed: int
    showcase_personal_id: str
    rows: dict[str, int]


def generate_province(folder: Path, citizens: int, seed: int = 22, progress: Progress | None = None) -> ProvinceSummary:
    """Write the province of this size and seed into `folder`, always the same bytes. Raises ValueError for a size it is not made for."""
    if not SMALLEST <= citizens <= LARGEST:
        raise ValueError(
            f"the demo province has {SMALLEST:,} to {LARGEST:,} citizens, not {citizens:,}; choose a size between"
        )
    folder.mkdir(parents=True, exist_ok=True)
    showcase = ""
    with ProvinceFiles(folder) as out:
        for block in plan_blocks(citizens, seed):
            personal_id = _write_block(block, out)
            showcase = showcase or personal_id
            if progress:
                progress(block.first_serial + block.size, citizens)
        out.finish_workbook(benefits.BODY, benefits.FILE, "Trợ cấp", benefits.HEADER)
        out.rows[benefits.FILE] = out.rows.pop(benefits.BODY)
    (folder / "truth" / TRUTH_INDEX.name).write_bytes(TRUTH_INDEX.read_bytes())
    summary = ProvinceSummary(str(folder), citizens, seed, showcase, dict(sorted(out.rows.items())))
    (folder / SUMMARY_FILE).write_text(
        json.dumps({k: v for k, v in asdict(summary).items() if k != "folder"}, indent=1) + "\n", encoding="utf-8"
    )
    return summary


def summary_of(folder: Path) -> ProvinceSummary | None:
    """What an earlier run wrote into this folder; None if there is no finished province, or one of an older generator, whose
    truth has another index."""
    path, index = folder / SUMMARY_FILE, folder / "truth" / TRUTH_INDEX.name
    if not (path.exists() and index.exists() and index.read_bytes() == TRUTH_INDEX.read_bytes()):
        return None
    return ProvinceSummary(folder=str(folder), **json.loads(path.read_text(encoding="utf-8")))


def plan_blocks(citizens: int, seed: int) -> Iterator[ProvinceBlock]:
    """The blocks of a province of this size. A remainder too small for a block of its own joins the last."""
    count = max(1, (citizens + BLOCK_CITIZENS - SMALLEST) // BLOCK_CITIZENS)
    for number in range(count):
        start = number * BLOCK_CITIZENS
        yield ProvinceBlock(number, start, BLOCK_CITIZENS if number < count - 1 else citizens - start, seed)


def _write_block(block: ProvinceBlock, out: ProvinceFiles) -> str:
    """All systems' records of one block. Returns the identifier of its first person."""
    people = make_people(block)
    parcels, firms = make_parcels(people), make_businesses(people)
    transfers = make_transfers(people, parcels)
    write_population(people, out)
    write_civil_status(people, out)
    identifiers = write_land(people, parcels, out)
    write_restrictions(people, parcels, identifiers, out)
    write_slips(people, parcels, transfers, identifiers, out)
    write_businesses(people, firms, parcels, out)
    write_finance(people, parcels, firms, out)
    write_transfer_taxes(people, parcels, transfers, out)
    benefits.write_benefits(people, out)
    write_poor_households(people, out)
    write_insurance(people, out)
    return f"{people.personal[0]:012d}"
