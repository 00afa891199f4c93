import time

kept = []


def main_handler(event, context):
    for _ in range(event["mb"]):
        kept.append(b"x" * 1024 * 1024)
    if event.get("forget"):
        del kept[:]
    time.sleep(event.get("seconds", 0))
    return "allocated"
