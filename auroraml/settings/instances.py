"""Settings of the DB instance: Aurora PostgreSQL's release, the Region, the instance class; and the parameters that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from auroraml.errors import InvalidParameterValue
from auroraml.lazy import pattern
from auroraml.records import dataclass
from auroraml.settings.core import IN_HOT_STANDBY, MAX_CONNECTIONS, SERVER_VERSION, SERVER_VERSION_NUM
from auroraml.settings.planner import MAX_PARALLEL_WORKERS, MAX_WORKER_PROCESSES
from auroraml.settings.regions import NAMES
from auroraml.settings.setting import Context, Setting, VarType

T = TypeVar("T")
CATEGORY = "Customized Options"
# Aurora PostgreSQL 15's releases, newest first: "Extensions supported for Aurora PostgreSQL 15" in its release notes, April 2026
RELEASES = ("15.17", "15.15", "15.14", "15.13", "15.12", "15.10", "15.8", "15.7", "15.6", "15.5", "15.4", "15.3", "15.2")
NO_CLASS = "none"


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What a DB instance class has."""

    vcpus: int
    memory: float  # GiB
    graviton: bool = False  # an ARM processor of Amazon's


def _sizes(family: str, largest: int, *, ratio: float = 8, smallest: int = 0, graviton: bool = False) -> dict[str, Hardware]:
    """A memory-optimized family: sizes by their vCPUs up to `largest`, `ratio` GiB of memory a vCPU."""
    names = {2: "large", 4: "xlarge", **{vcpus: f"{vcpus // 4}xlarge" for vcpus in (8, 16, 32, 48, 64, 96, 128, 192)}}
    left_out = {128} if largest == 192 else {48, 96} if family == "db.r4" else set()
    return {f"{family}.{name}": Hardware(vcpus=vcpus, memory=vcpus * ratio, graviton=graviton)
            for vcpus, name in names.items() if smallest <= vcpus <= largest and vcpus not in left_out}  # fmt: skip


# "Hardware specifications for DB instance classes for Aurora", April 2026
CLASSES: dict[str, Hardware] = {
    **_sizes("db.x2g", 64, ratio=16, graviton=True), **_sizes("db.r8gd", 192, graviton=True), **_sizes("db.r8g", 192, graviton=True),
    **_sizes("db.r7i", 192), **_sizes("db.r7g", 64, graviton=True), **_sizes("db.r6id", 128, smallest=96),
    **_sizes("db.r6gd", 64, smallest=4, graviton=True), **_sizes("db.r6g", 64, graviton=True), **_sizes("db.r6i", 128), **_sizes("db.r5", 96),
    **_sizes("db.r4", 64, ratio=7.625),
    "db.t4g.large": Hardware(vcpus=2, memory=8, graviton=True), "db.t4g.medium": Hardware(vcpus=2, memory=4, graviton=True),
    "db.t3.large": Hardware(vcpus=2, memory=8), "db.t3.medium": Hardware(vcpus=2, memory=4), "db.t3.small": Hardware(vcpus=2, memory=2),
    "db.t2.medium": Hardware(vcpus=2, memory=4), "db.t2.small": Hardware(vcpus=1, memory=2),
}  # fmt: skip
_VERSION = pattern(r"(\d+\.\d+)(?:\.(\d+))?")


def _release(text: str, before: str) -> str:
    """A release of Aurora PostgreSQL 15, with or without its patch number."""
    match = _VERSION.fullmatch(text.strip())
    if match is None or match[1] not in RELEASES:
        raise InvalidParameterValue(
            f'invalid value for parameter "{AURORAML_ENGINE_VERSION.name}": "{text}"', hint=f"Available values: {', '.join(RELEASES)}."
        )
    return text.strip()


def _region(text: str, before: str) -> str:
    """The code of a Region."""
    code = text.strip().lower()
    if code not in NAMES:
        raise InvalidParameterValue(f'invalid value for parameter "{AURORAML_REGION.name}": "{text}"', hint=f"Available values: {', '.join(NAMES)}.")
    return code


AURORAML_ENGINE_VERSION = Setting[str](
    name="auroraml.engine_version",
    kind=VarType.STRING,
    default=RELEASES[0],
    context=Context.POSTMASTER,
    category=CATEGORY,
    help="The release of Aurora PostgreSQL that the instance runs.",
    more="It decides server_version, aurora_version(), version() and which versions of extensions there are. A patch number may follow: 15.10.2.",
    check=_release,
)
AURORAML_REGION = Setting[str](
    name="auroraml.region",
    kind=VarType.STRING,
    default="us-east-1",
    context=Context.POSTMASTER,
    category=CATEGORY,
    help="The Region of the DB cluster, in which its service calls go.",
    check=_region,
)
AURORAML_INSTANCE_CLASS = Setting[str](
    name="auroraml.instance_class",
    kind=VarType.ENUM,
    default=NO_CLASS,
    choices=(NO_CLASS, *CLASSES),
    context=Context.POSTMASTER,
    category=CATEGORY,
    help="The DB instance class, from which max_worker_processes, max_parallel_workers and max_connections follow as on Aurora.",
    more="none leaves them at PostgreSQL's defaults.",
)


def _any(setting: Setting[T]) -> Setting[object]:
    """The setting as a key among settings of all types."""
    return cast("Setting[object]", setting)


SETTINGS: tuple[Setting[object], ...] = (_any(AURORAML_ENGINE_VERSION), _any(AURORAML_REGION), _any(AURORAML_INSTANCE_CLASS))


def release(engine_version: str) -> str:
    """major.minor of an engine version."""
    return ".".join(engine_version.split(".")[:2])


def full_version(engine_version: str) -> str:
    """major.minor.patch of an engine version."""
    return engine_version if engine_version.count(".") == 2 else f"{engine_version}.0"


def compiled_on(instance_class: str) -> str:
    """The platform that version() names: ARM for the classes with Graviton processors."""
    hardware = CLASSES.get(instance_class)
    return "aarch64-unknown-linux-gnu" if hardware is not None and hardware.graviton else "x86_64-pc-linux-gnu"


def computed(group: Mapping[Setting[object], object], *, reader: bool = False) -> dict[Setting[object], object]:
    """The values that follow from the parameter group's `group`: the server's version, and the formulas of Aurora's default parameter group."""
    engine = release(str(group.get(_any(AURORAML_ENGINE_VERSION), AURORAML_ENGINE_VERSION.default)))
    major, minor = engine.split(".")
    values: dict[Setting[object], object] = {_any(SERVER_VERSION): engine, _any(SERVER_VERSION_NUM): int(major) * 10_000 + int(minor)}
    if reader:
        values[_any(IN_HOT_STANDBY)] = True
    hardware = CLASSES.get(str(group.get(_any(AURORAML_INSTANCE_CLASS), NO_CLASS)))
    if hardware is not None:
        values[_any(MAX_WORKER_PROCESSES)] = max(hardware.vcpus * 2, 8)  # GREATEST($DBInstanceVCPU*2,8)
        values[_any(MAX_PARALLEL_WORKERS)] = max(hardware.vcpus // 2, 8)  # GREATEST($DBInstanceVCPU/2,8)
        values[_any(MAX_CONNECTIONS)] = min(int(hardware.memory * 1024**3) // 9_531_392, 5000)  # LEAST({DBInstanceClassMemory/9531392},5000)
    return values
