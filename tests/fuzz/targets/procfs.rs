//! Bytes as a file in `/proc`. The first byte is which one; the others are as a real kernel writes them.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use sockwatch_fuzz::procfs_tree::ProcfsTree;

fuzz_target!(|bytes: &[u8]| {
    static TREE: OnceLock<ProcfsTree> = OnceLock::new();
    if let Some((&file, text)) = bytes.split_first() {
        let tree = TREE.get_or_init(ProcfsTree::create);
        tree.read_with(usize::from(file), text);
    }
});
