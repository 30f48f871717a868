"""What tests of a deployment stand on that run a Triton."""

import pytest

from amphitrite.errors import ProvisioningError
from amphitrite.server.host import check_host, this_host
from amphitrite.server.provision import provision


@pytest.fixture(scope="session")
def server_environment():
    """The installed server, from the user's cache; installed if it is not there."""
    try:
        check_host(this_host())
    except ProvisioningError as error:
        pytest.skip(str(error).splitlines()[0])
    return provision()
