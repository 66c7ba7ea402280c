//! Trouble at the media host, on request: refusals that count down, and slowness.

/// The next requests of a kind are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// How many requests it concerns.
    pub(crate) times: u32,
}

/// The faults that are switched on.
#[derive(Debug, Default)]
pub(crate) struct MediaFaults {
    pub(crate) uploads: Option<Refusal>,
    pub(crate) downloads: Option<Refusal>,
    /// How fast each download is at most.
    pub(crate) bytes_per_second: Option<u64>,
}

impl MediaFaults {
    /// The status with which this upload is refused.
    pub(crate) fn refuse_upload(&mut self) -> Option<u16> {
        take(&mut self.uploads)
    }

    /// The status with which this download is refused.
    pub(crate) fn refuse_download(&mut self) -> Option<u16> {
        take(&mut self.downloads)
    }
}

fn take(refusal: &mut Option<Refusal>) -> Option<u16> {
    let current = refusal.as_mut()?;
    let status = current.status;
    current.times = current.times.saturating_sub(1);
    if current.times == 0 {
        *refusal = None;
    }
    Some(status)
}
