//! The top of the map's tree in memory: every block reads and writes most of it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ledger::state::ReadError;
use ledger::tree::{Page, PageChanges, PageId};

use super::lock;

/// Levels that are kept, of four bits each: at most 1 + 16 + 256 + 4,096 pages, about 5 MiB.
const LEVELS: usize = 4;

/// Pages of the newest state. What a snapshot reads always comes from disk.
#[derive(Debug, Default)]
pub(super) struct TopPages {
    /// The lock is held while a page that is not here is read, so that no older page is kept than the disk's.
    pages: Mutex<BTreeMap<PageId, Page>>,
}

impl TopPages {
    /// The page at `id`, from here or as `read` finds it.
    pub(super) fn page(
        &self,
        id: &PageId,
        read: impl FnOnce() -> Result<Option<Page>, ReadError>,
    ) -> Result<Option<Page>, ReadError> {
        if id.depth() >= LEVELS {
            return read();
        }
        let mut pages = lock(&self.pages);
        if let Some(page) = pages.get(id) {
            return Ok(Some(page.clone()));
        }
        let page = read()?;
        if let Some(page) = &page {
            pages.insert(*id, page.clone());
        }
        Ok(page)
    }

    /// Follows what was just written to disk.
    pub(super) fn apply(&self, changes: &PageChanges) {
        let mut pages = lock(&self.pages);
        for (id, page) in changes.iter().filter(|(id, _)| id.depth() < LEVELS) {
            match page {
                Some(page) => pages.insert(*id, page.clone()),
                None => pages.remove(id),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use ledger::digest::sha256;
    use ledger::tree::{KeyHash, LeafChanges, Pages, update};

    use super::*;

    /// What the disk holds.
    struct Disk(BTreeMap<PageId, Page>);

    impl Pages for Disk {
        type Error = Infallible;

        fn page(&self, id: &PageId) -> Result<Option<Page>, Infallible> {
            Ok(self.0.get(id).cloned())
        }
    }

    #[test]
    fn the_top_is_what_the_disk_holds_after_every_block() {
        let (top, mut disk) = (TopPages::default(), Disk(BTreeMap::new()));
        let key = |n: u32| KeyHash::of(&n.to_be_bytes());
        for block in 0..20_u32 {
            // A third of what an earlier block put in goes again.
            let put = (0..300).map(|n| (key(block * 300 + n), Some(sha256(&n.to_be_bytes()))));
            let gone = (0..100).map(|n| (key((block / 2) * 300 + n), None));
            let changes: LeafChanges = put.chain(gone).collect();
            let Ok((_, pages)) = update(&disk, &changes);
            for (id, page) in &pages {
                match page {
                    Some(page) => disk.0.insert(*id, page.clone()),
                    None => disk.0.remove(id),
                };
            }
            top.apply(&pages);
            for id in pages.keys() {
                let found = top.page(id, || Ok(disk.0.get(id).cloned()));
                assert_eq!(found.unwrap().as_ref(), disk.0.get(id));
            }
        }
        let kept = lock(&top.pages);
        assert!(kept.keys().all(|id| id.depth() < LEVELS) && kept.len() > 200);
    }

    #[test]
    fn a_page_is_read_once_and_a_failure_every_time() {
        let top = TopPages::default();
        let page = || Ok(Some(Page::default()));
        let failure = || Err(ReadError("no disk".into()));
        assert!(top.page(&PageId::ROOT, failure).is_err());
        assert_eq!(top.page(&PageId::ROOT, page), page());
        assert_eq!(top.page(&PageId::ROOT, failure), page());
    }
}
