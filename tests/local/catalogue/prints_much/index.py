def main_handler(event, context):
    for number in range(event["lines"]):
        print("%079d" % number)
    return "done"
