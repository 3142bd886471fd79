//! What officers are told about every permit of a true history; then about states that lie.

use ledger::codes::Kind;
use ledger::party::{PartyCode, Role};
use ledger::quantity::Quantity;
use ledger::reason::Light;
use ledger::state::{Changes, PermitState, StateKey, read};
use ledger::time::Timestamp;
use ledger::tree::KeyHash;

use super::*;
use crate::check::verdict::check_verdict;
use crate::scenario::Signatures;

const PARTIES: [&str; 4] = ["QS", "QT", "QN", "QP"];

fn code(text: &str) -> PartyCode {
    PartyCode::new(text).unwrap()
}

impl History {
    /// The disk of a node that has the first blocks.
    fn disk_at(&self, blocks: usize) -> Disk {
        let (_, changes) = initial_changes(self.parties.genesis.initial_state());
        let mut state = MemoryState::default();
        state.apply(&changes);
        let disk = self.disk_with(state);
        let root = initial_changes(self.parties.genesis.initial_state()).0;
        let tip = Tip::genesis(root, self.parties.genesis.validators().clone());
        let mut replica = Replica::new(self.parties.chain, tip);
        for Committed { block, quorum, .. } in &self.blocks[..blocks] {
            let (state, signing) = (disk.state(), &self.parties.signing);
            let decided_by = Arc::clone(&replica.tip().decided_by);
            let commit = replica.commit(&*state, block.clone(), quorum.clone(), signing);
            drop(state);
            let decided = Decided {
                block: block.clone(),
                quorum: quorum.clone(),
                decided_by,
            };
            disk.commit(decided, &commit.unwrap().executed.changes)
                .unwrap();
        }
        disk
    }

    fn disk_with(&self, state: MemoryState) -> Disk {
        let key = self.parties.seats()[0].voting.public();
        let guard = guard::State::new(self.parties.chain, &key);
        Disk::new(&Arc::new(state), &guard, Bug::None)
    }

    fn permits(&self) -> BTreeSet<PermitKey> {
        self.acts.iter().map(|act| act.permit).collect()
    }

    fn time(&self, blocks: usize) -> Timestamp {
        self.blocks[blocks - 1].block.header().time
    }

    /// What a lie about the state of a permit makes of the last block: everybody signs it.
    fn lied(&self, permit: PermitKey, lie: impl Fn(&mut PermitState)) -> Disk {
        let mut state = MemoryState::clone(&self.disk.state());
        let key = StateKey::permit(&permit);
        let place = KeyHash::of(key.as_ref());
        let known: Option<PermitState> = read(&state, &key).unwrap();
        let value = known.map(|mut known| {
            lie(&mut known);
            ledger::codec::encode(&known)
        });
        let leaves = [(place, value.as_deref().map(sha256))].into();
        let (root, pages) = tree::update(&PagesOf(&state), &leaves).unwrap();
        state.apply(&Changes {
            values: [(place, value)].into(),
            pages,
            ..Changes::default()
        });
        let last = self.blocks.last().unwrap();
        let Committed { block, quorum, .. } =
            self.signed_anew(last, last.block.records(), |header| {
                header.state_root = root;
            });
        let disk = self.disk_with(state);
        let decided = Decided {
            block,
            quorum,
            decided_by: Arc::new(self.parties.genesis.validators().clone()),
        };
        disk.commit(decided, &Changes::default()).unwrap();
        disk
    }

    /// A permit whose end is such.
    fn such(&self, asked: impl Fn(&PermitState) -> bool) -> PermitKey {
        let state = self.disk.state();
        let is_such = |permit: &PermitKey| {
            let known: Option<PermitState> = read(&*state, &StateKey::permit(permit)).unwrap();
            known.is_some_and(|known| asked(&known))
        };
        self.permits().into_iter().find(is_such).unwrap()
    }

    fn last(&self) -> (usize, Timestamp) {
        let blocks = self.blocks.len();
        (blocks, self.time(blocks).plus_ms(1_000))
    }
}

/// An export of Suravia for Norvia that needs its endorsement.
fn is_plain(permit: &PermitState) -> bool {
    permit.kind == Kind::Export
        && permit.issuer == code("QS")
        && permit.destination == Some(code("QN"))
        && permit.retrospective.is_none()
}

/// How often each light was told to each Party's customs at every height, about plain exports. All else is asked too.
fn lights(history: &History) -> BTreeMap<(&'static str, Light), u32> {
    let state = history.disk.state();
    let is_plain = |permit: &PermitKey| {
        let known: Option<PermitState> = read(&*state, &StateKey::permit(permit)).unwrap();
        known.is_some_and(|known| is_plain(&known))
    };
    let mut lights = BTreeMap::new();
    for blocks in 1..=history.blocks.len() {
        let (checker, disk) = (history.told(blocks), history.disk_at(blocks));
        for permit in history.permits() {
            for party in PARTIES {
                for role in [Role::Customs, Role::Management] {
                    let (officer, now) = ((code(party), role), history.time(blocks).plus_ms(1_000));
                    let light = check_verdict(&checker, &disk, permit, officer, now).unwrap();
                    assert!(role == Role::Customs || light == Light::Red, "{permit:?}");
                    if role != Role::Customs || !is_plain(&permit) {
                        continue;
                    }
                    let count: &mut u32 = lights.entry((party, light)).or_default();
                    *count += 1;
                }
            }
        }
    }
    lights
}

