# -*- coding: utf8 -*-

from tencentserverless import scf
from tencentserverless.scf import Client
from tencentserverless.exception import TencentServerlessSDKException
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException


def main_handler(event, context):
    print("prepare to invoke a function!")
    try:
        data = scf.invoke('FuncInvoked', region="ap-guangzhou", data={"a": "b"})
        print(data)
    except TencentServerlessSDKException as e:
        print(e)
    except TencentCloudSDKException as e:
        print(e)
    except Exception as e:
        print(e)
    return "Already invoked a function!"  # return
