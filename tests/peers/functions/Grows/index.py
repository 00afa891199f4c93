def main_handler(event, context):
    kept = []
    while True:
        kept.append(bytearray(8 * 1024 * 1024))
