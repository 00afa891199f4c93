def main_handler(event, context):
    print("shipping", event["item"])
