"""How Gunicorn runs the app: its worker, connections, stop and reload."""
