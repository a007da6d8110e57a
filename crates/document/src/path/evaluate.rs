//! What a query selects of a document.

use super::{Logical, Operand, Query, Segment, Selector, Start, compare, push_index, push_name};
use crate::Json;
use std::{cell::Cell, rc::Rc};

/// Nodes visited by one evaluation, filters and descendants included.
const MOST_VISITED: usize = 10_000_000;

/// A query visits more than ten million nodes of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("visits more than {MOST_VISITED} nodes")]
pub struct TooMany;

/// One selected node.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// Its value.
    pub value: &'a Json,
    place: Option<Rc<Place<'a>>>,
}

/// The last step to a node, and the way to that step.
#[derive(Debug)]
struct Place<'a> {
    before: Option<Rc<Place<'a>>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Node<'a> {
    /// Where it is, as a query that selects it alone.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = "$".to_owned();
        for step in self.steps() {
            match step {
                Step::Name(name) => push_name(&mut path, name),
                Step::Index(index) => push_index(&mut path, index),
            }
        }
        path
    }

    /// Where it is, as a JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointer(&self) -> String {
        let token = |step| match step {
            Step::Name(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("/{index}"),
        };
        self.steps().into_iter().map(token).collect()
    }

    fn steps(&self) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        let mut place = self.place.as_ref();
        while let Some(here) = place {
            steps.push(here.step);
            place = here.before.as_ref();
        }
        steps.reverse();
        steps
    }

    fn child(&self, step: Step<'a>, value: &'a Json) -> Self {
        Self { value, place: Some(Rc::new(Place { before: self.place.clone(), step })) }
    }

    fn children(&self) -> Vec<Self> {
        match self.value {
            Json::List(items) => {
                items.iter().enumerate().map(|(index, item)| self.child(Step::Index(index), item)).collect()
            }
            Json::Map(members) => members.iter().map(|(name, value)| self.child(Step::Name(name), value)).collect(),
            _ => Vec::new(),
        }
    }
}

pub(super) fn nodes<'a>(query: &Query, root: &'a Json) -> Result<Vec<Node<'a>>, TooMany> {
    let evaluation = Evaluation { root, left: Cell::new(MOST_VISITED) };
    let nodes = evaluation.nodes(query, root);
    if evaluation.left.get() == 0 { Err(TooMany) } else { Ok(nodes) }
}

/// The item a possibly negative index means.
fn item(items: &[Json], index: i64) -> Option<(usize, &Json)> {
    let length = i64::try_from(items.len()).ok()?;
    let index = usize::try_from(if index < 0 { length + index } else { index }).ok()?;
    Some((index, items.get(index)?))
}

impl Query {
    /// The node a singular query selects.
    pub(super) fn one<'a>(&self, from: &'a Json) -> Option<&'a Json> {
        self.segments.iter().try_fold(from, |node, segment| match (segment.selectors.as_slice(), node) {
            _ if segment.descendant => None,
            ([Selector::Name(name)], node) => node.get(name),
            ([Selector::Index(index)], Json::List(items)) => item(items, *index).map(|(_, item)| item),
            _ => None,
        })
    }
}

/// One evaluation, and how many nodes it may still visit.
struct Evaluation<'a> {
    root: &'a Json,
    left: Cell<usize>,
}

