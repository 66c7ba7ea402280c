//! "typing…" and "recording…" before a message.

use std::time::Duration;

use contract::content::Content;
use tokio::time::sleep;
use tracing::debug;
use whatsapp_rust::Client;

/// Typing is a courtesy: when it cannot be shown, the message goes out all the same.
pub(super) async fn show_typing(client: &Client, to: &wacore_binary::Jid, content: &Content, time: Duration) {
    let shown = match content {
        Content::Audio { .. } => client.chatstate().send_recording(to).await,
        _ => client.chatstate().send_composing(to).await,
    };
    if let Err(error) = shown {
        debug!(%error, "typing could not be shown");
        return;
    }
    sleep(time).await;
    if let Err(error) = client.chatstate().send_paused(to).await {
        debug!(%error, "typing could not be ended");
    }
}
