"""Verbs that invoke functions."""
