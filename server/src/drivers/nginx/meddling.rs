//! What somebody else does to the host in the middle of a change, for tests: between `nginx -t` and the
//! reload there is a moment in which what was tested may go away. Empty in a running panel.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::Nginx;

type Deed = Box<dyn FnOnce() + Send>;

/// What is planted, in its order.
#[derive(Clone, Default)]
pub(super) struct Meddling(Arc<Mutex<Vec<Deed>>>);

impl fmt::Debug for Meddling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meddling")
    }
}

impl Meddling {
    /// Does the next one.
    pub(super) fn happen(&self) {
        let mut planted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (!planted.is_empty()).then(|| planted.remove(0));
        drop(planted);
        if let Some(deed) = next {
            deed();
        }
    }
}

impl Nginx {
    /// Plants a deed between the test of a generation and its reload; the next generation that passes the
    /// test has the first one planted, the one after it the second.
    pub fn meddle_before_reload(&self, deed: impl FnOnce() + Send + 'static) {
        self.meddling.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(deed));
    }
}
