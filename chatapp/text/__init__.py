"""Text as people type it: Markdown, mentions, visible names."""
