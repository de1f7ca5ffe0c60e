"""How many workers a scan gets, and what a statement holds that workers may not run."""

from __future__ import annotations

import pytest

from auroraml.planner.cost.parameters import CostParameters
from auroraml.planner.cost.workers import scan_workers
from auroraml.settings.core import Settings
