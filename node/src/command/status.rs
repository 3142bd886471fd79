//! `cites-node status`: asks the running node how it is.

use std::io::{self, Read as _, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::{Exit, Failure};

/// A node on this machine answers at once, or not at all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer; the status has about a thousand.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Arguments of `status`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Status {
    /// Folder of the node, whose `node.toml` names its address.
    #[arg(long, env = "CITES_NODE_HOME")]
    home: PathBuf,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Shows the node. Ends well only where it serves, is in step with the others and does its part.
pub(crate) fn run(arguments: &Status, out: &mut impl Write) -> Result<(), Failure> {
    let (body, outcome) = match look(&arguments.home) {
        Ok(body) => {
            let outcome = judge(&body);
            (body, outcome)
        }
        Err(failure) => (Value::Null, Err(failure)),
    };
    if arguments.json {
        writeln!(out, "{}", object(&body, outcome.as_ref().err()))?;
    } else if body.is_object() {
        for (name, field) in LINES {
            let value = body.get(field).unwrap_or(&Value::Null);
            let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
            writeln!(out, "{name:<16}{text}")?;
        }
    }
    outcome
}

/// The answer with how it ends; an object also where there is no answer.
fn object(body: &Value, failure: Option<&Failure>) -> Value {
    let mut object = body.as_object().cloned().unwrap_or_default();
    object.insert("schema".into(), "cites.status/1".into());
    object.insert("exit_code".into(), 0.into());
    if let Some(failure) = failure {
        object.extend(failure.fields());
    }
    Value::Object(object)
}

fn look(home: &Path) -> Result<Value, Failure> {
    let address = super::run::load(home)?.listen.http;
    ask(address).map_err(|error| {
        Failure::new(
            Exit::Unreachable,
            format_args!("the node at `{address}` does not answer: {error}"),
            "start it with `cites-node run`",
        )
    })
}

/// What an operator has to know of it, the worst first.
fn judge(body: &Value) -> Result<(), Failure> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("?");
    let not_in_step = |error: String, hint| Err(Failure::new(Exit::NotInStep, error, hint));
    if let Some(why) = body.get("refuses_to_serve").and_then(Value::as_str) {
        let error = format_args!("the node refuses to serve: {why}");
        let hint = "stop it and rebuild its database from its peers, see docs/operations.md";
        return Err(Failure::new(Exit::Unreachable, error, hint));
    }
    match body.get("in_sync").and_then(Value::as_bool) {
        Some(true) => {}
        Some(false) => {
            return not_in_step(
                format!(
                    "the node is at height {}, the others at {}",
                    text("height"),
                    text("peers_height")
                ),
                "it catches up by itself; if it does not, look at its log",
            );
        }
        None => {
            return not_in_step(
                "too few other nodes have said how far they are".into(),
                "wait a moment; if it stays, look at the addresses in node.toml and at the network",
            );
        }
    }
    if text("role") == "observer" {
        return not_in_step(
            "the node observes: it follows, and does not vote yet".into(),
            "it votes again after the others have decided further heights, see docs/operations.md",
        );
    }
    Ok(())
}

/// What is shown, and where it stands in the answer.
const LINES: [(&str, &str); 11] = [
    ("Party", "party"),
    ("network", "network"),
    ("role", "role"),
    ("height", "height"),
    ("others at", "peers_height"),
    ("time", "time"),
    ("records", "log_size"),
    ("gossip peers", "gossip_peers"),
    ("waiting", "waiting"),
    ("outbox", "outbox"),
    ("up, seconds", "uptime_s"),
];

/// One request of HTTP/1.0: the answer ends with the connection.
fn ask(address: SocketAddr) -> io::Result<Value> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // In one piece: a server that answers after its first read would reset the rest.
    let request =
        format!("GET /v1/status HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let answer = String::from_utf8(answer).map_err(io::Error::other)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::other("not an answer of HTTP"))?;
    let line = head.lines().next().unwrap_or_default();
    if line.split(' ').nth(1) != Some("200") {
        return Err(io::Error::other(format!("it says `{line}`")));
    }
    serde_json::from_str(body).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    fn answered(answer: &'static str) -> Result<Value, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let answer = ask(address).map_err(|error| error.to_string());
        assert!(server.join().unwrap().starts_with("GET /v1/status "));
        answer
    }

    #[test]
    fn an_answer_is_read_and_anything_else_is_an_error() {
        let good = answered("HTTP/1.0 200 OK\r\ncontent-length: 16\r\n\r\n{\"height\": \"12\"}");
        assert_eq!(good.unwrap()["height"], "12");
        let busy = answered("HTTP/1.0 503 Service Unavailable\r\n\r\n{}");
        assert!(busy.unwrap_err().contains("503"));
        assert!(answered("HTTP/1.0 200 OK\r\n\r\n{").is_err());
        assert!(answered("hello").is_err());
    }

    fn body(height: &str, role: &str, in_sync: Option<bool>, refuses: Option<&str>) -> Value {
        json!({
            "schema": "cites.status/1", "height": height, "peers_height": "40", "role": role,
            "in_sync": in_sync, "refuses_to_serve": refuses,
        })
    }

    #[test]
    fn it_ends_well_only_where_the_node_serves_is_in_step_and_does_its_part() {
        let (yes, no, unknown) = (Some(true), Some(false), None);
        for (found, exit, says) in [
            (body("40", "validator", yes, None), None, ""),
            (body("39", "follower", yes, None), None, ""),
            (
                body("40", "observer", yes, None),
                Some(Exit::NotInStep),
                "observes",
            ),
            (
                body("9", "validator", no, None),
                Some(Exit::NotInStep),
                "at height 9, the others at 40",
            ),
            (
                body("9", "follower", unknown, None),
                Some(Exit::NotInStep),
                "too few other nodes",
            ),
            (
                body("40", "validator", yes, Some("leaf 0")),
                Some(Exit::Unreachable),
                "refuses to serve: leaf 0",
            ),
        ] {
            let outcome = judge(&found);
            let seen = outcome.as_ref().err().map(Failure::seen);
            assert_eq!(seen.as_ref().map(|(exit, _)| *exit), exit, "{found}");
            let text = seen.map(|(_, text)| text).unwrap_or_default();
            assert!(text.contains(says), "{text}");
            let object = object(&found, outcome.as_ref().err());
            assert_eq!(object["exit_code"], exit.map_or(0, |exit| exit as u8));
            assert_eq!(object["height"], found["height"]);
            assert_eq!(object.get("error").is_some(), exit.is_some());
        }
    }

    #[test]
    fn there_is_an_object_also_where_there_is_no_answer() {
        let arguments = Status {
            home: "nowhere".into(),
            json: true,
        };
        let mut out = Vec::new();
        let failure = run(&arguments, &mut out).unwrap_err();
        let object: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(object["schema"], "cites.status/1");
        assert_eq!(object["exit_code"], failure.seen().0 as u8);
        assert!(object["error"].as_str().unwrap().contains("nowhere"));
    }

    #[test]
    fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert!(ask(address).is_err());
    }
}
