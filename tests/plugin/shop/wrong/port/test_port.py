"""An address that another program has."""

import socket

import pytest

taken = socket.create_server(("127.0.0.1", 0))


@pytest.fixture(scope="session")
def scf_local_address():
    return taken.getsockname()


@pytest.mark.filterwarnings("ignore")
def test_port_taken(scf_local):
    pass
