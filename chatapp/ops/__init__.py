"""Running the server: checks before the start, the command line, health."""
