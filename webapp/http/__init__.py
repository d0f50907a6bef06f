"""What all requests share, whichever route answers: admission, headers, caching, errors, logs and metrics."""
