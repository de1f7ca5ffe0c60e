"""PgError and its fields; one class per SQLSTATE, generated from PostgreSQL's table."""

from auroraml.errors.base import *  # noqa: F403 - PEP 249's tree is part of this package's namespace
from auroraml.errors.codes import *  # noqa: F403 - and so are the generated classes
from auroraml.errors.lookup import lookup as lookup
