"""Files that run in other processes.

Nobody imports them: a worker process runs them by their path. They import the standard library and each other only.
"""
