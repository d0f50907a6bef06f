"""What every request meets, whoever answers it: admission, headers, caching, errors, logs and metrics."""
