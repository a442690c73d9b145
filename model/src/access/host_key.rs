//! The public key by which an SSH server is known.

use crate::name::parsed;

/// The kinds of keys that servers have, as ssh spells them.
const KINDS: [&str; 5] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

parsed!(
    /// A server's public key as one line, without a comment: `ssh-ed25519 AAAA…`.
    HostKey,
    |text| {
        const NOT_ONE: &str = "That is not an SSH server's public key.";
        let (kind, content) = text.split_once(' ').ok_or(NOT_ONE)?;
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
        if !KINDS.contains(&kind) || !(40..=2_000).contains(&content.len()) || !content.bytes().all(is_base64) {
            return Err(NOT_ONE);
        }
        Ok(())
    }
);

impl HostKey {
    /// The key itself, in base64.
    #[must_use]
    pub fn content(&self) -> &str {
        self.as_str().split_once(' ').map_or("", |(_, content)| content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_line_of_two_words() {
        let content = "A".repeat(68);
        assert!(format!("ssh-ed25519 {content}").parse::<HostKey>().is_ok());
        for text in [
            String::new(),
            format!("ssh-dss {content}"),
            format!("ssh-ed25519 {content} comment"),
            format!("ssh-ed25519 {content}\n* {content}"),
            "ssh-ed25519 short".into(),
            format!("@cert-authority * ssh-ed25519 {content}"),
        ] {
            assert!(text.parse::<HostKey>().is_err(), "{text}");
        }
    }
}
