"""Print which identity may make which call of the tool: `python -m tests.ecs.permissions`."""

import sys

from tests.ecs.permissions.identities import table

sys.stdout.write(table())
