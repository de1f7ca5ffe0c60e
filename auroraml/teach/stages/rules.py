"""Rules: the planner's rules that fired, in their order, each with what it was given and what it made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from auroraml.teach.trace import RuleStep, Trace
from auroraml.teach.words import WIDTH, count, paragraph

AROUND = 1  # lines that stay, shown around those that change


def tell(trace: Trace) -> Iterator[str]:
    """One rule after the other; that none fired is said in a sentence."""
    if not trace.rules:
        yield "No rule changed the query."
        return
    names = list(dict.fromkeys(step.name for step in trace.rules))
    yield from paragraph(f"{count(len(names), 'rule')} changed the query, in {count(len(trace.rules), 'step')}.")
    told = ""
    for number, step in enumerate(trace.rules, 1):
        yield ""
        again = step.name == told
        told = step.name
        yield from paragraph(f"{number}. {step.name} again." if again else f"{number}. {step.name}: {_does(step)}")
        yield from (f"   {line}" for line in changed(step))


def _does(step: RuleStep) -> str:
    """What the rule says of itself, without its name once more."""
    text = step.does.replace(f" ({step.name})", "")
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def changed(step: RuleStep) -> list[str]:
    """Before and after: in one line where they fit, else the lines taken away (-) and put in (+) with what is around them."""
    if not step.before:
        return [f"+ {line}" for line in step.after]
    if len(step.before) == len(step.after) == 1 and len(step.before[0]) + len(step.after[0]) + 8 <= WIDTH:
        return [f"{step.before[0]}  →  {step.after[0]}"]
    return list(_difference(step.before, step.after))


def _difference(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for number, group in enumerate(SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(AROUND)):
        if number:
            yield "  ..."
        for tag, from_, to, start, end in group:
            if tag == "equal":
                yield from (f"  {line}" for line in before[from_:to])
            else:
                yield from (f"- {line}" for line in before[from_:to])
                yield from (f"+ {line}" for line in after[start:end])
