"""The packages that the platform has for functions, by runtime. Data.

https://cloud.tencent.com/document/product/583/40323: Python 3.6 has packages, later ones do not.
"""

# The requirement that installs a module, by the name of the module. Public functions for 2.7 rely on them too.
_PACKAGES = {
    "PIL": "Pillow",
    "certifi": "certifi",
    "chardet": "chardet",
    "dicttoxml": "dicttoxml",
    "idna": "idna",
    "qcloud_cos": "cos-python-sdk-v5",
    "qcloud_cos_v5": "cos-python-sdk-v5",
    "requests": "requests",
    "six": "six",
    "tencentcloud": "tencentcloud-sdk-python",
    "urllib3": "urllib3",
}
PACKAGES = {"Python2.7": _PACKAGES, "Python3.6": _PACKAGES}
LENT = frozenset(("tencentserverless", "tencentcloud", "tencentcloud.common"))  # by the endpoint
