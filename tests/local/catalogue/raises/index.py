def helper():
    raise KeyError("inner")


def main_handler(event, context):
    print("about to fail")
    try:
        helper()
    except KeyError as error:
        raise ValueError("outer 失败") from error
