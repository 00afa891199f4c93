"""The protocol of Tencent Cloud's API: which requests are sent and what the answers mean. Pure code.

Nothing here touches a socket, a clock, the environment, randomness or a thread. Times and credentials are arguments.
"""
