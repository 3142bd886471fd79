//! A node in whose database a change was found keeps quiet.

use tokio::sync::oneshot;

use super::super::*;
use super::played::*;

const WHY: &str = "a value was changed";

fn given(application: &Application) -> usize {
    let (reply, mut answer) = oneshot::channel();
    history::handle(application, &(height(1)..=height(1)), reply).unwrap();
    answer.try_recv().unwrap().len()
}

#[test]
fn a_node_that_refuses_to_serve_judges_no_block_and_gives_none() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, mut to) = pair(folder.path());
    let (value, parts) = propose(&mut from, 1, ROUND).unwrap();
    to.store.refuse_to_serve(WHY);
    assert_eq!(receive(&mut to, &parts), None);
    decide(&mut from, value.value.0, 1, &[1, 2, 3]).unwrap();
    assert_eq!(given(&from), 1);
    from.store.refuse_to_serve(WHY);
    assert_eq!(given(&from), 0);
}

#[test]
fn a_node_that_refuses_to_serve_proposes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut from, _) = pair(folder.path());
    from.store.refuse_to_serve(WHY);
    assert_eq!(propose(&mut from, 1, ROUND), None);
}
