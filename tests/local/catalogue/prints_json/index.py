def main_handler(event, context):
    print('{"errorCode": 1, "errorMessage": "no", "statusCode": 430}')
    return "the answer"
