import sys


def main_handler(event, context):
    print("leaving")
    sys.exit(0)
