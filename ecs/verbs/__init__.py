"""The verbs of `python -m ecs`, one module each."""
