"""Files that run in other processes.

A worker process runs them by their paths; the endpoint does not import them. They import the standard library and each
other only.
"""
