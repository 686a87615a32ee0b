"""The parts of uvicorn that `BoundedProtocol` overrides and uses."""

import hashlib
import inspect

from uvicorn.protocols.http import flow_control, httptools_impl

REVIEWED = "ea814cf42e50628dba76b72e12900943da6801b4bcf097f11dff4ea2cdc99455"
"""The digest of the source for which serving/protocol.py was written (decision 0028)."""


def test_uvicorn_is_the_one_for_which_the_protocol_was_written() -> None:
    source = "".join(map(inspect.getsource, (httptools_impl, flow_control)))

    assert hashlib.sha256(source.encode()).hexdigest() == REVIEWED, (
        "uvicorn's HTTP protocol changed: compare serving/protocol.py with it, run tests/webhooks and tests/api, "
        "then record the new digest here"
    )
