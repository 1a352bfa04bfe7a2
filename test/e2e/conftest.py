# SPDX-License-Identifier: Apache-2.0
"""pytest looks here; the fixtures are shared with test/preload."""
from fixtures import *  # noqa: F401,F403
