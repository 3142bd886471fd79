//! `cites-node status`: asks the running node how it is.

use std::io::{self, Read as _, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
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

pub(crate) fn run(arguments: &Status, out: &mut impl Write) -> Result<(), Failure> {
    let config = super::run::load(&arguments.home)?;
    let address = config.listen.http;
    let body = ask(address).map_err(|error| {
        Failure::new(
            Exit::Unreachable,
            format_args!("the node at `{address}` does not answer: {error}"),
            "start it with `cites-node run`",
        )
    })?;
    if arguments.json {
        writeln!(out, "{body}")?;
        return Ok(());
    }
    for (name, field) in LINES {
        let value = body.get(field).unwrap_or(&Value::Null);
        let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
        writeln!(out, "{name:<16}{text}")?;
    }
    if let Some(why) = body.get("refuses_to_serve").and_then(Value::as_str) {
        writeln!(out, "{:<16}{why}", "REFUSES")?;
    }
    Ok(())
}

/// What is shown, and where it stands in the answer.
const LINES: [(&str, &str); 10] = [
    ("Party", "party"),
    ("network", "network"),
    ("role", "role"),
    ("height", "height"),
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

    #[test]
    fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert!(ask(address).is_err());
    }
}
