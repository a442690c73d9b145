//! Reconcilers keep the host matching the store. They take no input: a timer and a nudge drive
//! them, and what does not work is tried again at the next look.

use std::time::Duration;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::failure::{Failure, chain};

/// Runs `look` again and again, `every` after the last or when `nudged` returns, until `stop`.
/// The same trouble is logged once, not at every look.
pub fn drive<L, LF, N, NF>(
    tasks: &TaskTracker,
    stop: CancellationToken,
    name: &'static str,
    every: Duration,
    nudged: N,
    look: L,
) where
    L: Fn() -> LF + Send + Sync + 'static,
    LF: Future<Output = Result<(), Failure>> + Send,
    N: Fn() -> NF + Send + Sync + 'static,
    NF: Future<Output = ()> + Send,
{
    tasks.spawn(async move {
        let mut trouble: Option<String> = None;
        loop {
            match look().await {
                Ok(()) => {
                    if trouble.take().is_some() {
                        tracing::info!(reconciler = name, "works again");
                    }
                }
                Err(failure) => {
                    let text = chain(&failure);
                    if trouble.as_ref() != Some(&text) {
                        tracing::warn!(reconciler = name, "{text}");
                    }
                    trouble = Some(text);
                }
            }
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = nudged() => {}
                () = stop.cancelled() => return,
            }
        }
    });
}
