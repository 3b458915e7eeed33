//! A trie over word ids: the one matcher for terms, cues and titles.

use super::vocabulary::WordId;

/// A node; 0 is the root.
pub type NodeId = u32;

/// An immutable trie whose keys are sequences of word ids and whose values are `u32`.
#[derive(Default)]
pub struct TokenTrie {
    /// Child of the root for each word; 0 when there is none.
    roots: Vec<NodeId>,
    /// For each node, where its edges and its values start; one more entry closes the last.
    nodes: Vec<(u32, u32)>,
    edges: Vec<(WordId, NodeId)>,
    values: Vec<u32>,
}

impl TokenTrie {
    /// Builds the trie. Values under one key keep the order given; empty keys are left out.
    pub fn build(mut keys: Vec<(Vec<WordId>, u32)>, words: usize) -> Self {
        keys.retain(|(key, _)| !key.is_empty());
        keys.sort_unstable();
        keys.dedup();
        let mut trie = Self { roots: vec![0; words], ..Self::default() };
        // Breadth first: the children of a node are made together, so its edges are contiguous.
        let mut level = vec![(0_usize, keys.len())];
        let mut depth = 0;
        let mut made = 1;
        while !level.is_empty() {
            let mut next = Vec::new();
            for (from, to) in level {
                trie.nodes.push((trie.edges.len() as u32, trie.values.len() as u32));
                let mut at = from;
                while at < to && keys[at].0.len() == depth {
                    trie.values.push(keys[at].1);
                    at += 1;
                }
                while at < to {
                    let word = keys[at].0[depth];
                    let run = keys[at..to].iter().take_while(|(key, _)| key[depth] == word).count();
                    trie.edges.push((word, made));
                    if depth == 0 {
                        trie.roots[word as usize] = made;
                    }
                    made += 1;
                    next.push((at, at + run));
                    at += run;
                }
            }
            level = next;
            depth += 1;
        }
        trie.nodes.push((trie.edges.len() as u32, trie.values.len() as u32));
        trie
    }

    /// The node that `word` leads to from the root.
    pub fn root(&self, word: WordId) -> Option<NodeId> {
        self.roots.get(word as usize).copied().filter(|&node| node != 0)
    }

    /// The node that `word` leads to from `node`.
    pub fn child(&self, node: NodeId, word: WordId) -> Option<NodeId> {
        let edges = self.range(node, |n| n.0).map(|r| &self.edges[r])?;
        edges.binary_search_by_key(&word, |edge| edge.0).ok().map(|i| edges[i].1)
    }

    /// The values whose key ends at `node`, in ascending order.
    pub fn values(&self, node: NodeId) -> &[u32] {
        self.range(node, |n| n.1).map_or(&[], |r| &self.values[r])
    }

    /// The values of every node that has any.
    pub fn all_values(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.nodes.len().saturating_sub(1))
            .map(|node| self.values(node as NodeId))
            .filter(|v| !v.is_empty())
    }

    fn range(&self, node: NodeId, part: impl Fn(&(u32, u32)) -> u32) -> Option<std::ops::Range<usize>> {
        let (here, next) = (self.nodes.get(node as usize)?, self.nodes.get(node as usize + 1)?);
        Some(part(here) as usize..part(next) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let trie = TokenTrie::build(
            vec![(vec![1, 2], 7), (vec![1], 5), (vec![1, 2, 3], 9), (vec![4], 1), (vec![], 3)],
            6,
        );
        let one = trie.root(1).expect("a key starts with 1");
        let two = trie.child(one, 2).expect("a key goes on with 2");
        assert_eq!((trie.values(one), trie.values(two)), (&[5][..], &[7][..]));
        assert_eq!(trie.child(two, 3).map(|n| trie.values(n).to_vec()), Some(vec![9]));
        assert_eq!((trie.root(2), trie.child(one, 3), trie.root(99)), (None, None, None));
        assert_eq!(trie.root(4).map(|n| trie.values(n).to_vec()), Some(vec![1]));
    }
}
