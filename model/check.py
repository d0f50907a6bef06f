"""Verify an artifact and print a summary: ``python -m model.check [FOLDER]``; ``check`` in the image."""

import sys
from pathlib import Path

from model.artifact import ARTIFACT_FOLDER, ArtifactError, read_artifact
from model.manifest import Manifest
from model.predictor import Predictor

EXIT_BAD_MODEL = 65
"""The exit status EX_DATAERR of sysexits.h, also that of a server that cannot serve the model."""


def main(arguments: list[str]) -> int:
    """Verify the artifact in a folder, by default the shipped one, and print a summary or the error."""
    folder = Path(arguments[0]) if arguments else ARTIFACT_FOLDER
    try:
        Predictor.load(folder)
        manifest = read_artifact(folder).manifest
    except ArtifactError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_BAD_MODEL
    sys.stdout.write(summary(manifest))
    return 0


def summary(manifest: Manifest) -> str:
    """Summarise a model in a few lines."""
    data, problem, metrics = manifest.data, manifest.problem, manifest.metrics
    rows = f"{data.fitted + data.held_out:,} {'simulated ' if data.simulated else ''}{problem.row.plural}"
    lines = [
        f"model      {manifest.model_version}, whole, and gives its known answers",
        f"answers    {problem.target.words}: {', '.join(entry.name for entry in problem.classes)}",
        f"asks       {', '.join(feature.name for feature in problem.features)}",
        f"data       {rows}",
        f"log loss   {metrics.log_loss:.4f} held out; {metrics.baseline['log_loss']:.4f} without a model",
    ]
    for number in problem.numbers:
        for boundary in manifest.decision_boundaries:
            at = f"{number.rounded(boundary.value)}{number.label(number.unit)}"
            below, above = problem.by_key[boundary.below].name, problem.by_key[boundary.above].name
            lines.append(f"changes    at {at} from {below} to {above}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
