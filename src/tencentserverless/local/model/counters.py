"""Counts of what a local endpoint has done so far. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """The numbers of HTTP requests received, connections accepted and worker processes started."""

    requests: int = 0
    connections: int = 0
    processes: int = 0
