//! A node that answers over HTTP in this process: honestly, or in any of the ways in which one can lie.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ledger::codec;
use ledger::digest::{Digest, NumberHash, RecordDigest};
use ledger::record::PermitKey;
use ledger::signed::Signed;
use ledger::state::{Leaf, Receipt};
use serde_json::{Value, json};

use crate::blocks;
use crate::chain::{Chain, party};
use crate::lists;

/// How the node answers questions for proofs and lists.
#[derive(Clone)]
pub(crate) enum Manner {
    /// As it is.
    Honest,
    /// The proof of another permit.
    OfAnother(PermitKey),
    /// From another chain.
    From(Box<Chain>),
    /// These bytes.
    Bytes(Vec<u8>),
    /// The true proof, changed.
    Changed(fn(&mut Vec<u8>)),
    /// This status with this body.
    Status(u16, &'static str),
    /// Says how much is to come, and never sends it.
    Silent,
    /// Sends more than anybody should take.
    Endless,
}

/// How it answers a submitted record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Desk {
    /// Puts it into a block.
    Prompt,
    /// Stores it and never decides it.
    Slow,
    /// Says it is final, applied or refused for this reason, and does nothing.
    Liar(Option<&'static str>),
    /// Puts it into a block, and says that it was refused for this reason.
    Denier(&'static str),
    /// Puts it into a block, and hangs up before it answers.
    Broken,
    /// Gives it up.
    Expired,
    /// This status with this body.
    Status(u16, &'static str),
}

struct Inner {
    chain: Mutex<Chain>,
    manner: Mutex<Manner>,
    desk: Mutex<Desk>,
    submitted: Mutex<Vec<(RecordDigest, Option<Receipt>)>>,
    asked: Mutex<Vec<String>>,
    /// Records that it still takes before it vanishes, the answer to the last one with it.
    left: Mutex<Option<usize>>,
    stopped: AtomicBool,
    mute: AtomicBool,
}

/// The node; stops when dropped.
pub(crate) struct Node {
    inner: Arc<Inner>,
    pub(crate) url: String,
    address: std::net::SocketAddr,
}

impl Node {
    pub(crate) fn new(chain: Chain) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            chain: Mutex::new(chain),
            manner: Mutex::new(Manner::Honest),
            desk: Mutex::new(Desk::Prompt),
            submitted: Mutex::new(Vec::new()),
            asked: Mutex::new(Vec::new()),
            left: Mutex::new(None),
            stopped: AtomicBool::new(false),
            mute: AtomicBool::new(false),
        });
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let inner = Arc::clone(&shared);
                thread::spawn(move || inner.serve(stream.unwrap()));
            }
        });
        Self {
            inner,
            url: format!("http://{address}"),
            address,
        }
    }

    pub(crate) fn answers(&self, manner: Manner) {
        *self.inner.manner.lock().unwrap() = manner;
    }

    /// Previews and lists are no longer to be had.
    pub(crate) fn explains_nothing(&self) {
        self.inner.mute.store(true, Ordering::SeqCst);
    }

    pub(crate) fn takes(&self, desk: Desk) {
        *self.inner.desk.lock().unwrap() = desk;
    }

    /// Takes so many records more, and is gone before it has answered the last one.
    pub(crate) fn vanishes_after(&self, records: usize) {
        *self.inner.left.lock().unwrap() = Some(records);
    }

    /// Is there again, with all that it took.
    pub(crate) fn returns(&self) {
        *self.inner.left.lock().unwrap() = None;
    }

    pub(crate) fn chain<T>(&self, act: impl FnOnce(&mut Chain) -> T) -> T {
        act(&mut self.inner.chain.lock().unwrap())
    }

    /// Every request line so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.inner.asked.lock().unwrap().clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.inner.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then ends.
        drop(TcpStream::connect(self.address));
    }
}

struct Request {
    line: String,
    path: String,
    body: Vec<u8>,
}

