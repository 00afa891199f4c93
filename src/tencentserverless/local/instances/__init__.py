"""Instances: starting, reusing and ending them, and assigning invocations to them."""
