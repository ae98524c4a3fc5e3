"""Identity, credentials, policies and limits: who may do what, and how often."""
