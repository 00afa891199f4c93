import os
import signal


def main_handler(event, context):
    os.kill(os.getpid(), signal.SIGSEGV)
