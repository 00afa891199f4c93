# -*- coding: utf8 -*-

from tencentserverless import scf
from tencentserverless.scf import Client
from tencentserverless.exception import TencentServerlessSDKException
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException


def main_handler(event, context):
    # Replace with your own secret_id and secret_key, of a user who may invoke functions. With an execution role the
    # function needs neither: scf = Client(region="ap-guangzhou")
    scf = Client(secret_id="AKIxxxxxxxxxxxxxxxxxxxxxxggB4Sa", secret_key="3vZzxxxxxxxxxxxaeTC", region="ap-guangzhou", token=" ")
    print("prepare to invoke a function!")
    try:
        data = scf.FuncInvoked(data={"a": "b"})
        print(data)
    except TencentServerlessSDKException as e:
        print(e)
    except TencentCloudSDKException as e:
        print(e)
    except Exception as e:
        print(e)
    return "Already invoked a function!"  # return