#[test]
fn at_every_height_officers_are_told_what_the_records_say() {
    let lights = lights(&history());
    // Customs of the issuer may endorse what nobody has endorsed; those of the destination and of its union accept
    // what was; a third Party's may do neither.
    for (party, best) in [
        ("QS", Light::Amber),
        ("QN", Light::Green),
        ("QP", Light::Green),
        ("QT", Light::Red),
    ] {
        let of = lights.keys().filter(|(of, _)| *of == party);
        let found = of.map(|(_, light)| *light).min();
        assert_eq!(found, Some(best), "{party}: {lights:?}");
    }
    for party in PARTIES {
        assert!(lights.contains_key(&(party, Light::Red)), "{lights:?}");
    }
}

#[test]
fn the_same_is_told_without_real_signatures() {
    let mut fast = scenario();
    fast.signatures = Signatures::Fast;
    assert!(lights(&history_of(fast)).contains_key(&("QN", Light::Green)));
}

#[test]
fn data_older_than_the_policy_are_never_green() {
    let history = history();
    let (blocks, _) = history.last();
    let (checker, disk) = (history.told(blocks), history.disk_at(blocks));
    let max_age_ms = history.parties.genesis.parameters().max_age_ms;
    for permit in history.permits() {
        let (officer, time) = ((code("QN"), Role::Customs), history.time(blocks));
        for (age_ms, is_stale) in [(max_age_ms, false), (max_age_ms + 1, true)] {
            let now = time.plus_ms(age_ms);
            let light = check_verdict(&checker, &disk, permit, officer, now).unwrap();
            assert!(!is_stale || light > Light::Green);
        }
    }
}

#[test]
fn a_node_that_is_behind_answers_for_its_own_height() {
    let history = history();
    let (blocks, now) = history.last();
    let checker = history.told(blocks);
    for behind in 1..blocks {
        let disk = history.disk_at(behind);
        for permit in history.permits() {
            let told = checker.check_verdicts(&disk, permit, now).unwrap();
            // Suravia's, Norvia's where that is known to be the destination, and a third Party's.
            assert!((2..=3).contains(&told.len()));
        }
    }
}

#[test]
fn a_status_that_everybody_signed_and_no_record_says_is_named() {
    let history = history();
    let (blocks, now) = history.last();
    let checker = history.told(blocks);
    let used = history.such(|permit| is_plain(permit) && permit.import.is_some());
    let cancelled = history.such(|permit| {
        is_plain(permit) && permit.cancellation.is_some() && permit.endorsement.is_none()
    });
    let endorsed = history.such(|permit| {
        is_plain(permit)
            && permit.endorsement.is_some()
            && permit.import.is_none()
            && permit.cancellation.is_none()
    });
    let ask = |disk: &Disk, permit, party| {
        let officer = (code(party), Role::Customs);
        check_verdict(&checker, disk, permit, officer, now)
    };
    type Lie = fn(&mut PermitState);
    let lies: [(&str, PermitKey, &str, Lie); 7] = [
        ("unused", used, "QN", |permit| permit.import = None),
        ("used", endorsed, "QN", |permit| {
            permit.import = permit.endorsement.clone();
        }),
        ("not cancelled", cancelled, "QN", |permit| {
            permit.cancellation = None;
        }),
        ("not endorsed", endorsed, "QN", |permit| {
            permit.endorsement = None;
        }),
        ("endorsed", cancelled, "QN", |permit| {
            permit.endorsement = Some(permit.issued.clone());
        }),
        ("for another Party", endorsed, "QT", |permit| {
            permit.destination = Some(code("QT"));
        }),
        ("for more", endorsed, "QN", |permit| {
            permit.lines[0].endorsed = Quantity::from_scaled(1);
        }),
    ];
    for (what, permit, party, lie) in lies {
        let honest = ask(&history.lied(permit, |_| ()), permit, party);
        assert!(honest.is_ok(), "{what}: {honest:?}");
        let found = ask(&history.lied(permit, lie), permit, party);
        assert_eq!(name(found.err()), "DishonestVerdict", "{what}");
    }
}

#[test]
fn what_does_not_lead_to_the_quorum_is_named() {
    let history = history();
    let (blocks, now) = history.last();
    let checker = history.told(blocks);
    let used = history.such(|permit| permit.import.is_some());
    let officer = (code("QN"), Role::Customs);
    let ask = |disk: &Disk| check_verdict(&checker, disk, used, officer, now);
    let disk = history.disk_at(blocks);
    assert_eq!(ask(&disk), Ok(Light::Red));

    // The state of the block before under the newest header.
    let stale = history.disk_at(blocks - 1).state();
    let before = history.disk_with(MemoryState::clone(&stale));
    let tip = Decided::clone(&disk.tip().unwrap());
    before.commit(tip.clone(), &Changes::default()).unwrap();
    // Too few signatures.
    let unsigned = history.disk_with(MemoryState::clone(&disk.state()));
    let mut tip = tip;
    tip.quorum.signatures.truncate(2);
    unsigned.commit(tip, &Changes::default()).unwrap();
    // A status changed, and nothing else.
    let flipped = history.disk_at(blocks);
    crate::world::faults::tamper(&flipped);
    for lie in [before, unsigned, flipped] {
        assert_eq!(name(ask(&lie).err()), "DishonestVerdict");
    }
}

#[test]
fn another_history_than_the_one_decided_is_named() {
    let history = history();
    let (blocks, now) = history.last();
    let (mut checker, disk) = (history.told(blocks), history.disk_at(blocks));
    let used = history.such(|permit| permit.import.is_some());
    let officer = (code("QN"), Role::Customs);
    // A checker that was told of another trade finds the node's true answer false.
    checker.permits = history.told(1).permits;
    for block in &history.blocks[1..] {
        let header = block.block.header();
        checker.permits.begin(header.height, header.time);
    }
    let found = check_verdict(&checker, &disk, used, officer, now);
    assert_eq!(name(found.err()), "DishonestVerdict");
}
