def main_handler(event, context):
    print("value1 = %s" % event.get("key1"))
    return "Hello World"
