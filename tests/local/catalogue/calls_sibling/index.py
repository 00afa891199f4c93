from tencentserverless import scf


def main_handler(event, context):
    return str(scf.invoke("echo", region="ap-guangzhou", data=event))
