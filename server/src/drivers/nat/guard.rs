//! Who may reach published ports. Docker opens them by translating addresses before the host's own
//! firewall sees a packet, so a table of ours looks at it before that and drops what comes from
//! elsewhere than was said.
//!
//! Only new arrivals at this host are looked at: what containers send to others passes, and so do
//! answers, and whatever the host says to itself.

use std::collections::BTreeMap;

use homeport_model::{
    app::{Published, SourceRange},
    id::AppId,
};
use sha2::{Digest, Sha256};

use super::{Error, Nat, nft};

/// The published ports of each app.
pub type Guarded = BTreeMap<AppId, Vec<Published>>;

/// Before Docker's translation at -100, after connections are recognised at -200.
const PRIORITY: i32 = -150;

impl Nat {
    /// Makes the table that drops what comes from elsewhere say what `guarded` says, in one
    /// transaction. Ports without sources need no rule, and without any rule there is no table.
    ///
    /// # Errors
    /// When nft refuses or cannot be used; then the sources are not kept.
    pub async fn guard(&self, guarded: &Guarded) -> Result<(), Error> {
        let rules: Vec<String> = guarded.values().flatten().flat_map(rules_of).collect();
        let wanted = text_of(&self.table, &rules);
        let mut is_there = self.guards.lock().await;
        let marks = match (rules.is_empty(), *is_there) {
            // Nothing wanted and nothing there: not worth a question at every look.
            (true, Some(false)) => return Ok(()),
            _ => self.guard_marks().await?,
        };
        let is_in_order = match marks {
            None => rules.is_empty(),
            Some(marks) => {
                !rules.is_empty()
                    && marks.len() == rules.len() + BEFORE.len()
                    && marks.iter().all(|m| *m == mark(&rules))
            }
        };
        if !is_in_order {
            nft(&wanted).await.map_err(Error::Nft)?;
        }
        *is_there = Some(!rules.is_empty());
        Ok(())
    }

    /// The marks of the rules that are there; `None` where there is no table.
    async fn guard_marks(&self) -> Result<Option<Vec<String>>, Error> {
        let Some(text) = self.look(&["-j", "list", "table", "inet", &self.table]).await? else { return Ok(None) };
        let answer: serde_json::Value = serde_json::from_slice(&text).map_err(Error::Answer)?;
        let objects = answer["nftables"].as_array().into_iter().flatten();
        let rules = objects.filter_map(|object| object.get("rule"));
        Ok(Some(rules.map(|rule| rule["comment"].as_str().unwrap_or_default().to_owned()).collect()))
    }

    /// Removes the table.
    pub(super) async fn remove_guard(&self) -> Result<(), Error> {
        *self.guards.lock().await = None;
        nft(&text_of(&self.table, &[])).await.map_err(Error::Nft)
    }
}

/// What passes before it is asked where it comes from.
const BEFORE: [&str; 3] = [
    // The host to itself, also at its other addresses.
    "iifname \"lo\" accept",
    "ct direction reply accept",
    // What only passes through, from containers to other hosts.
    "fib daddr type unicast accept",
];

/// The table made anew; without rules it is removed.
fn text_of(table: &str, rules: &[String]) -> String {
    // Adding first makes the deletion repeatable.
    let mut text = format!("add table inet {table}\ndelete table inet {table}\n");
    if rules.is_empty() {
        return text;
    }
    text.push_str(&format!(
        "add table inet {table}\n\
         add chain inet {table} sources {{ type filter hook prerouting priority {PRIORITY} ; policy accept ; }}\n"
    ));
    let mark = mark(rules);
    for rule in BEFORE.into_iter().chain(rules.iter().map(String::as_str)) {
        text.push_str(&format!("add rule inet {table} sources {rule} comment \"{mark}\"\n"));
    }
    text
}

/// What a port with sources drops, for each family that reaches it.
fn rules_of(port: &Published) -> Vec<String> {
    if port.sources.is_empty() {
        return Vec::new();
    }
    let family = |is_ipv4: bool, family: &str| {
        let at = match port.address.filter(|address| !address.is_unspecified()) {
            Some(address) if address.is_ipv4() != is_ipv4 => return None,
            Some(address) => format!("{family} daddr {address} "),
            None => format!("meta nfproto {} ", if is_ipv4 { "ipv4" } else { "ipv6" }),
        };
        let from: Vec<String> =
            port.sources.iter().filter(|range| range.is_ipv4() == is_ipv4).map(SourceRange::to_string).collect();
        let from = match from.as_slice() {
            // Nobody of this family was named, so nobody of it gets in.
            [] => String::new(),
            from => format!("{family} saddr != {{ {} }} ", from.join(", ")),
        };
        Some(format!("{at}{} dport {} {from}drop", port.protocol.as_str(), port.host))
    };
    [family(true, "ip"), family(false, "ip6")].into_iter().flatten().collect()
}

/// By this our rules are known: it changes with what they say, and with the shape of the table.
fn mark(rules: &[String]) -> String {
    let sum = Sha256::digest(rules.join("\n"));
    let sum: String = sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("homeport sources 1 {sum}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<String> {
        rules_of(&text.parse().unwrap_or_else(|refused| panic!("{text}: {refused}")))
    }

    #[test]
    fn a_port_drops_whoever_comes_from_elsewhere_in_both_families() {
        assert_eq!(rules("25565"), Vec::<String>::new());
        assert_eq!(
            rules("25565:1/udp from 10.0.0.0/8, 203.0.113.7"),
            [
                "meta nfproto ipv4 udp dport 25565 ip saddr != { 10.0.0.0/8, 203.0.113.7 } drop",
                "meta nfproto ipv6 udp dport 25565 drop",
            ]
        );
        assert_eq!(
            rules("80:80 from 2001:db8::/32"),
            [
                "meta nfproto ipv4 tcp dport 80 drop",
                "meta nfproto ipv6 tcp dport 80 ip6 saddr != { 2001:db8::/32 } drop",
            ]
        );
        assert_eq!(
            rules("192.0.2.1:80:80 from 10.0.0.0/8"),
            ["ip daddr 192.0.2.1 tcp dport 80 ip saddr != { 10.0.0.0/8 } drop"]
        );
        assert_eq!(rules("[2001:db8::1]:80:80 from 10.0.0.0/8"), ["ip6 daddr 2001:db8::1 tcp dport 80 drop"]);
    }

    #[test]
    fn the_table_is_made_anew_or_taken_away() {
        assert_eq!(text_of("homeport_x", &[]), "add table inet homeport_x\ndelete table inet homeport_x\n");
        let rules = rules("192.0.2.1:80:80 from 10.0.0.0/8");
        let mark = mark(&rules);
        assert_eq!(
            text_of("homeport_x", &rules),
            format!(
                "add table inet homeport_x\n\
                 delete table inet homeport_x\n\
                 add table inet homeport_x\n\
                 add chain inet homeport_x sources {{ type filter hook prerouting priority -150 ; policy accept ; }}\n\
                 add rule inet homeport_x sources iifname \"lo\" accept comment \"{mark}\"\n\
                 add rule inet homeport_x sources ct direction reply accept comment \"{mark}\"\n\
                 add rule inet homeport_x sources fib daddr type unicast accept comment \"{mark}\"\n\
                 add rule inet homeport_x sources ip daddr 192.0.2.1 tcp dport 80 ip saddr != {{ 10.0.0.0/8 }} drop \
                 comment \"{mark}\"\n"
            )
        );
        assert_ne!(mark, super::mark(&[]));
    }
}
