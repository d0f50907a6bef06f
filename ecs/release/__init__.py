"""A release: the candidate, its image, the changes it makes, the rollout and the smoke test."""
