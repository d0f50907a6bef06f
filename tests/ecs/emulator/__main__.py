"""Serve the stand-in on a port of 127.0.0.1 until standard input ends, then remove this run's containers."""

import sys
import threading

from ministack import app

from tests.ecs.emulator import (
    containers,
    control,
    deployments,
    formation,
    registry,
    rules,
    scaling,
    targets,
    topics,
)  # fmt: skip


def main(port: int) -> None:
    containers.check_docker()
    for module in (containers, targets, deployments, formation, registry, rules, scaling, topics, control):
        module.install()
    threading.Thread(target=containers.remove_at_end, args=(sys.stdin,), daemon=True).start()
    sys.argv = [f"the stand-in for AWS on port {port}"]
    app.main()


if __name__ == "__main__":
    main(int(sys.argv[1]))
