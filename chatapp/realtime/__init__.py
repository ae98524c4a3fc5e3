"""Live connections: who is there, what they ask for and what they are sent."""
