"""Performs the effects of an exchange with real connections: I/O and nothing else."""
