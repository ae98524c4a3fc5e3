"""What a person sees and does, in Chromium."""
