"""Conformance scenarios: deliveries that a Clerk webhook receiver has to handle, with the expected behaviour.

`akako conformance` runs them against any receiver and judges its HTTP responses. With an `Observer`
(`tests/conformance`) the users that the receiver stored are judged, too.
"""
