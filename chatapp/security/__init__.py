"""Who is asking, and what they may do: identity, tokens, scopes, limits."""
