//! When one condition holds for every subject of another: enough to find steps that are never reached.

use crate::phenotype::plan::{Node, NodeKind, Plan};

/// Whether `narrow` can be shown to hold for nobody for whom `wide` does not.
pub(super) fn implies(plan: &Plan<'_>, narrow: usize, wide: usize) -> bool {
    if narrow == wide || same(plan, narrow, wide) {
        return true;
    }
    match (kind(plan, narrow), kind(plan, wide)) {
        (Some(NodeKind::Any(parts)), _) => parts.iter().all(|part| implies(plan, *part, wide)),
        (_, Some(NodeKind::Any(parts))) if parts.iter().any(|part| implies(plan, narrow, *part)) => true,
        (_, Some(NodeKind::All(asked, denied))) if denied.is_empty() => {
            asked.iter().all(|part| implies(plan, narrow, *part))
        }
        (Some(NodeKind::All(asked, _)), _) => asked.iter().any(|part| implies(plan, *part, wide)),
        _ => false,
    }
}

fn kind<'p>(plan: &'p Plan<'_>, node: usize) -> Option<&'p NodeKind<'p>> {
    plan.nodes.get(node).map(|node: &Node<'_>| &node.kind)
}

/// Whether two nodes ask the same, whatever their names.
pub(super) fn same(plan: &Plan<'_>, one: usize, other: usize) -> bool {
    let all = |one: &[usize], other: &[usize]| {
        one.len() == other.len()
            && one.iter().all(|a| other.iter().any(|b| same(plan, *a, *b)))
            && other.iter().all(|b| one.iter().any(|a| same(plan, *a, *b)))
    };
    if one == other {
        return true;
    }
    match (kind(plan, one), kind(plan, other)) {
        (Some(NodeKind::Evidence(a)), Some(NodeKind::Evidence(b))) => {
            format!("{:?}", a.rule) == format!("{:?}", b.rule)
        }
        (Some(NodeKind::Person(a)), Some(NodeKind::Person(b))) => format!("{a:?}") == format!("{b:?}"),
        (Some(NodeKind::Any(a)), Some(NodeKind::Any(b))) => all(a, b),
        (Some(NodeKind::All(a, no_a)), Some(NodeKind::All(b, no_b))) => all(a, b) && all(no_a, no_b),
        (Some(NodeKind::AtLeast(n, a)), Some(NodeKind::AtLeast(m, b))) => n == m && all(a, b),
        _ => false,
    }
}
