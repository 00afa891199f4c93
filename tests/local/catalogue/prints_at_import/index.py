print("imported")


def main_handler(event, context):
    print("handled")
    return "ok"
