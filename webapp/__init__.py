"""The web app: pages for people and a JSON API, from one predictor."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Request, Response
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter

from model.artifact import read_artifact
from model.predictor import Predictor
from webapp import recommend
from webapp.api import batch, docs
from webapp.api import views as api
from webapp.config import ROOT, Settings, load_settings
from webapp.http import admission, health, logs, metrics, problems, static_files
from webapp.http import headers as answer_headers
from webapp.http import page_security as security
from webapp.http.addresses import with_web_scheme
from webapp.http.admission import Lane
from webapp.http.hosts import settle_host
from webapp.pages import model_page as card
from webapp.pages import views as pages
from webapp.server.warm_up import warm_up


class App(Flask):
    """Flask, with no views or hooks that are coroutines."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Take a function as it is: Flask asks six times a request whether it is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Make the router of a request by its host, of which Flask itself takes fewer than there are.

        An address without a path has the path `/`; a request to go on as WebSocket is answered as any other.
        """
        if request is None:
            return super().create_url_adapter(None)
        settle_host(request, self.config["ALLOWED_HOSTS"])
        environ = request.environ
        return self.url_map.bind(
            request.host,
            script_name=environ["SCRIPT_NAME"],
            subdomain="",
            url_scheme=environ["wsgi.url_scheme"],
            default_method=environ["REQUEST_METHOD"],
            path_info=environ["PATH_INFO"].encode("latin-1").decode(errors="replace") or "/",
            query_args=environ["QUERY_STRING"],
        )

    def send_static_file(self, filename: str) -> Response:
        """Give a static file as it was read at the start."""
        return static_files.send(filename)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the app: defaults, then the environment, then `config`.

    Args:
        config: settings of ours or of Flask's, by their names in capitals.

    Raises:
        SettingError: a setting has a value the app can't run with.
        ArtifactError: the model's artifact is missing, damaged or not one this version serves.
    """
    overrides = dict(config or {})
    ours = {name.upper() for name in Settings.__struct_fields__}
    settings = load_settings(os.environ | {name: str(overrides[name]) for name in ours & overrides.keys()})
    app = App(__name__, static_folder=ROOT / "static", template_folder=ROOT / "templates")
    app.config.from_mapping(
        {name.upper(): getattr(settings, name) for name in Settings.__struct_fields__},
        MAX_CONTENT_LENGTH=16 * 1024,
    )
    app.config.from_mapping({name: value for name, value in overrides.items() if name not in ours})

    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["settings"] = settings
    logs.init_app(app)
    admission.init_app(app, {batch.PATH: Lane(batch.BODY_LIMIT, settings.max_batches_in_flight)})
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            with_web_scheme(app.wsgi_app), x_for=proxies, x_proto=proxies
        )
    security.init_app(app)
    problems.init_app(app)
    # Read once: card and predictor are of one model, whatever a training does meanwhile.
    folder = ROOT / settings.model_dir
    artifact = read_artifact(folder)
    recommend.init_app(app, Predictor.of(artifact.manifest, artifact.model, folder))
    card.init_app(app, artifact)
    static_files.init_app(app)
    answer_headers.init_app(app)
    metrics.init_app(app)
    for module in (health, pages, card, api, batch, docs):
        app.register_blueprint(module.blueprint)
    warm_up(app)
    return app
