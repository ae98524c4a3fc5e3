"""The kernel: database, events, errors, validation. Knows nothing of HTTP requests."""
