"""How long work says how far it is, whoever listens."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with the name of a stage and the share of it that is done, 0 to 1."""


def unheard(_stage: str, _share: float) -> None:
    """The ``Progress`` that nobody listens to."""