impl Inner {
    fn serve(&self, mut stream: TcpStream) {
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let Some(request) = read(&mut stream) else {
            return;
        };
        self.asked.lock().unwrap().push(request.line.clone());
        if *self.left.lock().unwrap() == Some(0) {
            return;
        }
        let parts: Vec<&str> = request
            .path
            .split('?')
            .next()
            .unwrap()
            .split('/')
            .skip(1)
            .collect();
        let answer = match (request.line.split(' ').next().unwrap(), parts.as_slice()) {
            ("GET", ["v1", "proofs", "permits", issuer, number]) => {
                let permit = key(issuer, number);
                let manner = self.manner.lock().unwrap().clone();
                if matches!(manner, Manner::Silent) {
                    return silent(&mut stream);
                }
                if matches!(manner, Manner::Endless) {
                    return endless(&mut stream);
                }
                self.proof(&permit, manner)
            }
            ("GET", ["v1", "permits", issuer, number, "history"]) => {
                self.history(&key(issuer, number))
            }
            ("POST", ["v1", "records"]) => match self.submit(&request.body) {
                Some(_) if self.is_last() => return,
                Some(answer) => answer,
                None => return,
            },
            ("GET", ["v1", "records", digest]) => self.record(digest),
            ("GET", ["v1", "status"] | ["v1", "blocks", ..]) => {
                let bytes = blocks::answer(&self.chain.lock().unwrap(), &parts);
                bytes.map_or_else(
                    || problem(404, "NOT_FOUND"),
                    |body| Answer { status: 200, body },
                )
            }
            (method, parts) => self.list(method, parts, &request),
        };
        respond(&mut stream, &answer);
    }

    /// Whether it vanishes with this record.
    fn is_last(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        *left = left.map(|left| left - 1);
        *left == Some(0)
    }

    fn proof(&self, permit: &PermitKey, manner: Manner) -> Answer {
        let true_proof = || self.chain.lock().unwrap().proof(permit).encode();
        let bytes = match manner {
            Manner::Honest => true_proof(),
            Manner::OfAnother(other) => self.chain.lock().unwrap().proof(&other).encode(),
            Manner::From(chain) => chain.proof(permit).encode(),
            Manner::Bytes(bytes) => bytes,
            Manner::Changed(change) => {
                let mut bytes = true_proof();
                change(&mut bytes);
                bytes
            }
            Manner::Status(status, body) => {
                return Answer {
                    status,
                    body: body.into(),
                };
            }
            Manner::Silent | Manner::Endless => unreachable!("answered before"),
        };
        Answer {
            status: 200,
            body: bytes,
        }
    }

    /// `None` hangs up.
    fn submit(&self, body: &[u8]) -> Option<Answer> {
        let desk = *self.desk.lock().unwrap();
        if let Desk::Status(status, body) = desk {
            return Some(Answer {
                status,
                body: body.into(),
            });
        }
        let Ok(signed) = Signed::decode(body) else {
            return Some(problem(400, "MALFORMED"));
        };
        let digest = signed.digest();
        let submitted = self.submitted.lock().unwrap();
        // The same bytes are one record, however often they come.
        let known = submitted.iter().find(|(known, _)| *known == digest);
        if let Some((_, receipt @ Some(_))) = known {
            return Some(json_answer(&standing(&digest, *receipt)));
        }
        drop(submitted);
        let receipt = if matches!(desk, Desk::Prompt | Desk::Broken | Desk::Denier(_)) {
            match self.chain.lock().unwrap().block(&[Arc::new(signed)]) {
                Ok(receipts) => Some(receipts[0]),
                Err(_) => return Some(problem(422, "INADMISSIBLE")),
            }
        } else {
            None
        };
        self.submitted.lock().unwrap().push((digest, receipt));
        match desk {
            Desk::Broken => None,
            Desk::Liar(reason) => Some(self.claim(&digest, reason)),
            Desk::Denier(reason) => Some(self.claim(&digest, Some(reason))),
            Desk::Expired => Some(json_answer(
                &json!({"record": digest.to_string(), "status": "not_included", "reason": "NOT_INCLUDED_EXPIRED"}),
            )),
            Desk::Prompt | Desk::Slow | Desk::Status(..) => {
                Some(json_answer(&standing(&digest, receipt)))
            }
        }
    }

    /// A receipt that nothing stands behind.
    fn claim(&self, digest: &RecordDigest, reason: Option<&str>) -> Answer {
        let height = self.chain.lock().unwrap().height();
        let result = if reason.is_none() {
            "applied"
        } else {
            "refused"
        };
        let receipt = json!({"height": height, "index": 0, "result": result, "reason": reason});
        json_answer(&json!({"record": digest.to_string(), "status": "final", "receipt": receipt}))
    }

    fn record(&self, digest: &str) -> Answer {
        let submitted = self.submitted.lock().unwrap();
        let digest = RecordDigest(Digest::from_hex(digest).unwrap());
        match submitted.iter().find(|(known, _)| *known == digest) {
            Some((_, receipt)) => json_answer(&standing(&digest, *receipt)),
            None => problem(404, "UNKNOWN_RECORD"),
        }
    }

