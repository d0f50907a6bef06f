"""The apps with which the benchmark compares this project's."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, jsonify, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ARTIFACT = Path(__file__).resolve().parent.parent.parent / "model" / "artifact"
CONSTANT = b'{"breed":"dachshund"}'


def raw(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with a constant: the least work of a WSGI app."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(CONSTANT)))])
    return [CONSTANT]


def constant() -> Flask:
    """Make a Flask app whose route returns a constant, without logs, counts or headers of its own."""
    app = Flask(__name__)

    @app.route("/api/predict", methods=["GET", "POST"])
    def predict() -> tuple[bytes, dict[str, str]]:
        return CONSTANT, {"Content-Type": "application/json"}

    return app


def tutorial() -> Flask:
    """Make an app that predicts as tutorials do, by a DataFrame and scikit-learn's interface."""
    # Imported here, so that the other apps are measured without pandas and scikit-learn.
    import pandas as pd  # noqa: PLC0415
    import xgboost  # noqa: PLC0415

    manifest = json.loads((ARTIFACT / "manifest.json").read_text())
    classifier = xgboost.XGBClassifier()
    classifier.load_model(ARTIFACT / manifest["model_file"])
    classes = [entry["key"] for entry in manifest["problem"]["classes"]]
    app = Flask(__name__)

    @app.post("/api/predict")
    def predict() -> Response:
        row = pd.DataFrame({"home_size_sqft": [request.get_json()["home_size"]]})
        probabilities = classifier.predict_proba(row)[0].tolist()
        return jsonify(dict(zip(classes, probabilities, strict=True)))

    return app
