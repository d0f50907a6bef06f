"""How Gunicorn runs the app: the worker, its connections, its stop and its reload."""
