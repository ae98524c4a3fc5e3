"""Mail to one person: `send` it inside a transaction, build its links with `absolute_url`."""

from chatapp.mail.compose import absolute_url, send

__all__ = ["absolute_url", "send"]
