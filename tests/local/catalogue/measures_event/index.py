def main_handler(event, context):
    return len(event)
