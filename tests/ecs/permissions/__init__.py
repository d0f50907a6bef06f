"""Which permissions each call of the tool needs, and whether IAM would grant them; without AWS."""
