"""The kernel: database, events, errors, validation. It knows nothing about HTTP requests."""
