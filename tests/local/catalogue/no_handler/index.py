def other(event, context):
    return "never"
