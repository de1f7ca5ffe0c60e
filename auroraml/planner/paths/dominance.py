"""Dominance: which paths of a relation are worth keeping (add_path, add_path_precheck, set_cheapest)."""

from __future__ import annotations

from auroraml.planner.level.pathkeys import Keys
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.path import Path

FUZZ = 1.01
FINE = 1.0000000001


def compare_keys(a: Keys, b: Keys) -> int:
    """0 equal, 1 the first says more, 2 the second does, 3 different."""
    if a is b or a == b:
        return 0
    n = min(len(a), len(b))
    if a[:n] != b[:n]:
        return 3
    return 1 if len(a) > len(b) else 2


def compare_bits(a: int, b: int) -> int:
    """0 equal, 1 the first is part of the second, 2 the other way, 3 different."""
    if a == b:
        return 0
    if not a & ~b:
        return 1
    return 2 if not b & ~a else 3


def _fuzzily(one: Path, two: Path, fuzz: float, relation: Relation) -> int:
    """0 equal, 1 the first is cheaper, 2 the second, 3 different (compare_path_costs_fuzzily)."""
    watch_one = relation.consider_startup if one.param is None else relation.consider_param_startup
    watch_two = relation.consider_startup if two.param is None else relation.consider_param_startup
    if one.total > two.total * fuzz:
        if watch_one and two.startup > one.startup * fuzz:
            return 3
        return 2
    if two.total > one.total * fuzz:
        if watch_two and one.startup > two.startup * fuzz:
            return 3
        return 1
    if one.startup > two.startup * fuzz:
        return 2
    if two.startup > one.startup * fuzz:
        return 1
    return 0


def add_path(relation: Relation, new: Path) -> None:
    """Keep `new` unless an old path dominates it; drop old ones it dominates."""
    accept = True
    place = 0
    new_keys = () if new.param is not None else new.keys
    kept: list[Path] = []
    paths = relation.paths
    for i, old in enumerate(paths):
        remove = False
        verdict = _fuzzily(new, old, FUZZ, relation)
        if verdict != 3:
            old_keys = () if old.param is not None else old.keys
            keys = compare_keys(new_keys, old_keys)
            if keys != 3:
                if verdict == 0:
                    bits = compare_bits(new.outer, old.outer)
                    if keys == 1:
                        if bits in (0, 1) and new.rows <= old.rows and new.safe >= old.safe:
                            remove = True
                    elif keys == 2:
                        if bits in (0, 2) and new.rows >= old.rows and new.safe <= old.safe:
                            accept = False
                    elif bits == 0:
                        if new.safe > old.safe:
                            remove = True
                        elif new.safe < old.safe:
                            accept = False
                        elif new.rows < old.rows:
                            remove = True
                        elif new.rows > old.rows:
                            accept = False
                        elif _fuzzily(new, old, FINE, relation) == 1:
                            remove = True
                        else:
                            accept = False
                    elif bits == 1:
                        if new.rows <= old.rows and new.safe >= old.safe:
                            remove = True
                    elif bits == 2 and new.rows >= old.rows and new.safe <= old.safe:
                        accept = False
                elif verdict == 1:
                    if keys != 2:
                        bits = compare_bits(new.outer, old.outer)
                        if bits in (0, 1) and new.rows <= old.rows and new.safe >= old.safe:
                            remove = True
                elif keys != 1:
                    bits = compare_bits(new.outer, old.outer)
                    if bits in (0, 2) and new.rows >= old.rows and new.safe <= old.safe:
                        accept = False
        if not remove:
            if new.total >= old.total:
                place = len(kept) + 1
            kept.append(old)
        if not accept:
            kept += paths[i + 1 :]
            break
    if accept:
        kept.insert(place, new)
    relation.paths = kept


def precheck(relation: Relation, startup: float, total: float, keys: Keys, outer: int) -> bool:
    """Whether a path with these lower bounds might be kept (add_path_precheck)."""
    new_keys = () if outer else keys
    watch = relation.consider_param_startup if outer else relation.consider_startup
    for old in relation.paths:
        if total >= old.total * FUZZ:
            if not watch or startup >= old.startup * FUZZ:
                old_keys = () if old.param is not None else old.keys
                verdict = compare_keys(new_keys, old_keys)
                if verdict in (0, 2) and old.outer == outer:
                    return False
        else:
            break
    return True


