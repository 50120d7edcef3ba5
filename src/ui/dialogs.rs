//! Dialogs: all keys, the command palette, sharing.
