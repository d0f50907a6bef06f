"""The state of an app, which it keeps from its start to its end, in one typed object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from model.artifact import Artifact
from model.predictor import Predictor
from model.problem.description import Problem
from webapp.config import Settings
from webapp.http.caching import Content
from webapp.http.problem_kinds import Kind

KEY = "perfect_puppy"
"""The name of the state among an app's extensions."""


@dataclass(slots=True)
class Load:
    """The requests in flight in this worker.

    Attributes:
        in_flight: received whole and not yet answered.
        peak: the highest `in_flight` since `peak` was last reset to 0.
    """

    in_flight: int = 0
    peak: int = 0


@dataclass(slots=True)
class State:
    """The app's settings, its model, and the few things that change while it serves.

    Attributes:
        static_files: the files by their path below `static/`.
        pictures: the plots and pictures of the artifact, by file name.
        kinds: the kinds of error, by slug.
        stopping: whether the worker has been told to stop.
    """

    settings: Settings
    artifact: Artifact
    predictor: Predictor
    static_files: Mapping[str, Content]
    pictures: Mapping[str, Content]
    kinds: Mapping[str, Kind]
    load: Load = field(default_factory=Load)
    stopping: bool = False

    @property
    def problem(self) -> Problem:
        """Return what is asked and answered."""
        return self.predictor.problem


def state_of(app: Flask) -> State:
    """Return the state of an app."""
    return cast(State, app.extensions[KEY])


def current_state() -> State:
    """Return the state of the app that answers the current request."""
    return state_of(current_app)
