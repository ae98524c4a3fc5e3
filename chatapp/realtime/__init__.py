"""Live connections: who is there, what they ask, what they are told."""
