"""What each participant of a parallel plan reports of itself: sort methods, hash tables, caches, service batches; and the lines of workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auroraml.dispatch import singledispatch
from auroraml.explain.model import Options, Property
from auroraml.explain.names import Place
from auroraml.explain.usage import NONE, Pages, Usage, usage
from auroraml.ir import physical as p
from auroraml.ir.metrics import BatchMetrics, GroupSpace, NodeMetrics, SortGroups
from auroraml.lazy import load

MANY = 100_000  # batches: simulated ones, in arrays, of which numpy knows the least and the most sooner


@singledispatch
def reported(node: p.PhysicalPlan, place: Place, metrics: NodeMetrics) -> Iterator[Property]:
    """What the participant whose `metrics` these are prints of itself; nothing where it did not run the node."""
    return iter(())


@reported.register
def _(node: p.Sort, place: Place, metrics: NodeMetrics) -> Iterator[Property]:
    if not metrics.loops or "Sort Method" not in metrics.extra:
        return
    method, kind, space = (str(metrics.extra[name]) for name in ("Sort Method", "Sort Space Type", "Sort Space Used"))
    yield Property(label="Sort Method", value=method, text=f"Sort Method: {method}  {kind}: {space}kB")
    yield Property(label="Sort Space Used", value=int(space))
    yield Property(label="Sort Space Type", value=kind)


SORT_METHODS = ("top-N heapsort", "quicksort", "external sort", "external merge")


@reported.register
def _(node: p.IncrementalSort, place: Place, metrics: NodeMetrics) -> Iterator[Property]:
    for label in ("Full-sort Groups", "Pre-sorted Groups"):
        groups = metrics.extra.get(label)
        if isinstance(groups, SortGroups):
            methods = [method for method in SORT_METHODS if method in groups.methods]
            value: dict[str, object] = {"Group Count": groups.count, "Sort Methods Used": methods}
            text = f"{label}: {groups.count}  Sort Method{'s' if len(methods) > 1 else ''}: {', '.join(methods)}"
            for kind in ("Memory", "Disk"):
                if groups.peak.get(kind, 0) > 0:
                    average, peak = groups.total[kind] // groups.count, groups.peak[kind]
                    value[f"Sort Space {kind}"] = {"Average Sort Space Used": average, "Peak Sort Space Used": peak}
                    text += f"  Average {kind}: {average}kB  Peak {kind}: {peak}kB"
            yield Property(label=label, value=value, text=text)


@reported.register
def _(node: p.Aggregate, place: Place, metrics: NodeMetrics) -> Iterator[Property]:
    if node.strategy in ("hashed", "mixed") and metrics.loops:
        space = metrics.extra.get("Group Space")
        batches, memory, disk = (space.batches, space.memory, space.disk) if isinstance(space, GroupSpace) else (1, 24 << 10, 0)
        memory, disk = (memory + 1023) // 1024, (disk + 1023) // 1024
        spilled = f"  Disk Usage: {disk}kB" if batches > 1 else ""
        yield Property(label="HashAgg Batches", value=batches, text=f"Batches: {batches}  Memory Usage: {memory}kB{spilled}")
        yield Property(label="Peak Memory Usage", value=memory)
        yield Property(label="Disk Usage", value=disk)


@reported.register
def _(node: p.Memoize, place: Place, metrics: NodeMetrics) -> Iterator[Property]:
    if metrics.cache_misses:
        counts = {
            "Hits": metrics.cache_hits, "Misses": metrics.cache_misses, "Evictions": metrics.cache_evictions, "Overflows": metrics.cache_overflows,
        }  # fmt: skip
        kilobytes = (int(str(metrics.extra.get("Peak Memory Usage", 0))) + 1023) // 1024
        shown = "  ".join(f"{label}: {count}" for label, count in counts.items())
        for label, count in counts.items():
            text = f"{shown}  Memory Usage: {kilobytes}kB" if label == "Hits" else None
            yield Property(label=f"Cache {label}", value=count, text=text)
        yield Property(label="Peak Memory Usage", value=kilobytes)


def _spread(values: Sequence[float]) -> dict[str, object]:
    least_most: Sequence[float] = values
    if len(values) >= MANY:
        looked_at = load("numpy").asarray(values)
        least_most = looked_at.min().item(), looked_at.max().item()
    return {"Average": round(sum(values) / len(values), 3), "Minimum": round(min(least_most), 3), "Maximum": round(max(least_most), 3)}


def batch_processing(batches: BatchMetrics | None, timing: bool) -> Iterator[Property]:
    """The published form: numbers to three decimals, the second line indented by 31 blanks from the first. TIMING off leaves the times out."""
    if batches is None or not batches.sizes:
        return
    sizes = _spread(batches.sizes)
    size = "/".join(f"{value:.3f}" for value in sizes.values())
    text = f"Batch Processing: num batches={len(batches.sizes)} avg/min/max batch size={size}"
    value: dict[str, object] = {"Num Batches": len(batches.sizes), "Batch Size": sizes}
    if timing:
        times = value["Batch Call Time"] = _spread(batches.times)
        text += f"\n{' ' * 31}avg/min/max batch call time={'/'.join(f'{time:.3f}' for time in times.values())}"
    yield Property(label="Batch Processing", value=value, text=text)


def _actual(options: Options, metrics: NodeMetrics) -> Iterator[Property]:
    """Times, rows and loops of one worker."""
    loops = metrics.loops
    startup, total, rows = metrics.startup / loops, metrics.total / loops, metrics.rows / loops
    times = f"time={startup:.3f}..{total:.3f} " if options.timing else ""
    if options.timing:
        yield Property(label="Actual Startup Time", value=round(startup, 3))
        yield Property(label="Actual Total Time", value=round(total, 3))
    yield Property(label="Actual Rows", value=round(rows), text=f"actual {times}rows={rows:.0f} loops={loops}")
    yield Property(label="Actual Loops", value=loops)


def _of_worker(node: p.PhysicalPlan, place: Place, options: Options, metrics: NodeMetrics, pages: Pages) -> Iterator[Property]:
    shown = options.verbose and metrics.loops > 0
    if shown:
        yield from _actual(options, metrics)
    yield from reported(node, place, metrics)
    if options.verbose or options.format != "text":  # like the sums above: how Aurora prints it is not published
        yield from batch_processing(metrics.batches, options.timing)
    if shown:
        yield from usage(options, pages)


def workers(node: p.PhysicalPlan, place: Place, options: Options, metrics: NodeMetrics, pages: Usage | None) -> Property:
    """One entry for each worker that has something to tell; as text, lines that begin with its number."""
    entries: list[dict[str, object]] = []
    lines: list[str] = []
    for number, own in sorted(metrics.workers.items()):
        found = list(_of_worker(node, place, options, own, NONE if pages is None else pages.of(node, number)))
        if found:
            entries.append({"Worker Number": number, **{item.label: item.value for item in found}})
        texts = [line for item in found if item.text is not None for line in item.text.split("\n")]
        if texts:
            lines.append(f"Worker {number}:  " + "\n  ".join(texts))
    return Property(label="Workers", value=entries, text="\n".join(lines) if lines else None)
