def main_handler(event, context):
    return {1, 2}
