"""Gunicorn as most would run it: what the bench compares with."""

worker_class = "gevent"
keepalive = 75
control_socket_disable = True
