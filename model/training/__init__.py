"""Training, from a CSV file to an artifact; never imported by the serving process, and not in the image."""
