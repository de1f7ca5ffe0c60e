"""Base relations of a level, their columns, needs and LATERAL references; then clauses and classes (query_planner up to the search)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from auroraml.ir import expr as e
from auroraml.ir import logical as l
from auroraml.planner.estimate.estimator import Input, InputColumn
from auroraml.planner.estimate.relation import Described, IndexFacts
from auroraml.planner.estimate.width import type_width
from auroraml.planner.level.append_relations import expand
from auroraml.planner.level.classes import base_implied, reconsider_outer_joins
from auroraml.planner.level.deconstruct import Deconstructor, JoinList
from auroraml.planner.level.foreign_keys import find_foreign_keys
from auroraml.planner.level.joint import Joint, need_inputs, settle
from auroraml.planner.level.lateral import lateral_reads
from auroraml.planner.level.level import Level
from auroraml.planner.level.operators import key_family
from auroraml.planner.level.or_clauses import extract_or_restrictions
from auroraml.planner.level.questions import columns_in, conjuncts, rewrite
from auroraml.planner.level.relation import IndexChoice, Relation
from auroraml.planner.rules.fold_constants import canonical
from auroraml.planner.rules.join_tree import Group, leaves, made_ids, read_ids
from auroraml.planner.rules.placeholder import is_held
from auroraml.types.table import BY_NAME

ROW_ID_WIDTH: Final = 6


def build_relations(level: Level, tree: Group) -> None:
    """One base relation a leaf of the join tree, in the order of the range table."""
    order = level.range_order
    for item in sorted(leaves(tree), key=lambda leaf: order.get(leaf.outputs[0].id, 0) if leaf.outputs else 0):
        relation = add_relation(level, item)
        level.all_bits |= relation.bits
        level.entries.append(relation.serial)
    for holder in level.placeholders.values():
        within = level.bits_of_ids(holder.homes or frozenset((holder.home,)))
        if not within:
            continue  # of a member of a UNION ALL, which has no relation yet
        if within & (within - 1):
            joint = level.joint[holder.id] = Joint(holder, within, level.bits_of(holder.expr))
            level.estimates.columns[holder.id] = InputColumn(input=joint.input)
            continue
        home = within.bit_length() - 1
        level.owner[holder.id] = home
        level.relation(home).widths[holder.id] = type_width(holder.type, holder.typmod)
        level.estimates.columns[holder.id] = InputColumn(input=level.estimates.inputs[home])
    for relation in level.relations_in(level.all_bits):
        _lateral(level, relation)


def add_relation(level: Level, item: l.FromItem) -> Relation:
    """A base relation for a FROM item (build_simple_rel)."""
    index = len(level.relations)
    relation = Relation(1 << index, "base")
    relation.index = index
    relation.serial = level.statement.new_serial()
    relation.item = item
    relation.alias = item.alias
    relation.consider_startup = level.tuple_fraction > 0
    level.relations.append(relation)
    for output in item.outputs:
        level.owner[output.id] = index
    if isinstance(item, l.TableItem):
        _table(level, relation, item)
    else:
        level.estimates.inputs[index] = Input(is_values=isinstance(item, l.ValuesItem))
    return relation


def _table(level: Level, relation: Relation, item: l.TableItem) -> None:
    facts = level.statement.facts(item.relation)
    relation.facts = facts
    described = facts.described
    relation.wanted_workers = described.workers
    relation.tuples = facts.tuples
    relation.pages = float(facts.pages)
    relation.all_visible = facts.all_visible
    if facts.statistics.extended:
        level.estimates.described |= relation.bits
    read = _read_of(level, item, described)
    by_number: dict[int, e.ColumnRef] = {}
    given = level.estimates.inputs[relation.index] = Input.of(facts, by_number, lambda expr: level.fold(level.statement.inlined(expr)))
    for output, number in zip(item.outputs, item.numbers, strict=True):
        relation.attribute_numbers[output.id] = number
        relation.widths[output.id] = described.widths[number] if number > 0 else output.type.length
        if read is not None and number not in read:
            continue
        level.estimates.columns[output.id] = InputColumn.of(given, number)
        if number < 0:
            continue
        by_number[number] = e.ColumnRef(type=output.type, typmod=output.typmod, id=output.id, name=output.name)
    relation.not_null = frozenset([o.id for o, n in zip(item.outputs, item.numbers, strict=True) if n in described.not_null])
    row_id = level.row_id_of(item)
    if row_id is not None:
        relation.attribute_numbers[row_id] = -1
        relation.widths.update((o.id, 0) for o, n in zip(item.outputs, item.numbers, strict=True) if n == l.CTID)  # to PostgreSQL the same column
        relation.widths[row_id] = ROW_ID_WIDTH
        level.owner[row_id] = relation.index
    if item.relation.system is not None:
        return  # system relations are computed whole when they are read
    if read is None:
        relation.columns = list(by_number.values())
    for index in facts.indexes.values():
        relation.indexes.append(_index(level, relation, index, by_number))


def _read_of(level: Level, item: l.TableItem, described: Described) -> frozenset[int] | None:
    """The attribute numbers of the columns that a plain query or an index reads; None where any may be asked for later."""
    makeup = level.statement.makeup
    if not makeup.plain or described.keys is None or item.relation.system is not None or (item.numbers and min(item.numbers) < 0):
        return None
    read = makeup.read
    return described.keys.union([number for output, number in zip(item.outputs, item.numbers, strict=True) if output.id in read])


def _index(level: Level, relation: Relation, facts: IndexFacts, columns: Mapping[int, e.ColumnRef]) -> IndexChoice:
    """An index over the level's columns; its expressions and predicate simplified as conditions are."""

    def own(expr: e.Expr) -> e.Expr:
        return rewrite(expr, lambda node: columns[node.id] if isinstance(node, e.ColumnRef) else None)

    index = facts.index
    expressions = iter(index.expressions)
    keys = [columns[n] if n else level.fold(level.statement.inlined(own(next(expressions)))) for n in index.columns]
    made = IndexChoice(index, relation, keys, float(facts.pages), facts.tuples, facts.height, facts.unique)
    classes = index.opclasses or ("",) * len(keys)
    made.families = [key_family(key.type, opclass) for key, opclass in zip(keys, classes, strict=True)]
    made.included = [columns[n] for n in index.included]
    if index.predicate is not None:
        made.predicate = conjuncts(canonical(level.fold(level.statement.inlined(own(index.predicate)))))
    return made


