//! A speaker's names for the sentences of a script.

use crate::kernel::NodeId;
use crate::scenario::Names;

use super::speak::Speaker;

impl Names for Speaker {
    fn node_name(&self, node: NodeId) -> String {
        self.node_in(node).into_owned()
    }

    fn text_of(&self, name: &str) -> Option<&'static str> {
        self.find(name)
    }
}
