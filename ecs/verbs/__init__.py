"""The verbs of `python -m ecs`, one module each."""

from ecs.verbs.cost import cost
from ecs.verbs.destroy import destroy
from ecs.verbs.logs import logs
from ecs.verbs.plan import plan
from ecs.verbs.rollback import rollback
from ecs.verbs.status import status
from ecs.verbs.up import up
from ecs.verbs.verify import verify

VERBS = (verify, plan, up, status, logs, rollback, cost, destroy)

__all__ = ["VERBS"]
