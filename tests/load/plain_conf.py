"""Gunicorn's usual configuration, with which the benchmark compares this project's."""

worker_class = "gevent"
keepalive = 75
control_socket_disable = True
