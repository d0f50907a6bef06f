"""The rows that a model was judged by, which are people's, are not read when it is served."""

import shutil
from pathlib import Path

from model.artifact import ARTIFACT_FOLDER
from model.predictor import Predictor
from webapp import create_app


def test_they_are_neither_read_nor_served(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    shutil.copytree(ARTIFACT_FOLDER, folder)
    (folder / "judged.csv").write_bytes(b"damaged, which a reader would refuse")
    client = create_app({"TESTING": True, "MODEL_DIR": str(folder)}).test_client()
    assert client.get("/api/predict?home_size=900").status_code == 200
    version = Predictor.load(folder).model_version
    assert client.get(f"/model/{version}/feature-home_size.svg").status_code == 200
    assert client.get(f"/model/{version}/judged.csv").status_code == 404