def add_partial_path(relation: Relation, new: Path) -> None:
    """The same for partial paths: total cost and order only."""
    accept = True
    place = 0
    kept: list[Path] = []
    paths = relation.partial_paths
    for i, old in enumerate(paths):
        remove = False
        keys = compare_keys(new.keys, old.keys)
        if keys != 3:
            if new.total > old.total * FUZZ:
                if keys != 1:
                    accept = False
            elif old.total > new.total * FUZZ:
                if keys != 2:
                    remove = True
            elif keys == 1:
                remove = True
            elif keys == 2:
                accept = False
            elif old.total > new.total * FINE:
                remove = True
            else:
                accept = False
        if not remove:
            if new.total >= old.total:
                place = len(kept) + 1
            kept.append(old)
        if not accept:
            kept += paths[i + 1 :]
            break
    if accept:
        kept.insert(place, new)
    relation.partial_paths = kept


def partial_precheck(relation: Relation, total: float, keys: Keys) -> bool:
    """Whether a partial path of this total might be kept (add_partial_path_precheck)."""
    for old in relation.partial_paths:
        verdict = compare_keys(keys, old.keys)
        if verdict != 3:
            if total > old.total * FUZZ and verdict != 1:
                return False
            if old.total > total * FUZZ and verdict != 2:
                return True
    return precheck(relation, total, total, keys, 0)


def compare_costs(a: Path, b: Path, by_total: bool) -> int:
    """-1, 0 or 1 by total (then startup) or by startup (then total)."""
    first, second = ((a.total, a.startup), (b.total, b.startup)) if by_total else ((a.startup, a.total), (b.startup, b.total))
    return -1 if first < second else 1 if first > second else 0


def set_cheapest(relation: Relation) -> None:
    """Find the cheapest paths by startup and total (set_cheapest)."""
    startup: Path | None = None
    total: Path | None = None
    best_param: Path | None = None
    parameterized: list[Path] = []
    for path in relation.paths:
        if path.param is not None:
            parameterized.append(path)
            if total is not None:
                continue
            if best_param is None:
                best_param = path
                continue
            bits = compare_bits(path.outer, best_param.outer)
            if bits == 0:
                if compare_costs(path, best_param, True) < 0:
                    best_param = path
            elif bits == 1:
                best_param = path
        else:
            if startup is None or total is None:
                startup = total = path
                continue
            verdict = compare_costs(startup, path, False)
            if verdict > 0 or (verdict == 0 and compare_keys(startup.keys, path.keys) == 2):
                startup = path
            verdict = compare_costs(total, path, True)
            if verdict > 0 or (verdict == 0 and compare_keys(total.keys, path.keys) == 2):
                total = path
    if total is not None:
        parameterized.insert(0, total)
    else:
        total = best_param
    relation.cheapest_startup = startup
    relation.cheapest_total = total
    relation.cheapest_unique = None
    relation.cheapest_parameterized = parameterized


def cheapest_for_keys(paths: list[Path], keys: Keys, outer: int, by_total: bool, safe: bool = False) -> Path | None:
    """The cheapest path in an order (get_cheapest_path_for_pathkeys)."""
    found: Path | None = None
    n = len(keys)
    for path in paths:
        if found is not None and compare_costs(found, path, by_total) <= 0:
            continue
        if safe and not path.safe:
            continue
        if path.keys[:n] == keys and len(path.keys) >= n and not path.outer & ~outer:
            found = path
    return found


def cheapest_safe(paths: list[Path]) -> Path | None:
    """The cheapest path that a worker can run and that needs no outer rows (get_cheapest_parallel_safe_total_inner)."""
    return next((path for path in paths if path.safe and path.param is None), None)


def fractional(path: Path, fraction: float) -> float:
    """The cost of fetching a fraction of a path's rows."""
    return path.startup + fraction * (path.total - path.startup)


def compare_fractional(a: Path, b: Path, fraction: float) -> int:
    """-1, 0, 1 by the cost of a fraction (compare_fractional_path_costs)."""
    if fraction <= 0.0 or fraction >= 1.0:
        return compare_costs(a, b, True)
    x, y = fractional(a, fraction), fractional(b, fraction)
    return -1 if x < y else 1 if x > y else 0


def cheapest_fractional(relation: Relation, fraction: float) -> Path:
    """The cheapest path for a fraction (or, from 1 on, a number) of rows (get_cheapest_fractional_path)."""
    best = relation.cheapest_total
    assert best is not None
    if fraction <= 0.0:
        return best
    if fraction >= 1.0 and best.rows > 0:
        fraction /= best.rows
    for path in relation.paths:
        if path is relation.cheapest_total:
            continue
        if compare_fractional(best, path, fraction) <= 0:
            continue
        best = path
    return best
