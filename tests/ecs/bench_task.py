"""Measure how many requests one task carries and how long it takes to start, and derive two settings.

`make bench-task` limits the image to Fargate's smallest task, 0.25 vCPU and 512 MB, and prints:

- `grace_seconds`: ten times the start time, in whole 10 s. On AWS a task also waits for its address and the
  health checks, and Fargate's CPUs may be slower.
- `requests_per_target`: the requests per minute that it carries on its slowest route, times `cpu_target`,
  halved because this machine's CPU may be twice as fast, in whole hundreds. At that load a task still has
  capacity left while a new one starts.
"""

import math
import sys

from ecs.settings import load_settings
from tests.container.docker import LOCKED_DOWN, SMALLEST_TASK, serving
from tests.load import wrk
from tests.load.clients import say

STARTS, SECONDS, CONNECTIONS = 3, 6, 16
ROUTES = ("/", "/recommendation?home_size=1200&unit=sqft", "/api/predict?home_size=1200", "/static/style.css")


def main(image: str) -> None:
    """Measure, and print the figures and the settings that follow from them."""
    wrk.require_wrk()
    starts = []
    for _ in range(STARTS):
        with serving(image, *LOCKED_DOWN, *SMALLEST_TASK) as container:
            starts.append(container.start_seconds)
    say(f"ready after {', '.join(f'{seconds:.1f}' for seconds in starts)} s")
    rates = {}
    for route in ROUTES:
        with serving(image, *LOCKED_DOWN, *SMALLEST_TASK) as container:
            seen = wrk.load(container.url + route, connections=CONNECTIONS, seconds=SECONDS)
        if seen.failed:
            sys.exit(f"{route}: {seen.failed} of {seen.requests} requests failed")
        rates[route] = seen.requests / seen.seconds
        say(f"{rates[route]:7.0f} requests/s, 99 % within {seen.p99 * 1000:.0f} ms: {route}")
    grace = math.ceil(max(starts)) * 10
    carried = 60 * min(rates.values()) * load_settings("prod").cpu_target / 100
    say(f"grace_seconds = {grace}")
    say(f"requests_per_target = {int(carried / 2 // 100) * 100}")


if __name__ == "__main__":
    main(sys.argv[1])
