"""Email to one person: `send` it inside a transaction, build its links with `link`."""

from chatapp.mail.compose import link, send

__all__ = ["link", "send"]