impl<'a> Evaluation<'a> {
    fn nodes(&self, query: &Query, current: &'a Json) -> Vec<Node<'a>> {
        let value = if query.start == Start::Root { self.root } else { current };
        let mut nodes = vec![Node { value, place: None }];
        for segment in &query.segments {
            let mut selected = Vec::new();
            for node in &nodes {
                self.segment(segment, node, &mut selected);
            }
            nodes = selected;
        }
        nodes
    }

    fn segment(&self, segment: &Segment, node: &Node<'a>, selected: &mut Vec<Node<'a>>) {
        for selector in &segment.selectors {
            self.selector(selector, node, selected);
        }
        if segment.descendant {
            for child in node.children() {
                if self.visits() {
                    self.segment(segment, &child, selected);
                }
            }
        }
    }

    /// Counts a visit; none is left when the document is too much for the query.
    fn visits(&self) -> bool {
        self.left.set(self.left.get().saturating_sub(1));
        self.left.get() > 0
    }

    fn selector(&self, selector: &Selector, node: &Node<'a>, selected: &mut Vec<Node<'a>>) {
        if !self.visits() {
            return;
        }
        match (selector, node.value) {
            (Selector::Name(name), Json::Map(members)) => {
                let found = members.iter().find(|(key, _)| key == name);
                selected.extend(found.map(|(key, value)| node.child(Step::Name(key), value)));
            }
            (Selector::Index(index), Json::List(items)) => {
                selected.extend(item(items, *index).map(|(index, item)| node.child(Step::Index(index), item)));
            }
            (Selector::Slice { start, end, step }, Json::List(items)) => {
                let places = slice(items.len(), (*start, *end, *step));
                selected.extend(places.filter_map(|at| Some(node.child(Step::Index(at), items.get(at)?))));
            }
            (Selector::Wildcard, _) => selected.extend(node.children().into_iter().take_while(|_| self.visits())),
            (Selector::Filter(wanted), _) => {
                selected.extend(
                    node.children().into_iter().filter(|child| self.visits() && self.holds(wanted, child.value)),
                );
            }
            _ => {}
        }
    }

    fn holds(&self, logical: &Logical, current: &'a Json) -> bool {
        match logical {
            Logical::Or(any) => any.iter().any(|one| self.holds(one, current)),
            Logical::And(all) => all.iter().all(|one| self.holds(one, current)),
            Logical::Not(inner) => !self.holds(inner, current),
            Logical::Exists(query) if query.is_singular() => self.one(query, current).is_some(),
            Logical::Exists(query) => !self.nodes(query, current).is_empty(),
            Logical::Compare(left, comparison, right) => {
                let (left, right) = (self.operand(left, current), self.operand(right, current));
                compare::holds(left.as_ref().map(Found::json), *comparison, right.as_ref().map(Found::json))
            }
            Logical::Matches(text, pattern) => {
                let text = self.operand(text, current);
                let of = |operand: &Operand| self.operand(operand, current).map(|found| found.json().clone());
                matches!(text.as_ref().map(Found::json), Some(Json::Text(text)) if pattern.fits(text, of))
            }
        }
    }

    fn one(&self, query: &Query, current: &'a Json) -> Option<&'a Json> {
        query.one(if query.start == Start::Root { self.root } else { current })
    }

    /// The value of one side of a comparison; `None` is RFC 9535's Nothing.
    fn operand<'o>(&self, operand: &'o Operand, current: &'a Json) -> Option<Found<'o, 'a>> {
        match operand {
            Operand::Literal(literal) => Some(Found::Literal(literal)),
            Operand::Node(query) => self.one(query, current).map(Found::Node),
            Operand::Count(query) => Some(Found::number(self.nodes(query, current).len())),
            Operand::Value(query) => match self.nodes(query, current).as_slice() {
                [only] => Some(Found::Node(only.value)),
                _ => None,
            },
            Operand::Length(inner) => match self.operand(inner, current)?.json() {
                Json::Text(text) => Some(Found::number(text.chars().count())),
                Json::List(items) => Some(Found::number(items.len())),
                Json::Map(members) => Some(Found::number(members.len())),
                _ => None,
            },
        }
    }
}

enum Found<'o, 'a> {
    Literal(&'o Json),
    Node(&'a Json),
    Computed(Json),
}

impl Found<'_, '_> {
    fn number(number: usize) -> Self {
        Self::Computed(Json::Number(number.to_string()))
    }

    fn json(&self) -> &Json {
        match self {
            Self::Literal(json) => json,
            Self::Node(json) => json,
            Self::Computed(json) => json,
        }
    }
}

/// The places a slice selects of `length` items (section 2.3.4.2.2).
fn slice(length: usize, (start, end, step): (Option<i64>, Option<i64>, i64)) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let normal = |at: i64| if at >= 0 { at } else { length + at };
    let (lower, upper, first) = if step >= 0 {
        let (start, end) = (normal(start.unwrap_or(0)), normal(end.unwrap_or(length)));
        let lower = start.clamp(0, length);
        (lower, end.clamp(0, length), lower)
    } else {
        let (start, end) = (start.map_or(length - 1, normal), end.map_or(-1, normal));
        let upper = start.clamp(-1, length - 1);
        (end.clamp(-1, length - 1), upper, upper)
    };
    let mut at = first;
    std::iter::from_fn(move || {
        let inside = (step > 0 && at < upper) || (step < 0 && at > lower);
        let here = inside.then_some(at);
        at = at.saturating_add(step);
        here.and_then(|at| usize::try_from(at).ok())
    })
}
