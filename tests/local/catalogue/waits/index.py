import os
import time


def main_handler(event, context):
    """Wait until as many files are there as runs were asked for: proof that they ran at once."""
    open(os.path.join(event["folder"], context["request_id"]), "w").close()
    while len(os.listdir(event["folder"])) < event["runs"]:
        time.sleep(0.005)
    return "%d:%d" % (os.stat("/proc/self/ns/pid").st_ino, os.getpid())
