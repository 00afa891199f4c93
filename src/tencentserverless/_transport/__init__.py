"""The transports: they perform the effects of an exchange with real connections. I/O and nothing else.

There is one for blocking code and one for asyncio, in folders with files of the same names:

- `transport`: the pools of a client, and the loop that performs effects
- `pool`: the connections of one process or event loop, and how an exchange comes by one of them
- `places`: how many connections a pool may have, and waiting for one
- `connect`: makes a connection: addresses, proxy, TLS
- `race`: connects to the first address of a host that answers
- `connection`: reads and writes one connection within a deadline
- `drive`: runs any other generator to its end

Beside the folders stands what both share.
"""
