//! Cancellation: the runner sends SIGINT, 7.5 s later SIGTERM, 2.5 s after that it kills (`ProcessInvoker.cs`).

use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// The signals received so far. The first asks to stop and leave the world consistent; the second insists.
#[derive(Debug)]
pub struct Cancel {
    signals: watch::Receiver<u8>,
    heeded: AtomicBool,
}

/// The wait was ended by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl Cancel {
    /// A cancellation and the sender that counts signals into it.
    pub(crate) fn new() -> (watch::Sender<u8>, Self) {
        let (sender, signals) = watch::channel(0);
        (sender, Self { signals, heeded: AtomicBool::new(false) })
    }

    /// Whether a signal has come.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.heeded.store(true, Ordering::Relaxed);
        *self.signals.borrow() > 0
    }

    /// Waits for the first signal. From the first call on the kit leaves stopping to the action, within its grace.
    pub async fn requested(&self) {
        self.heeded.store(true, Ordering::Relaxed);
        self.reached(1).await;
    }

    /// Waits for the second signal: whatever is still running should be given up now.
    pub async fn insisted(&self) {
        self.reached(2).await;
    }

    /// Waits for the first signal without taking the stopping over from the kit.
    pub(crate) async fn first(&self) {
        self.reached(1).await;
    }

    /// Whether the action watches for signals itself.
    pub(crate) fn is_heeded(&self) -> bool {
        self.heeded.load(Ordering::Relaxed)
    }

    async fn reached(&self, count: u8) {
        let mut signals = self.signals.clone();
        if signals.wait_for(|seen| *seen >= count).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Counts the process's signals into `sender` for as long as the future runs. Where `launched`, the end of the parent
/// counts as a signal: the runner kills the launcher, and nobody would tell its child.
///
/// The handlers stand, and the parent is known, when this returns: a signal right after the start is not missed. Needs to
/// be called within a runtime.
#[cfg(unix)]
pub(crate) fn listen(
    sender: watch::Sender<u8>,
    launched: bool,
) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let launcher = std::os::unix::process::parent_id();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut watch = tokio::time::interval(std::time::Duration::from_millis(250));
    let mut orphaned = !launched;
    Ok(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {},
                _ = terminate.recv() => {},
                _ = hang_up.recv() => {},
                _ = watch.tick(), if !orphaned => {
                    orphaned = std::os::unix::process::parent_id() != launcher;
                    if !orphaned {
                        continue;
                    }
                }
            }
            sender.send_modify(|count| *count = count.saturating_add(1));
        }
    })
}

/// Counts the process's signals into `sender` for as long as the future runs.
#[cfg(not(unix))]
pub(crate) fn listen(
    sender: watch::Sender<u8>,
    _launched: bool,
) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            sender.send_modify(|count| *count = count.saturating_add(1));
        }
    })
}
