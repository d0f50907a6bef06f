"""From a CSV file to an artifact. The serving process never imports it, and the image does not have it."""
