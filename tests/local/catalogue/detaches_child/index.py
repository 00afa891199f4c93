import os
import time


def main_handler(event, context):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writing, b"%d" % os.getpid())
            time.sleep(1000)
        os._exit(0)
    os.wait()
    return "%d:%s" % (os.stat("/proc/self/ns/pid").st_ino, os.read(reading, 100).decode())
