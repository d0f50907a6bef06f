"""The commands of `python -m ecs`, one module each."""

from ecs.commands.acceptance import acceptance
from ecs.commands.destroy import destroy
from ecs.commands.logs import logs
from ecs.commands.plan import plan
from ecs.commands.redeploy import redeploy
from ecs.commands.rollback import rollback
from ecs.commands.run import run
from ecs.commands.status import status
from ecs.commands.up import up
from ecs.commands.verify import verify

COMMANDS = (verify, plan, up, status, logs, rollback, redeploy, run, destroy, acceptance)
