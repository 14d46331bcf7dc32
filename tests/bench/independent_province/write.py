"""Write the province: JSON Lines for each stream, the manifest that reads them, and the truth for `hub link evaluate`.

python -m tests.bench.independent_province.write FOLDER [--citizens 30000] [--heap 0.07] [--seed 1]
"""

import argparse
import csv
import json
import shutil
from pathlib import Path
from random import Random

from tests.bench.independent_province.papers import Papers
from tests.bench.independent_province.people import MERGER, Population

CONNECTOR = "independent"
VARIABLE = "INDEPENDENT_PROVINCE_FOLDER"
MANIFEST = Path(__file__).with_name("manifest.toml")

LINKS = (
    ("memberships", "member", "HouseholdMembership.member"),
    ("marriages", "person", "MaritalStatus.person"),
    ("marriages", "spouse", "MaritalStatus.spouse"),
    ("rights", "holder", "LandUseRight.holder"),
    ("rights", "parcel", "LandUseRight.parcel"),
    ("encumbrances", "parcel", "Encumbrance.parcel"),
    ("taxpayers", "party", "Taxpayer.party"),
    ("obligations", "debtor", "TaxObligation.debtor"),
    ("obligations", "parcel", "TaxObligation.parcel"),
    ("benefits", "beneficiary", "Benefit.beneficiary"),
    ("roles", "person", "BusinessRole.person"),
)
SUBJECTS = (
    ("citizens", "person", "Citizen"),
    ("households", "household", "Household"),
    ("parcels", "parcel", "Parcel"),
    ("businesses", "business", "Business"),
)


def write_province(folder: Path, citizens: int, *, heap: float = 0.07, seed: int = 1) -> Path:
    """Write a province of about so many citizens. Returns the folder; `connectors/` and `truth/` are within it.

    `heap` is the share of people registered late, on 1 January. The same arguments give the same bytes.
    """
    random = Random(f"{seed}:{citizens}:{heap}")
    papers = Papers(random, Population(random, citizens, heap))
    data, truth = folder / "data", folder / "truth"
    connector = folder / "connectors" / CONNECTOR
    for made in (data, truth, connector):
        made.mkdir(parents=True, exist_ok=True)
    shutil.copy(MANIFEST, connector / "manifest.toml")
    for stream, rows in papers.rows.items():
        with (data / f"{stream}.jsonl").open("w", encoding="utf-8") as lines:
            for row in rows:
                row |= {"unit": f"{row['unit']}@{MERGER.isoformat()}"} if "@" not in str(row.get("unit", "@")) else {}
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    _write_truth(papers, truth)
    return folder


def _write_truth(papers: Papers, folder: Path) -> None:
    for stream, rows in papers.truth.items():
        with (folder / f"{stream}.csv").open("w", encoding="utf-8", newline="") as lines:
            out = csv.writer(lines)
            out.writerow(("source_id", "role", "subject_kind", "subject_key", "dirt"))
            out.writerows(rows)
    with (folder / "twice.csv").open("w", encoding="utf-8", newline="") as lines:
        out = csv.writer(lines)
        out.writerow(("source_id", "same_as"))
        out.writerows(papers.twice)
    text = "".join(
        f'[[subjects]]\nfile = "{stream}.csv"\nkind = "{kind}"\nconnector = "{CONNECTOR}"\nstream = "{stream}"\nentity = "{entity}"\n\n'
        for stream, kind, entity in SUBJECTS
    )
    text += "".join(
        f'[[links]]\nfile = "{stream}.csv"\nrole = "{role}"\nconnector = "{CONNECTOR}"\nstream = "{stream}"\nfield = "{field}"\n\n'
        for stream, role, field in LINKS
    )
    text += f'[[duplicates]]\nfile = "twice.csv"\nconnector = "{CONNECTOR}"\nstream = "citizens"\nentity = "Citizen"\n'
    (folder / "truth.toml").write_text(text, encoding="utf-8")


def main() -> None:
    """Write one from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--citizens", type=int, default=30_000)
    parser.add_argument("--heap", type=float, default=0.07)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(write_province(given.folder, given.citizens, heap=given.heap, seed=given.seed))


if __name__ == "__main__":
    main()
