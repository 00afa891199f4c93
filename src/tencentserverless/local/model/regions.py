"""The regions of SCF, and its host names. https://cloud.tencent.com/document/api/583/17238"""

DEFAULT_REGION = "ap-guangzhou"

_CODES = """
    ap-guangzhou ap-shanghai ap-nanjing ap-beijing ap-chengdu ap-chongqing ap-hongkong
    ap-shanghai-fsi ap-shenzhen-fsi
    ap-tokyo ap-seoul ap-singapore ap-jakarta
    eu-frankfurt na-siliconvalley na-ashburn sa-saopaulo
    ap-mumbai ap-bangkok na-toronto
"""  # the last line: no longer on newer pages of the platform, but still used in programs

REGIONS = frozenset(_CODES.split())

# Regions of other products. SCF is not there, but SDKs make host names of them.
_OTHERS = "ap-beijing-fsi ap-guangzhou-open ap-qingyuan ap-shanghai-adc ap-shenzhen ap-taipei ap-tianjin"
SCF_HOSTS = (
    "scf.tencentcloudapi.com",
    *(f"scf.{name}.tencentcloudapi.com" for name in ("internal", "intl", *sorted(REGIONS), *_OTHERS.split())),
)
