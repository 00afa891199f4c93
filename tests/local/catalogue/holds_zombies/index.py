import os


def main_handler(event, context):
    """Children that end and are never waited for, and orphans whose parent is gone."""
    for _ in range(event["count"]):
        if os.fork() == 0:
            os.fork()
            os._exit(0)
    return "answered"
