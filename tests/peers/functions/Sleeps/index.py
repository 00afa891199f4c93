import time


def main_handler(event, context):
    time.sleep(30)
