"""Invocations, from their arrival to their records."""
