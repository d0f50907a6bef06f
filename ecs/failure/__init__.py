"""Why a release failed: the evidence, and the cause that it shows."""
