"""The bookkeeping of idle connections."""

from tencentserverless._transport.idle import Idle


class Hands:
    """What takes a connection."""

    connection = None


def take(idle, *arguments):
    """The connection taken, and whether it is young enough."""
    hands = Hands()
    is_young = idle.take(hands, *arguments)
    return hands.connection, is_young


def test_the_connection_used_last_comes_first():
    """Connections are taken last in, first out."""
    idle = Idle()
    idle.put("origin", "old", 1.0, 1.0)
    idle.put("origin", "new", 2.0, 2.0)
    assert take(idle, "origin", 3.0, 3.0) == ("new", True)
    assert take(idle, "origin", 3.0, 3.0) == ("old", True)
    assert take(idle, "origin", 3.0, 3.0) == (None, False)


def test_origins_are_apart():
    """A connection is only ever given to its own origin."""
    idle = Idle()
    idle.put("one", "connection", 1.0, 1.0)
    assert take(idle, "other", 1.0, 1.0) == (None, False)
    assert len(idle) == 1


def test_a_connection_idle_for_too_long_is_marked():
    """A connection older than the limit comes back to be closed, not to be used."""
    idle = Idle(most_idle=10.0)
    idle.put("origin", "connection", 0.0, 0.0)
    assert take(idle, "origin", 10.0, 10.0) == ("connection", False)


def test_keeping_one_connection_gives_up_one_that_is_too_old():
    """Connections left over from a burst do not stay for ever: each one kept lets go of one that is too old."""
    idle = Idle(most_idle=10.0)
    assert idle.put("origin", "old", 0.0, 0.0) is None
    assert idle.put("origin", "new", 11.0, 11.0) == "old"
    assert len(idle) == 1


def test_a_suspended_machine_ages_its_connections():
    """Where the wall clock went on and the monotonic one stood still, the connection is too old."""
    idle = Idle(most_idle=10.0)
    idle.put("origin", "connection", 0.0, 0.0)
    assert take(idle, "origin", 1.0, 3600.0) == ("connection", False)


def test_a_wall_clock_set_back_ages_connections_too():
    """Where the wall clock jumped back, nothing is known of the age, and the connection is not used."""
    idle = Idle(most_idle=10.0)
    idle.put("origin", "connection", 0.0, 100.0)
    assert take(idle, "origin", 1.0, 50.0) == ("connection", False)


def test_the_oldest_of_all_is_given_up_first():
    """The connection that has been idle longest, of any origin, is the one to be closed."""
    idle = Idle()
    idle.put("one", "second", 2.0, 2.0)
    idle.put("other", "first", 1.0, 1.0)
    assert [idle.take_any(), idle.take_any(), idle.take_any()] == ["first", "second", None]


def test_connections_that_are_too_old_are_given_up_together():
    """The connections of all origins that are too old are given up, and origins without connections are forgotten."""
    idle = Idle(most_idle=10.0)
    for number in range(100):
        idle.put(f"session {number}", number, 0.0, 0.0)
    idle.put("session 0", "young", 5.0, 5.0)
    assert idle.take_old(9.0) == []
    assert sorted(idle.take_old(10.0)) == list(range(100))
    assert list(idle._by_origin) == ["session 0"]
    assert len(idle) == 1


def test_a_connection_that_is_closed_is_no_longer_idle():
    """A connection that was kept and is then closed is not idle, and the others of its origin stay."""
    idle = Idle()
    idle.put("origin", "one", 0.0, 0.0)
    idle.put("origin", "other", 0.0, 0.0)
    idle.discard("one")
    assert take(idle, "origin", 1.0, 1.0) == ("other", True)
    assert len(idle) == 0
