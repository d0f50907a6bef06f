"""Why a release failed: the evidence and the diagnosis."""
