"""Verify an artifact and print a summary: ``python -m model.check [FOLDER]``; ``check`` in the image."""

import sys
from pathlib import Path

from model.artifact import ARTIFACT_FOLDER, ArtifactError, read_artifact
from model.manifest import Manifest
from model.predictor import Predictor

EXIT_BAD_MODEL = 65
"""The exit status EX_DATAERR of sysexits.h, also that of a server that cannot serve the model."""


def main(arguments: list[str]) -> int:
    """Verify the artifact in a folder, by default the shipped one, and print a summary or the error.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The exit status: 0, or ``EXIT_BAD_MODEL``.
    """
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
    data = manifest.data
    feature = manifest.features[0]
    metrics = manifest.metrics
    households = f"{data.fitted + data.held_out:,} {'simulated ' if data.simulated else ''}households"
    names = {breed.key: breed.name for breed in manifest.problem.classes}
    lines = [
        f"model      {manifest.model_version}, whole, and gives its known answers",
        f"breeds     {', '.join(names.values())}",
        f"data       {households}, {feature.min} to {feature.max}",
        f"log loss   {metrics.log_loss:.4f} held out; {metrics.baseline['log_loss']:.4f} without a model",
    ]
    lines += [
        f"changes    at {boundary.value:,.0f} sq ft from {names[boundary.below]} to {names[boundary.above]}"
        for boundary in manifest.decision_boundaries
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
