"""Readers of configuration files: one file a form."""
