import no_such_module


def main_handler(event, context):
    return no_such_module
