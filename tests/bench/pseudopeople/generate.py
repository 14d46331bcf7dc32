"""Write the noisy files of pseudopeople's packaged sample: `python generate.py FOLDER SEED`, in the environment of the lock file.

The noise is the package's default; a seed gives the same files again.
"""

import sys
from pathlib import Path

import pseudopeople

FILES = {
    "census": pseudopeople.generate_decennial_census,
    "taxes": pseudopeople.generate_taxes_w2_and_1099,
    "benefits": pseudopeople.generate_women_infants_and_children,
}


def main() -> None:
    """One CSV file each, values as text, nothing where there is none."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    for name, generate in FILES.items():
        generate(seed=seed).to_csv(folder / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
