"""The error that stops a start."""


class NotReady(Exception):
    """Something prevents the start; the text tells a person what it is and what to do."""
