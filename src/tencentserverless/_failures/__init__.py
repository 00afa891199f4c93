"""What an error says: its first line, a hint, and the remote traceback. Pure; loaded when an error is printed."""
