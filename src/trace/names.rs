//! A speaker's names for the sentences of a script.

use crate::kernel::NodeId;
use crate::scenario::Names;
use crate::texts::join::NAME;

use super::speak::Speaker;

impl Names for Speaker {
    fn node_name(&self, node: NodeId) -> String {
        // The sentence marks names itself.
        self.node_in(node).replace(NAME, "")
    }

    fn text_of(&self, name: &str) -> Option<&'static str> {
        self.find(name)
    }
}
