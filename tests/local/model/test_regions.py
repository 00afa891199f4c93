"""The list of regions."""

from tencentserverless.local.model.regions import DEFAULT_REGION, REGIONS


def test_regions():
    """The seventeen listed regions and the three withdrawn ones are known, the default among them."""
    assert len(REGIONS) == 20
    assert {DEFAULT_REGION, "ap-chengdu", "ap-shanghai-fsi", "na-toronto"} <= REGIONS
