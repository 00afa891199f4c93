import time

print("hanging")
time.sleep(1000)


def main_handler(event, context):
    return "never"
