# -*- coding: utf8 -*-
"""For Python 2.7, with tencentserverless 0.1.7 in its folder: invokes Echo in another region."""

import os
import sys

from tencentcloud.common.profile.http_profile import HttpProfile
from tencentserverless import scf

ENDPOINT = os.environ.get("TENCENTSERVERLESS_ENDPOINT")
make = HttpProfile.__init__


def redirected(self, **settings):
    """0.1.7 names its host in its code; on a local endpoint this points it there."""
    if ENDPOINT:
        settings.update(protocol="http", endpoint=ENDPOINT.partition("://")[2])
    make(self, **settings)


HttpProfile.__init__ = redirected


def main_handler(event, context):
    print "Python 2 prints without parentheses"
    return [list(sys.version_info[:2]), scf.invoke("Echo", region="ap-chengdu", data=event)]
