"""Verbs for the folder of a project: begin, check, pack, sample events."""
