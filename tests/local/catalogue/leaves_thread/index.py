import os
import threading
import time


def late(path):
    """Print as soon as the file is there, which the test makes between two events, and take it away."""
    while not os.path.exists(path):
        time.sleep(0.002)
    print("late")
    os.remove(path)


def main_handler(event, context):
    if event.get("path"):
        threading.Thread(target=late, args=(event["path"],)).start()
    return "answered"
