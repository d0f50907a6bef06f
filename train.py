"""The training command: ``python train.py``; see ``python train.py --help``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model.artifact import ARTIFACT_FOLDER, ArtifactError, Manifest, write_artifact
from model.breeds import Breed, CatalogueError, load_breeds
from model.dataset import HOMES_FILE, DatasetError, read_homes
from model.training import train

DESCRIPTION = """\
Train the model that recommends a puppy for a home size.

Reads households from a CSV file, fits an XGBoost classifier to four fifths of them, judges it on the
rest, and writes the model that the web app serves. The same data give the same model.
"""

EPILOG = """\
examples:
  python train.py                                      the simulated households that we ship
  python train.py --data households.csv --out my-model your own

A household is a line with the size of the home and the breed that lives in it:

  home_size_sqft,breed
  1150,dachshund
  2700,german_shepherd

The size may instead be in square metres, in a column home_size_m2. Each breed must be in
model/breeds.toml; there must be two breeds or more.

exit status: 0 done, 2 the data cannot be used (and nothing was written)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a model and write it.

    Args:
        arguments: The command line without the program's name; ``sys.argv``'s by default.

    Returns:
        The exit status, 0. On bad input the process exits with 2 and a sentence on standard error.
    """
    parser = argparse.ArgumentParser(
        prog="train.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, default=HOMES_FILE, metavar="FILE", help="the CSV (model/homes.csv)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ARTIFACT_FOLDER,
        metavar="DIR",
        help="where the model goes (model/artifact)",
    )
    options = parser.parse_args(arguments)
    try:
        breeds = load_breeds()
        artifact = train(read_homes(options.data, breeds), breeds)
        write_artifact(artifact, options.out)
    except (CatalogueError, DatasetError, ArtifactError) as error:
        parser.exit(2, f"train.py: {error}\n")
    Console().print(_summary(artifact.manifest, breeds, options.out))
    return 0


def _summary(manifest: Manifest, breeds: dict[str, Breed], out: Path) -> Table:
    data, metrics = manifest.data, manifest.metrics
    table = Table(title=f"Model {manifest.model_version}", show_header=False, caption=f"written to {out}")
    table.add_row(
        "Households" + (" (simulated)" if data.simulated else ""), f"{data.fitted + data.held_out:,}"
    )
    for key, households in data.households.items():
        table.add_row(f"  {breeds[key].name}", f"{households:,}")
    table.add_row(f"On the {data.held_out:,} households held out:", "")
    table.add_row("  Accuracy", f"{metrics.accuracy:.1%}")
    table.add_row("  Log loss", f"{metrics.log_loss:.4f} nats")
    if metrics.best_log_loss is not None:
        table.add_row("  Best possible log loss", f"{metrics.best_log_loss:.4f} nats")
    for boundary in manifest.decision_boundaries:
        below, above = breeds[boundary.below].name, breeds[boundary.above].name
        table.add_row(f"{below} to {above} at", f"{boundary.home_size_sqft:,.0f} sq ft")
    return table


if __name__ == "__main__":
    sys.exit(main())
