import os
import sys


def main_handler(event, context):
    return {"context": context, "environment": dict(os.environ), "path": sys.path, "folder": os.getcwd()}
