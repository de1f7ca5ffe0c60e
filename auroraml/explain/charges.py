"""EXPLAIN (ANALYZE, CHARGES): what each node's service calls cost, and all of them together (an option of ours)."""

from __future__ import annotations

from collections.abc import Iterator

from auroraml.explain.model import Options, Property
from auroraml.services.meter import Bill, Line

LABEL = "Charges"


def _words(line: Line, options: Options, currency: str) -> str:
    """The counts of a line that are not zero, then its amount."""
    counts = {"calls": line.calls, "retries": line.retries, "failures": line.failures, "rows": line.rows, "units": line.units,
              "input tokens": line.input_tokens, "output tokens": line.output_tokens}  # fmt: skip
    words = [f"{name}={count}" for name, count in counts.items() if count or name == "calls"]
    if line.seconds and options.timing:
        words.append(f"instance time={line.seconds * 1000:.3f}")
    words.append("amount=unknown" if line.price is None else f"amount={line.price:f} {currency}")
    return " ".join(words)


def _values(line: Line, options: Options, currency: str) -> dict[str, object]:
    """A line for the structured formats."""
    values: dict[str, object] = {
        "Calls": line.calls, "Retries": line.retries, "Failures": line.failures, "Rows": line.rows, "Units": line.units,
        "Input Tokens": line.input_tokens, "Output Tokens": line.output_tokens,
    }  # fmt: skip
    if options.timing:
        values["Instance Time"] = round(line.seconds * 1000, 3)
    return {**values, "Amount": line.price, "Currency": currency}


def node_charges(bill: Bill, options: Options, currency: str) -> Iterator[Property]:
    """A node's own calls, a line for each operation and target."""
    if not bill.lines:
        return
    entries: list[dict[str, object]] = []
    lines = []
    for (service, operation, target, _), line in bill.lines.items():
        entries.append({"Service": service, "Operation": operation, "Target": target, **_values(line, options, currency)})
        lines.append(f"{LABEL}: {service} {operation} {target}: {_words(line, options, currency)}")
    yield Property(label=LABEL, value=entries, text="\n".join(lines))


def total_charges(bill: Bill, options: Options, currency: str) -> Property:
    """All calls of the statement."""
    return Property(
        label="Total Charges", value=_values(bill.total, options, currency), text=f"Total Charges: {_words(bill.total, options, currency)}"
    )
