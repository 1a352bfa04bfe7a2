# SPDX-License-Identifier: Apache-2.0
"""Waiting with a deadline: for what becomes true, never for time to pass. What was seen last stands in the failure."""
import time

SECONDS = 20.0


def until(what, condition, seconds=SECONDS, every=0.03):
    """The first true value of condition(); an AssertionError inside it counts as not yet, and says why."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except AssertionError as error:
            seen = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {str(seen)[:2000]}")
        time.sleep(every)


def holds(what, condition, seconds):
    """Fails as soon as condition() is false within the time: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"did not hold: {what}"
        time.sleep(0.05)
