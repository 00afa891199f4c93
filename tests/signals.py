"""Signals that interrupt no wait of the main thread."""

import os
import signal
import threading


class Interrupted(Exception):
    """What a signal handler raises."""


def interrupt_elsewhere(wait):
    """Call `wait` while a signal comes that the kernel gives to another thread. The handler raises `Interrupted`."""

    def handle(number, frame):
        raise Interrupted

    def send():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handle)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    thread = threading.Timer(0.1, send)  # usually later than the start of the wait
    try:
        thread.start()
        wait()
    finally:
        thread.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
        signal.signal(signal.SIGUSR1, before)
