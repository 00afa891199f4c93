"""For all tests, on every Python."""


def pytest_addoption(parser):
    parser.addoption("--light", action="store_true", help="fewer examples of tests that try many (hypothesis)")


def pytest_collection_modifyitems(config, items):
    """The longest tests first, so that no test process is left with one of them at the end."""
    items.sort(key=lambda item: "test_old_pythons" not in item.nodeid)
    if config.getoption("--light"):
        for item in items:
            _lighten(getattr(item, "obj", None))


def _lighten(test, most=25):
    """The first Python has tried hundreds of examples; the others need not repeat them all."""
    settings = getattr(test, "_hypothesis_internal_use_settings", None)
    if settings is not None and settings.max_examples > most:
        test._hypothesis_internal_use_settings = type(settings)(settings, max_examples=most)
