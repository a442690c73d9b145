//! Environment variable names.

super::parsed!(
    /// An environment variable's name: `[A-Za-z_][A-Za-z0-9_]*`, at most 128 characters.
    EnvKey,
    |text| {
        let mut bytes = text.bytes();
        match bytes.next() {
            None => return Err("A variable needs a name."),
            Some(b) if b.is_ascii_alphabetic() || b == b'_' => {}
            Some(_) => return Err("A variable's name begins with a letter or an underscore."),
        }
        if text.len() > 128 {
            return Err("A variable's name has at most 128 characters.");
        }
        if !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err("A variable's name has only letters, digits and underscores.");
        }
        Ok(())
    }
);
