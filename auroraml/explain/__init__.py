"""EXPLAIN: a physical plan plus metrics to labelled properties, printed in four formats."""

from __future__ import annotations

from auroraml.explain.build import Explained, document
from auroraml.explain.model import Options
from auroraml.explain.structured import json_lines, plain, xml_lines, yaml_lines
from auroraml.explain.text import render as text_lines

FORMATS = {"text": text_lines, "json": json_lines, "yaml": yaml_lines, "xml": xml_lines}


def render(explained: Explained) -> list[str]:
    """The lines of EXPLAIN in the format of its options (json, yaml, xml: to be joined by newlines into one value); with a story its text alone."""
    if explained.story and explained.options.format == "text":
        return [line for title, lines in explained.story for line in (title, "=" * len(title), *lines, "")][:-1]
    return FORMATS[explained.options.format](document(explained))


def without_plan(label: str, format: str) -> list[str]:
    """What EXPLAIN answers for a utility statement that has nothing to plan."""
    tag = label.replace(" ", "-")
    return {
        "text": [],
        "json": ["[", f'  "{label}"', "]"],
        "yaml": [f'- "{label}"'],
        "xml": ['<explain xmlns="http://www.postgresql.org/2009/explain">', f"  <{tag} />", "</explain>"],
    }[format]


__all__ = ["FORMATS", "Explained", "Options", "document", "plain", "render", "without_plan"]
