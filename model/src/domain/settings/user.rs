//! Who may see an app that asks for a password.

crate::name::parsed!(
    /// A visitor's name: letters, digits and `. _ - @`, at most 64 characters. It stands in a file of lines.
    UserName,
    |text| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(())
        } else {
            Err("A user has letters, digits and . _ - @, at most 64 of them.")
        }
    }
);
