import os


def main_handler(event, context):
    child = os.fork()
    return "child" if child == 0 else "parent"
