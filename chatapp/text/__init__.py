"""Text that people type: Markdown, mentions, visible names."""
