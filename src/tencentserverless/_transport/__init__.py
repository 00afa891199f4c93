"""The transports: they perform the effects of an exchange with real connections. I/O and nothing else.

There is one for blocking code and one for asyncio, in folders with files of the same names:

- `transport`: the connections of a client, and the loop that performs effects
- `connect`: makes a connection: addresses, proxy, TLS
- `connection`: reads and writes one connection within a deadline
- `drive`: runs any other generator to its end

Beside the folders stands what both share.
"""
