//! Values that must not show up anywhere by accident.

use zeroize::{Zeroize, Zeroizing};

/// A secret: no `Debug`, no `Display`, no `Serialize`; wiped when dropped. Whoever needs the value
/// says so with [`Secret::expose`], which is easy to search for.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself.
    pub fn expose(&self) -> &T {
        &self.0
    }
}
