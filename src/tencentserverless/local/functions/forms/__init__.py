"""Readers of configuration files. Each format has a file."""
