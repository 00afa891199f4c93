from tencentserverless import scf
from tencentserverless.exception import TencentServerlessSDKException


def main_handler(event, context):
    try:
        return str(scf.invoke("calls_itself", data=event))
    except TencentServerlessSDKException as error:
        return error.status_code
