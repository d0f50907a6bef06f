"""A stand-in for AWS on loopback, with real containers: ministack, extended by what it lacks.

`launch` starts it, from the tests' environment. All other modules run in an environment of their own
(requirements/stand-in.txt) and change private parts of ministack 1.5.33, so that version is pinned.
"""
