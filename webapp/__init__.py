"""The web app: pages for people and a JSON API, from one predictor.

The modules that take part, in the order in which they run:
every request: server.connection, server.worker, http.proxies, http.responses, http.hosts, http.admission
POST /api/predict: api.views, http.negotiation, api.reading, model.problem.rows, model.predictor, api.schemas
GET /recommendation: pages.views, forms, entries, model.predictor, pages.verdict, reasons, chart
a batch: api.batch, http.negotiation, json_rows or csv_rows, model.problem.table, model.predictor, csv_results
every response: http.metrics, http.logs, http.outlet
a training run: train.py, problem.loading, training.dataset, pipeline, split, fitting, evaluation, card, gate
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask

from model.artifact import read_artifact
from model.predictor import Predictor
from webapp.api import batch, docs
from webapp.api import views as api
from webapp.config import ROOT, Settings, load_settings
from webapp.http import files, health, logs, metrics, problems
from webapp.http.admission import BODY_LIMIT, Admission, Lane
from webapp.http.hosts import App, Hosts
from webapp.http.problem_kinds import kinds_of
from webapp.http.proxies import trust_proxies
from webapp.http.responses import Responses
from webapp.http.state import KEY, State
from webapp.http.warm_up import warm_up
from webapp.pages import model_page
from webapp.pages import views as pages

BLUEPRINTS = (health, problems, files, pages, model_page, api, batch, docs)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the app.

    Args:
        config: settings of this app or of Flask, by their names in capitals; they override the environment.

    Raises:
        SettingError: a setting has a value the app can't run with.
        ArtifactError: the model's artifact is missing, damaged, or of a kind that this version can't serve.
    """
    overrides = dict(config or {})
    ours = {name.upper() for name in Settings.__struct_fields__}
    settings = load_settings(
        os.environ | {name: str(overrides.pop(name)) for name in ours & overrides.keys()}
    )
    app = App(__name__, static_folder=None, template_folder=ROOT / "templates")
    app.config.from_mapping(overrides)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    state = _load_state(settings)
    app.extensions[KEY] = state
    for module in BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    for middleware in reversed(_pipeline(app, state)):
        app.wsgi_app = middleware(app.wsgi_app)  # type: ignore[method-assign, assignment]
    warm_up(app)
    return app


def _pipeline(app: Flask, state: State) -> list[Callable[[WSGIApplication], WSGIApplication]]:
    """List the middleware in the order in which a request passes it; Flask's router comes last."""
    settings = state.settings
    refuse = partial(problems.refuse, app)
    return [
        partial(trust_proxies, proxies=settings.trusted_proxies),
        partial(
            Responses,
            origins=frozenset(settings.cors_origins.split()),
            model_version=state.predictor.model_version,
            observers=[metrics.counter(state.predictor), logs.observer(state)],
        ),
        partial(Hosts, refuse=refuse, allowed=settings.allowed_hosts),
        partial(
            Admission,
            refuse=refuse,
            load=state.load,
            lane=Lane(BODY_LIMIT, settings.max_in_flight),
            lanes={batch.PATH: Lane(batch.BODY_LIMIT, settings.max_batches_in_flight)},
        ),
    ]


def _load_state(settings: Settings) -> State:
    """Read the static files and, only once, the artifact, so that predictor, card and plots match."""
    folder = ROOT / settings.model_dir
    artifact = read_artifact(folder, judged=False)
    return State(
        settings=settings,
        artifact=artifact,
        predictor=Predictor.of(artifact.manifest, artifact.model, folder),
        static_files=files.read_static_files(ROOT / "static"),
        pictures=files.read_pictures(artifact.documents),
        kinds=kinds_of(artifact.manifest.problem),
    )
