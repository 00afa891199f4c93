import os
import subprocess
import sys


def main_handler(event, context):
    os.write(1, b"by descriptor\n")
    subprocess.check_call(["echo", "by a child"])
    sys.stderr.write("by stderr\n")
