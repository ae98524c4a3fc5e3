"""What is kept outside the models, chosen by an address in the settings."""
