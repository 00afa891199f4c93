def main_handler(event, context):
    return "paid for " + event["item"]
