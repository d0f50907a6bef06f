"""Refuse the options of Gunicorn that have no effect here, which nobody would notice otherwise."""

from gunicorn.config import Config

EFFECTIVE = frozenset(
    {
        "backlog",
        "chdir",
        "config",
        "limit_request_field_size",
        "limit_request_fields",
        "limit_request_line",
        "pidfile",
        "proc_name",
        "pythonpath",
        "timeout",
        "umask",
    }
)
"""The options that work here as Gunicorn's documentation says."""

INSTEAD = {
    "accesslog": "every request has its line on stdout already",
    "bind": "set BIND_HOST and PORT",
    "ca_certs": "let a proxy in front end TLS",
    "certfile": "let a proxy in front end TLS",
    "check_config": "a start that can't succeed ends with a sentence",
    "daemon": "let systemd or a container run it in the background",
    "errorlog": "everything goes to stdout already",
    "forwarded_allow_ips": "set TRUSTED_PROXIES",
    "graceful_timeout": "set STOP_WAIT_SECONDS and REQUEST_SECONDS",
    "group": "start it as the user that it shall run as",
    "keyfile": "let a proxy in front end TLS",
    "loglevel": "set LOG_LEVEL",
    "max_requests": "no worker needs to be replaced, as none grows",
    "preload_app": "the master loads the app already",
    "reload": "send SIGHUP",
    "threads": "a worker serves many requests in one thread",
    "user": "start it as the user that it shall run as",
    "worker_class": "the worker is this project's own",
    "workers": "set WEB_CONCURRENCY",
}


def unused_option() -> str:
    """Return a sentence that names the first option without effect and what to do instead; "" if none.

    Options are given on the command line and in GUNICORN_CMD_ARGS.
    """
    config = Config()
    parser = config.parser()
    for given in (parser.parse_args(), parser.parse_args(config.get_cmd_args_from_env())):
        for name, value in vars(given).items():
            if name == "args":
                if value:
                    return f"Gunicorn can serve no other app here than webapp; leave {value[0]!r} out."
            elif value is not None and name not in EFFECTIVE:
                flag = max(config.settings[name].cli or [name], key=len)
                return f"Gunicorn's {flag} has no effect here; {INSTEAD.get(name, 'leave it out')}."
    return ""
