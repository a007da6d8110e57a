//! What a tool resolved, at the grain it resolves at, folded onto packages.
//!
//! A tool may keep one package several times: pnpm once per set of peers, uv once per extra. Scopes spread over these
//! nodes, where no phantom path exists, and only then nodes of one package become one.

use crate::graph::{Inventory, Origin, Scope};

/// Nodes and what each of them asks for.
#[derive(Debug, Default)]
pub(super) struct Resolution {
    nodes: Vec<Node>,
    roots: Vec<(usize, Scope)>,
}

#[derive(Debug)]
struct Node {
    package: usize,
    needs: Vec<(usize, Scope)>,
}

impl Resolution {
    /// A new node of a package of the inventory, by index; the answer is the node's own index.
    pub(super) fn node(&mut self, package: usize) -> usize {
        self.nodes.push(Node { package, needs: Vec::new() });
        self.nodes.len() - 1
    }

    /// `from` asks for `to`: always ([`Scope::Required`]), where it can be had ([`Scope::Optional`]), or only while `from`
    /// is worked on ([`Scope::Development`]).
    pub(super) fn need(&mut self, from: usize, to: usize, scope: Scope) {
        self.nodes[from].needs.push((to, scope));
    }

    /// What nobody in the file asks for and is wanted nevertheless: the project itself, or what its manifest asks for.
    pub(super) fn root(&mut self, node: usize, scope: Scope) {
        self.roots.push((node, scope));
    }

    /// The package a node is of.
    pub(super) fn package(&self, node: usize) -> usize {
        self.nodes[node].package
    }

    /// The nodes that anybody asks for.
    pub(super) fn targets(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().flat_map(|node| node.needs.iter().map(|(to, _)| *to))
    }

    /// Writes needs and scopes into the packages; the answer is the nodes that nothing leads to from any root, by package.
    ///
    /// A package keeps the strongest scope in which it is reached: required, then optional, then for development. What is
    /// not reached, or everything when no root is known, has the scope [`Scope::Unstated`].
    pub(super) fn fold(self, inventory: &mut Inventory) -> Vec<usize> {
        let reached = self.reach();
        let mut scopes: Vec<Option<Scope>> = vec![None; inventory.packages.len()];
        let mut unreached = Vec::new();
        for (node, scope) in self.nodes.iter().zip(&reached) {
            scopes[node.package] = scopes[node.package].max(*scope);
            if scope.is_none() {
                unreached.push(node.package);
            }
            let targets = node.needs.iter().map(|(to, _)| self.nodes[*to].package).filter(|to| *to != node.package);
            inventory.packages[node.package].needs.extend(targets);
        }
        for (package, scope) in inventory.packages.iter_mut().zip(scopes) {
            package.needs.sort_unstable();
            package.needs.dedup();
            if package.origin != Origin::Own {
                package.scope = scope.unwrap_or(Scope::Unstated);
            }
        }
        unreached.sort_unstable();
        unreached.dedup();
        unreached
    }

    /// The strongest scope in which each node is reached. Every need is looked at once.
    fn reach(&self) -> Vec<Option<Scope>> {
        const LEVELS: [Scope; 3] = [Scope::Required, Scope::Optional, Scope::Development];
        let level = |scope: Scope| LEVELS.iter().position(|level| *level == scope).unwrap_or(0);
        let mut reached = vec![None; self.nodes.len()];
        let mut open: [Vec<usize>; 3] = Default::default();
        for (node, scope) in &self.roots {
            open[level(*scope)].push(*node);
        }
        for at in 0..LEVELS.len() {
            while let Some(node) = open[at].pop() {
                if reached[node].is_some() {
                    continue;
                }
                reached[node] = Some(LEVELS[at]);
                for (to, scope) in &self.nodes[node].needs {
                    open[level(*scope).max(at)].push(*to);
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Ecosystem, Package};

    fn inventory(count: usize) -> Inventory {
        let mut inventory = Inventory::new(Ecosystem::Npm);
        let package = |index| Package::new(format!("p{index}"), None, Origin::Purl(String::new()));
        inventory.packages = (0..count).map(package).collect();
        inventory
    }

    #[test]
    fn a_package_keeps_the_strongest_scope_in_which_it_is_reached() {
        let mut inventory = inventory(6);
        let mut resolution = Resolution::default();
        (0..6).for_each(|package| assert_eq!(resolution.node(package), package));
        // 0 → 1 optional → 2; 0 → 3 for development → 2 and 4; 4 → 3; nobody asks for 5.
        resolution.need(0, 3, Scope::Development);
        resolution.need(0, 1, Scope::Optional);
        resolution.need(1, 2, Scope::Required);
        resolution.need(3, 2, Scope::Required);
        resolution.need(3, 4, Scope::Optional);
        resolution.need(4, 3, Scope::Required);
        resolution.root(0, Scope::Required);
        assert_eq!(resolution.fold(&mut inventory), [5]);
        let scopes: Vec<_> = inventory.packages.iter().map(|package| package.scope).collect();
        use Scope::{Development, Optional, Required, Unstated};
        assert_eq!(scopes, [Required, Optional, Optional, Development, Development, Unstated]);
        assert_eq!(inventory.packages[3].needs, [2, 4]);
    }

    #[test]
    fn nodes_of_one_package_do_not_lend_each_other_their_needs_when_scopes_spread() {
        let mut inventory = inventory(3);
        let mut resolution = Resolution::default();
        let (shipped, tested, peer) = (resolution.node(0), resolution.node(0), resolution.node(1));
        let other = resolution.node(2);
        resolution.need(shipped, other, Scope::Required);
        resolution.need(tested, peer, Scope::Required);
        resolution.root(shipped, Scope::Required);
        resolution.root(tested, Scope::Development);
        assert!(resolution.fold(&mut inventory).is_empty());
        assert_eq!(inventory.packages[0].needs, [1, 2]);
        assert_eq!(inventory.packages[1].scope, Scope::Development);
        assert_eq!(inventory.packages[0].scope, Scope::Required);
    }
}
