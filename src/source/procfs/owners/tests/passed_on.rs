//! Sockets that a process has passed on to another.

use super::{MANY, SECOND, Tree, all_live, holders};

#[test]
fn a_process_that_passed_a_socket_on_is_in_doubt_until_it_was_read_again() {
    let tree = Tree::new();
    tree.process(7, 100, 0);
    tree.process(8, 100, 0);
    tree.open(8, 3, "pipe:[5]");
    for fd in 0..4 * MANY {
        tree.open(7, fd, &format!("socket:[{}]", 10_000 + fd));
    }
    let mut owners = tree.owners();
    assert!(!owners.all_verified());
    tree.replace(7, 3, "socket:[9]");
    tree.replace(8, 3, "socket:[10003]");
    let mut changed = owners.holders(10_003).to_vec();
    let other = owners.holders(10_004)[0];
    owners.refresh(2 * SECOND, &all_live);
    assert!(owners.is_verified(other), "nothing is known yet");
    owners.verify_owners(&mut changed, &all_live);
    assert!(owners.holders(10_003).is_empty());
    assert!(!owners.is_verified(other), "too many to read at once");
    owners.resolve(&[(10_003, None)], 2 * SECOND, &all_live);
    assert_eq!(holders(&owners, 10_003), [(8, 3)]);
    assert!(owners.is_verified(owners.holders(10_003)[0]));

    for tick in 3..19 {
        owners.refresh(tick * SECOND, &all_live);
    }
    assert!(owners.is_verified(other));
}

#[test]
fn a_second_holder_makes_the_first_one_be_verified() {
    let tree = Tree::new();
    tree.process(7, 100, 0);
    tree.process(8, 100, 0);
    for fd in 0..MANY {
        tree.open(7, fd, &format!("socket:[{}]", 10_000 + fd));
    }
    let mut owners = tree.owners();
    tree.replace(7, 3, "pipe:[5]");
    tree.open(8, 3, "socket:[10003]");
    owners.refresh(2 * SECOND, &all_live);
    assert!(!owners.all_verified());
    assert_eq!(holders(&owners, 10_003), [(8, 3)]);
}
