# -*- coding: utf8 -*-

from tencentserverless import scf
from tencentserverless.scf import Client
from tencentserverless.exception import TencentServerlessSDKException
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException


def main_handler(event, context):
    print("prepare to invoke a function!")
    scf = Client(secret_id="AKIxxxxxxxxxxxxxxxxxxxxxxggB4Sa", secret_key="3vZzxxxxxxxxxxxaeTC", region="ap-guangzhou", token=" ")  # Replace with your own secret_id and secret_key
    try:
        data = scf.invoke('FuncInvoked', data={"a": "b"})
        # data = scf.FuncInvoked(data={"a": "b"})
        print(data)
    except TencentServerlessSDKException as e:
        print(e)
    except TencentCloudSDKException as e:
        print(e)
    except Exception as e:
        print(e)
    return "Already invoked a function!"  # return


main_handler("", "")
