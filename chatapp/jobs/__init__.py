"""Background jobs: work done after a request is answered."""
