"""Setting and scopes; value stack (SET, SET LOCAL, savepoints); definitions: core, planner, aurora."""

from auroraml.settings.setting import Context, Setting, VarType
from auroraml.settings.values import DEFINED, Settings, defined, group_values

__all__ = ["DEFINED", "Context", "Setting", "Settings", "VarType", "defined", "group_values"]
