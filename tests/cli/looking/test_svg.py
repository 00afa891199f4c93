"""The picture of a chain as an SVG."""

import xml.etree.ElementTree as ET

from tencentserverless._cli.looking import svg
from tencentserverless._cli.looking.waterfall import Chain
from tests.cli.looking.conftest import made
from tests.cli.looking.test_chart import CHAIN


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_one_file_without_scripts():
    """The file is well-formed, names nothing outside itself, has no script, and a bar for each part."""
    text = svg.picture(Chain([*CHAIN, made("<script>&\x1b", "x", "aaaa", came=0.1, ended=0.2, busy=0.1)]))
    root = ET.fromstring(text)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names == {"svg", "title", "style", "rect", "text"}
    assert "href" not in text
    assert "url(" not in text
    bars = [element.get("class") for element in root.iter() if element.tag.endswith("rect")]
    assert bars.count("failed") == 2  # a bar, and the legend
    assert bars.count("cold-start") == 2


def test_text_reads_on_light_and_dark():
    """Text has enough contrast to the file's own background, on light and on dark pages (WCAG AA)."""
    for page in (0, 1):
        for background in ("page", "fold"):
            for name in ("text", "dim"):
                assert contrast(svg._COLOURS[name][page], svg._COLOURS[background][page]) >= 4.5, (name, background)
