"""One release: what is released, what it changes, its rollout, and its test."""