def _lateral(level: Level, relation: Relation) -> None:
    """Columns of other items that a FROM item reads (find_lateral_references, create_lateral_join_info)."""
    item = relation.item
    assert item is not None
    own = made_ids(item)
    if isinstance(item, l.SampledItem) or not isinstance(item, l.TableItem):
        relation.lateral_vars = [c for c in lateral_reads(item) if (c.id in level.owner or c.id in level.joint) and c.id not in own]
    held = [holder.expr for holder in level.placeholders.values() if level.owner.get(holder.id) == relation.index]
    ids = read_ids((*held, *relation.lateral_vars)).intersection(level.owner) - own
    if not ids:
        return
    level.has_lateral = True
    for id in ids:
        relation.direct_lateral |= 1 << level.owner[id]
    relation.lateral = relation.direct_lateral


def _close_lateral(level: Level) -> None:
    """References through other LATERAL items count too."""
    if not level.has_lateral:
        return
    for middle in level.relations_in(level.all_bits):
        for relation in level.relations_in(level.all_bits):
            if relation.lateral & middle.bits:
                relation.lateral |= middle.lateral
    for relation in level.relations_in(level.all_bits):
        for source in level.relations_in(relation.lateral):
            source.lateral_referencers |= relation.bits


def build_clauses(level: Level, tree: Group, exprs: Sequence[e.Expr]) -> JoinList:
    """Everything below path search: needed columns, clauses, classes. `exprs` are what the level's upper part reads."""
    for expr in exprs:
        level.need(expr, 1)
    for _, row_id in level.row_columns:
        level.need(e.ColumnRef(type=BY_NAME["int8"], id=row_id, name="ctid"), 1)
    for relation in level.relations_in(level.all_bits):
        for column in relation.lateral_vars:
            level.need(column, relation.bits)
    deconstructor = Deconstructor(level)
    _, _, joins = deconstructor.tree(tree, False)
    need_inputs(level)
    for holder in level.placeholders.values():
        if holder.id in level.joint or holder.id not in level.owner:
            continue
        home = level.relation(level.owner[holder.id])
        for column in columns_in(holder.expr):
            if level.owner.get(column.id, home.index) != home.index:
                level.need(column, home.bits)
    reconsider_outer_joins(level)
    base_implied(level)
    for relation in level.relations_in(level.all_bits):
        relation.target.exprs.sort(key=is_held)  # behind the columns (add_placeholders_to_base_rels)
    return joins


def finish_build(level: Level) -> None:
    """LATERAL references closed, foreign keys matched, restrictions drawn from OR clauses, append relations given their members."""
    settle(level)
    _close_lateral(level)
    level.foreign_keys = find_foreign_keys(level)
    extract_or_restrictions(level)
    expand(level, add_relation)
