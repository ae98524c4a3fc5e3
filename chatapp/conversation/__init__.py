"""The log: who may enter a conversation, how it grows, and what changed since a version."""
