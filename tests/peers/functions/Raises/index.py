def main_handler(event, context):
    raise ValueError("broken on purpose")
