"""What is said to Tencent Cloud and what its answers mean: pure code.

No socket, clock, environment, randomness or thread is touched in this room; what is needed of them is handed in.
"""
