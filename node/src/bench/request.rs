//! One keep-alive connection to a node, as little HTTP/1.1 as that takes: what is measured is the node.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Bytes of an answer; the largest are proofs.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A connection that carries one request at a time.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    request: Vec<u8>,
    received: Vec<u8>,
}

/// What a node answered.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            address,
            request: Vec::new(),
            received: Vec::new(),
        })
    }

    pub(super) async fn get(&mut self, path: &str) -> io::Result<Answer<'_>> {
        self.begin("GET", path);
        self.request.extend_from_slice(b"\r\n");
        self.answer().await
    }

    pub(super) async fn post(&mut self, path: &str, body: &[u8]) -> io::Result<Answer<'_>> {
        self.begin("POST", path);
        let length = format!("content-length: {}\r\n\r\n", body.len());
        self.request.extend_from_slice(length.as_bytes());
        self.request.extend_from_slice(body);
        self.answer().await
    }

    fn begin(&mut self, method: &str, path: &str) {
        self.request.clear();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        self.request.extend_from_slice(head.as_bytes());
    }

    async fn answer(&mut self) -> io::Result<Answer<'_>> {
        self.stream.write_all(&self.request).await?;
        self.received.clear();
        let head = loop {
            if let Some(head) = Head::parse(&self.received)? {
                break head;
            }
            self.receive().await?;
        };
        while self.received.len() < head.end {
            self.receive().await?;
        }
        let body = self.received.get(head.body..head.end);
        Ok(Answer {
            status: head.status,
            body: body.unwrap_or_default(),
        })
    }

    async fn receive(&mut self) -> io::Result<()> {
        if self.received.len() > ANSWER_BYTES_MAX {
            return Err(io::Error::other("the answer is too long"));
        }
        if self.stream.read_buf(&mut self.received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// The head of an answer: its status, and where its body lies.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body: usize,
    end: usize,
}

impl Head {
    /// Reads the head, if all of it is there. Nodes always say how long a body is.
    fn parse(received: &[u8]) -> io::Result<Option<Self>> {
        let Some(length) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = received.get(..length).map(str::from_utf8);
        let head = text.and_then(Result::ok).and_then(|text| {
            let mut lines = text.split("\r\n");
            let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
            let size: usize = lines
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(Some(0), |(_, value)| value.trim().parse().ok())?;
            let body = length.saturating_add(4);
            let end = body.saturating_add(size);
            Some(Self { status, body, end })
        });
        match head {
            Some(head) => Ok(Some(head)),
            None => Err(io::Error::other("not an HTTP answer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_an_answer_tells_its_status_and_its_end() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\nx: y\r\n\r\nabc";
        for cut in 0..answer.len() - 3 {
            assert_eq!(Head::parse(&answer[..cut]).unwrap(), None, "{cut}");
        }
        let head = Head::parse(answer).unwrap().unwrap();
        assert_eq!(
            (head.status, &answer[head.body..head.end]),
            (202, &b"abc"[..])
        );
        let empty = Head::parse(b"HTTP/1.1 204 No Content\r\n\r\n")
            .unwrap()
            .unwrap();
        assert_eq!((empty.status, empty.body), (204, empty.end));
        for wrong in [&b"\r\n\r\n"[..], b"HTTP/1.1 two\r\n\r\n", b"\xff\r\n\r\n"] {
            assert!(Head::parse(wrong).is_err());
        }
    }
}
