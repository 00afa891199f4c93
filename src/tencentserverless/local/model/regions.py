"""The regions of SCF. https://cloud.tencent.com/document/api/583/17238"""

DEFAULT_REGION = "ap-guangzhou"

_CODES = """
    ap-guangzhou ap-shanghai ap-nanjing ap-beijing ap-chengdu ap-chongqing ap-hongkong
    ap-shanghai-fsi ap-shenzhen-fsi
    ap-tokyo ap-seoul ap-singapore ap-jakarta
    eu-frankfurt na-siliconvalley na-ashburn sa-saopaulo
    ap-mumbai ap-bangkok na-toronto
"""  # the last line: no longer on newer pages of the platform, but still used in programs

REGIONS = frozenset(_CODES.split())
