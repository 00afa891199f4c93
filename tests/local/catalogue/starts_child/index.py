import os
import subprocess


def main_handler(event, context):
    child = subprocess.Popen(["sleep", "1000"])
    return "%d:%d" % (os.stat("/proc/self/ns/pid").st_ino, child.pid)
