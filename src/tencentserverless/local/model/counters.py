"""What an endpoint has done so far. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """How many requests came, connections were accepted, worker processes were started."""

    requests: int = 0
    connections: int = 0
    processes: int = 0
