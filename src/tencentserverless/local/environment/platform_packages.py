"""The packages that the platform has for functions, by runtime. Data.

https://cloud.tencent.com/document/product/583/40323: Python 3.6 has packages, later runtimes have the standard library.
"""

# The requirement that installs a module, by the name of the module.
_PYTHON36 = {
    "PIL": "Pillow",
    "certifi": "certifi",
    "chardet": "chardet",
    "dicttoxml": "dicttoxml",
    "idna": "idna",
    "qcloud_cos": "cos-python-sdk-v5",
    "qcloud_cos_v5": "cos-python-sdk-v5",
    "requests": "requests",
    "six": "six",
    "urllib3": "urllib3",
}
PACKAGES = {"Python3.6": _PYTHON36}
LENT = frozenset(("tencentserverless", "tencentcloud"))  # by the endpoint
