import os

count = 0


def main_handler(event, context):
    global count
    count += 1
    return ["%d:%d" % (os.stat("/proc/self/ns/pid").st_ino, os.getpid()), count]
