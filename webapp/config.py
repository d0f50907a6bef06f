"""The settings, which the app reads from the environment once, at its start."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, inspect

ROOT = Path(__file__).resolve().parent.parent

_LABEL = "[A-Za-z0-9_-]{1,63}"
_HOST = rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(:[1-9][0-9]{{0,4}})?"


class SettingError(Exception):
    """An environment variable has a value that its setting does not take; the message names the variable."""


def _whole(least: int, most: int, description: str) -> Meta:
    """Describe a whole number within limits."""
    return Meta(ge=least, le=most, description=description)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. The environment variable of a setting is the name of its field in capitals."""

    bind_host: Annotated[str, Meta(description="The address to listen on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, _whole(1, 65535, "The port to listen on.")] = 8000
    web_concurrency: Annotated[int, _whole(1, 64, "How many worker processes serve.")] = 2
    model_dir: Annotated[
        str,
        Meta(description="The folder with the model's `manifest.json`, relative to the project's folder."),
    ] = "model/artifact"
    trusted_proxies: Annotated[
        int,
        _whole(
            0,
            5,
            "How many proxies stand in front, each setting `X-Forwarded-For` and `-Proto`; with 0 these "
            "headers are not read, because any client can set them.",
        ),
    ] = 0
    metrics_bind: Annotated[
        str,
        Meta(
            description="Where to show the metrics to Prometheus; never an address open to the public.",
            pattern=r"^(off|.+:[1-9][0-9]{0,4})\Z",
            extra={"takes": "HOST:PORT or off"},
        ),
    ] = "127.0.0.1:9464"
    max_in_flight: Annotated[
        int, _whole(1, 10_000, "Requests in flight in one worker; those beyond it are answered 503.")
    ] = 32
    max_batches_in_flight: Annotated[
        int, _whole(1, 1000, "Batches in flight in one worker, besides `MAX_IN_FLIGHT`; answered one by one.")
    ] = 8
    allowed_hosts: Annotated[
        str,
        Meta(
            description=(
                "The host names that are served, whatever their ports; others get a 400, except at `/livez` "
                "and `/readyz`."
            ),
            pattern=rf"^(\*|{_HOST}( {_HOST})*)\Z",
            extra={
                "takes": "* or names such as puppy.example.com, with spaces between; "
                "IPv6 in brackets, a name with other letters than a to z in punycode (xn--...)"
            },
        ),
    ] = "*"
    cors_origins: Annotated[
        str,
        Meta(
            description="Whose pages may ask the API from a browser; never with credentials.",
            pattern=r"^(\*|https?://[^\s/]+( https?://[^\s/]+)*)\Z",
            extra={"takes": "* or origins such as https://example.com, with spaces between"},
        ),
    ] = "*"
    request_seconds: Annotated[
        int, _whole(1, 300, "The time a request may take, from its first byte to its answer's last.")
    ] = 15
    stop_wait_seconds: Annotated[
        int, _whole(0, 60, "How long a worker that stops still accepts requests, while the balancer notices.")
    ] = 1
    log_client: Annotated[
        Literal["address", "network"],
        Meta(
            description=(
                "How much a request's log line shows of the client's address: all of it, or only its "
                "network (/24 of IPv4, /48 of IPv6)."
            )
        ),
    ] = "address"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least serious log line that is written."),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        Meta(description="`json`: an object a line; `console`: for people; `auto`: `console` on a terminal."),
    ] = "auto"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables; an empty variable counts as unset.

    Raises:
        SettingError: a setting does not take the value of its variable.
    """
    given = {}
    for field in msgspec.structs.fields(Settings):
        variable = field.name.upper()
        if value := environ.get(variable):
            try:
                given[field.name] = msgspec.convert(value, field.type, strict=False)
            except msgspec.ValidationError as error:
                raise SettingError(
                    f"{variable} must be {accepted_values(field.type)}; got {value!r}."
                ) from error
    return Settings(**given)


def accepted_values(annotation: object) -> str:
    """Describe the values that the type of a setting takes."""
    match inspect.type_info(annotation):
        case inspect.Metadata(extra={"takes": takes}):
            return str(takes)
        case inspect.Metadata(type=inspect.LiteralType(values=values)):
            return " or ".join(map(str, values))
        case inspect.Metadata(type=inspect.IntType(ge=low, le=high)):
            return f"a whole number from {low} to {high}"
        case _:
            return "a text"
