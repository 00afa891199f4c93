import no_such_module_anywhere


def main_handler(event, context):
    return "never"
