"""Dominance: which paths of a relation are worth keeping (add_path, add_path_precheck, set_cheapest)."""

from __future__ import annotations

from typing import Final

from auroraml.planner.level.pathkeys import Keys
from auroraml.planner.level.relation import Relation
from auroraml.planner.paths.path import Path

FUZZ: Final = 1.01
FINE: Final = 1.0000000001


def compare_keys(a: Keys, b: Keys) -> int:
    """0 equal, 1 the first says more, 2 the second does, 3 different."""
    if a == b:
        return 0
    if not b:
        return 1
    if not a:
        return 2
    m, n = len(a), len(b)
    if m > n:
        return 1 if a[:n] == b else 3
    return 2 if b[:m] == a else 3


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
    if relation.ledger is not None and not relation.ledger.admits(relation, new, add_path, False):
        return
    paths = relation.paths
    kept: list[Path] | None = None  # what is left of `paths` so far, once one was dropped
    count = place = 0
    total, startup = new.total, new.startup
    fuzzy_total, fuzzy_startup = total * FUZZ, startup * FUZZ
    given = new.param is not None
    new_keys = () if given else new.keys
    watch = relation.consider_param_startup if given else relation.consider_startup
    for i, old in enumerate(paths):
        if total > old.total * FUZZ:
            verdict = 3 if watch and old.startup > fuzzy_startup else 2
        elif old.total > fuzzy_total:
            watch_old = relation.consider_startup if old.param is None else relation.consider_param_startup
            verdict = 3 if watch_old and startup > old.startup * FUZZ else 1
        elif startup > old.startup * FUZZ:
            verdict = 2
        else:
            verdict = 1 if old.startup > fuzzy_startup else 0
        better = 0 if verdict == 3 else _better(relation, new, new_keys, old, verdict)
        if better > 0:
            if kept is None:
                kept = paths[:i]
            continue
        if kept is not None:
            kept.append(old)
        count += 1
        if total >= old.total:
            place = count
        if better < 0:
            if kept is not None:
                relation.paths = kept + paths[i + 1 :]
            return
    kept = paths[:] if kept is None else kept
    kept.insert(place, new)
    relation.paths = kept


def _better(relation: Relation, new: Path, new_keys: Keys, old: Path, verdict: int) -> int:
    """1 if `new` makes `old` useless, -1 if `old` makes `new` so, by their order, parameters, rows and safety beside the costs' verdict."""
    old_keys = () if old.param is not None else old.keys
    keys = 0 if new_keys is old_keys else compare_keys(new_keys, old_keys)
    if keys == 3 or (verdict == 1 and keys == 2) or (verdict == 2 and keys == 1):
        return 0
    bits = 0 if new.outer == old.outer else compare_bits(new.outer, old.outer)
    if verdict == 0 and keys == 0:
        if bits == 0:
            if new.safe != old.safe:
                return 1 if new.safe > old.safe else -1
            if new.rows != old.rows:
                return 1 if new.rows < old.rows else -1
            return 1 if _fuzzily(new, old, FINE, relation) == 1 else -1
        forward = bits == 1
        if bits == 3:
            return 0
    else:
        forward = verdict == 1 or (verdict == 0 and keys == 1)
        if bits == 3 or bits == (2 if forward else 1):
            return 0
    if forward:
        return 1 if new.rows <= old.rows and new.safe >= old.safe else 0
    return -1 if new.rows >= old.rows and new.safe <= old.safe else 0


def precheck(relation: Relation, startup: float, total: float, keys: Keys, outer: int) -> bool:
    """Whether a path with these lower bounds might be kept (add_path_precheck)."""
    if outer:
        keys = ()
        watch = relation.consider_param_startup
    else:
        watch = relation.consider_startup
    n = len(keys)
    for old in relation.paths:
        if total < old.total * FUZZ:
            break
        if (not watch or startup >= old.startup * FUZZ) and old.outer == outer and (n == 0 or (old.param is None and old.keys[:n] == keys)):
            return relation.ledger is not None and relation.ledger.prechecked(old)
    return relation.ledger is None or relation.ledger.prechecked(None)


def add_partial_path(relation: Relation, new: Path) -> None:
    """The same for partial paths: total cost and order only."""
    if relation.ledger is not None and not relation.ledger.admits(relation, new, add_partial_path, True):
        return
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
                return relation.ledger is not None and relation.ledger.prechecked(old)
            if old.total > total * FUZZ and verdict != 2:
                return relation.ledger is None or relation.ledger.prechecked(None)
    return precheck(relation, total, total, keys, 0)


def compare_costs(a: Path, b: Path, by_total: bool) -> int:
    """-1, 0 or 1 by total (then startup) or by startup (then total)."""
    startup = 0 if a.startup == b.startup else -1 if a.startup < b.startup else 1
    total = 0 if a.total == b.total else -1 if a.total < b.total else 1
    return total or startup if by_total else startup or total


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
        if not path.outer & ~outer and len(path.keys) >= n and (path.keys if len(path.keys) == n else path.keys[:n]) == keys:
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
