def another_handler(event, context):
    return event
