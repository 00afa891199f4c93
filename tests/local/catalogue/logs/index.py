import logging

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def main_handler(event, context):
    logger.info("by the logger")