    /// What is not proven: a preview, registers, lists.
    fn list(&self, method: &str, parts: &[&str], request: &Request) -> Answer {
        if let Manner::Bytes(bytes) = self.manner.lock().unwrap().clone() {
            return Answer {
                status: 200,
                body: bytes,
            };
        }
        if self.mute.load(Ordering::SeqCst) {
            return problem(503, "BUSY");
        }
        let chain = self.chain.lock().unwrap();
        let query = request.path.split('?').nth(1).unwrap_or_default();
        let told = match (method, parts) {
            ("POST", ["v1", "judgements"]) => lists::judgement(&chain, &request.body),
            ("GET", ["v1", "registers", party]) => Some(lists::registers(&chain, party)),
            ("GET", ["v1", "quotas", party, year, species]) => {
                lists::quota(&chain, party, year, species)
            }
            ("GET", ["v1", "statistics", party, year]) => {
                Some(lists::statistics(&chain, party, year))
            }
            ("GET", ["v1", "signals", signal, party]) => {
                Some(lists::signals(&chain, signal, party, query))
            }
            _ => None,
        };
        told.map_or_else(|| problem(404, "NOT_FOUND"), |told| json_answer(&told))
    }

    fn history(&self, permit: &PermitKey) -> Answer {
        let leaves = self.chain.lock().unwrap().history(permit);
        let records: Vec<Value> = leaves.iter().map(|leaf| logged(leaf)).collect();
        json_answer(&json!({"events": records}))
    }
}

fn logged(leaf: &[u8]) -> Value {
    let leaf: Leaf = codec::decode(leaf, 1 << 20).unwrap();
    let signed = Signed::decode(&leaf.signed).unwrap();
    let record = signed.record();
    let port = record.statement.port();
    json!({
        "record": signed.digest().to_string(), "statement": record.statement.as_str(),
        "author": record.author.as_str(), "made_at": record.made_at.to_string(),
        "port": port.map(|port| port.to_string()), "receipt": receipt_json(&leaf.receipt),
    })
}

fn receipt_json(receipt: &Receipt) -> Value {
    json!({
        "height": receipt.height.to_string(), "index": receipt.index,
        "result": if receipt.refused.is_none() { "applied" } else { "refused" },
        "reason": receipt.refused.map(|reason| reason.code()),
        "warnings": receipt.warnings.iter().map(|doubt| doubt.code()).collect::<Vec<_>>(),
    })
}

fn standing(digest: &RecordDigest, receipt: Option<Receipt>) -> Value {
    match receipt {
        Some(receipt) => {
            json!({"record": digest.to_string(), "status": "final", "receipt": receipt_json(&receipt)})
        }
        None => json!({"record": digest.to_string(), "status": "stored"}),
    }
}

fn key(issuer: &str, number: &str) -> PermitKey {
    PermitKey {
        issuer: party(issuer),
        number: NumberHash(Digest::from_hex(number).unwrap()),
    }
}

struct Answer {
    status: u16,
    body: Vec<u8>,
}

fn json_answer(value: &Value) -> Answer {
    Answer {
        status: 200,
        body: value.to_string().into_bytes(),
    }
}

fn problem(status: u16, code: &str) -> Answer {
    Answer {
        status,
        body: json!({"code": code, "detail": "as a test"})
            .to_string()
            .into_bytes(),
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let count = stream.read(&mut block).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&block[..count]);
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let length = text.to_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length: ")
            .map(|n| n.trim().parse::<usize>().unwrap())
    });
    let mut body = bytes[head..].to_vec();
    while body.len() < length.unwrap_or(0) {
        let count = stream.read(&mut block).ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&block[..count]);
    }
    let line = text.lines().next().unwrap().to_owned();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    Some(Request { line, path, body })
}

fn respond(stream: &mut TcpStream, answer: &Answer) {
    let head = format!(
        "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.body.len()
    );
    // The other side may have hung up, which is its right.
    let _gone = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&answer.body));
}

/// Holds the line until the other side hangs up.
fn silent(stream: &mut TcpStream) {
    let _gone = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n");
    let _ended = stream.read(&mut [0; 16]);
}

/// Sends until the other side hangs up.
fn endless(stream: &mut TcpStream) {
    let _gone = stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
    while stream.write_all(&[0xa5; 65_536]).is_ok() {}
}
