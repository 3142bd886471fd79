//! Before its first signature a validator asks the others how far they are, and answers those who ask.
//!
//! Malachite tells of a tip when a block is decided and when a node connects, but never of the tip zero, so
//! the first validators of a chain would wait for each other for ever.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use consensus::context::Context;
use malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use malachitebft_app_channel::{NetworkMsg, NetworkRequest};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::{Progress, ready};
use crate::engine::heard::Heard;
use crate::engine::{ANSWERS, ASKS};

/// How often a node asks until it was answered, and how often it answers.
const INTERVAL: Duration = Duration::from_millis(250);

/// What asking and answering takes.
pub(super) struct Greeter {
    /// To the others.
    pub(super) network: mpsc::Sender<NetworkMsg<Context>>,
    /// Tells who is connected.
    pub(super) requests: mpsc::Sender<NetworkRequest>,
    /// What was heard.
    pub(super) heard: Arc<Heard>,
    /// How far this node is.
    pub(super) progress: watch::Receiver<Progress>,
    /// How many decide.
    pub(super) validators: usize,
}

impl Greeter {
    /// Asks until enough have answered, and answers; until the engine ends.
    pub(super) async fn run(self) -> Option<()> {
        while self.heard.believed_tip(self.validators).is_none() {
            // With nobody connected the network would only complain.
            if ready::connected(&self.requests).await? > 0 {
                self.say(ASKS).await?;
            }
            if timeout(INTERVAL, self.heard.asked()).await.is_ok() {
                self.say(ANSWERS).await?;
                sleep(INTERVAL).await;
            }
        }
        loop {
            self.heard.asked().await;
            self.say(ANSWERS).await?;
            sleep(INTERVAL).await;
        }
    }

    /// `None` once the engine has ended. The codec signs, and adds who and when.
    async fn say(&self, stream: &'static [u8]) -> Option<()> {
        let tip = self.progress.borrow().tip;
        let name = StreamId::new(Bytes::from_static(stream));
        let word = StreamMessage::new(name, tip.0, StreamContent::Fin);
        let message = NetworkMsg::PublishProposalPart(word);
        self.network.send(message).await.ok()
    }
}
