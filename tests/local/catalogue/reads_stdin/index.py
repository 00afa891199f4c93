import sys


def main_handler(event, context):
    return sys.stdin.read()
