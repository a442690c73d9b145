//! The ledger of orders: it stops before a certificate authority does, and says when the next try is.
//! The limits are Let's Encrypt's (letsencrypt.org, "Rate Limits", 2026); others have none that are lower.

use serde::{Deserialize, Serialize};

use crate::{
    name::DomainName,
    problem::{Code, Problem},
    time::Timestamp,
};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Older attempts count for nothing.
pub const KEPT_MS: i64 = 8 * DAY;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is under way.
    Running,
    /// A certificate came.
    Issued,
    /// The authority asked, and did not get the right answer.
    Invalid,
    /// Something else went wrong.
    Failed,
    /// The panel ended in the middle of it.
    Abandoned,
}

impl Outcome {
    /// As the store spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Issued => "issued",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// One attempt at one directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The name; a certificate is for one name, so that this is the exact set of names.
    pub domain: DomainName,
    /// The registered domain that it belongs to: `example.co.uk`.
    pub registered: String,
    /// When it began.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it replaced a certificate by renewal information.
    pub replaces: bool,
}

/// What is to be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The name.
    pub domain: &'a DomainName,
    /// The registered domain that it belongs to.
    pub registered: &'a str,
    /// Whether it replaces a certificate by renewal information: no limit counts then.
    pub replaces: bool,
    /// Whether this name has had a certificate before: the limit of its registered domain does not count
    /// then.
    pub again: bool,
}

/// A limit that would be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Wrong answers for one name within an hour: 5 at Let's Encrypt, 3 here.
    WrongAnswers,
    /// Certificates for one exact set of names within 7 days: 5.
    SameNames,
    /// New certificates below one registered domain within 7 days: 50.
    RegisteredDomain,
    /// Orders of one account within 3 hours: 300.
    Orders,
}

impl Limit {
    /// How many, within how long.
    const fn is(self) -> (usize, i64) {
        match self {
            Self::WrongAnswers => (3, HOUR),
            Self::SameNames => (5, 7 * DAY),
            Self::RegisteredDomain => (50, 7 * DAY),
            Self::Orders => (300, 3 * HOUR),
        }
    }
}

/// Why nothing is ordered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// The limit.
    pub limit: Limit,
    /// When the next order may be made.
    pub next_at: Timestamp,
}

impl Stop {
    /// What the person is told.
    #[must_use]
    pub fn problem(&self, wanted: &Wanted<'_>) -> Problem {
        let Wanted { domain, registered, .. } = wanted;
        let title = match self.limit {
            Limit::WrongAnswers => {
                format!("The certificate authority got no right answer for {domain} three times within an hour.")
            }
            Limit::SameNames => format!("{domain} has had five certificates within seven days."),
            Limit::RegisteredDomain => format!("{registered} has had fifty new certificates within seven days."),
            Limit::Orders => "Three hundred certificates were ordered within three hours.".to_owned(),
        };
        let hint = format!("Homeport stops before the authority does. The next try is at {}.", self.next_at);
        Problem::new(Code::Conflict, title).hint(hint)
    }
}

/// Whether an order may be made, as far as one directory's attempts tell.
///
/// # Errors
/// [`Stop`]: the limit that holds longest.
pub fn may_order(attempts: &[Attempt], wanted: &Wanted<'_>, now: Timestamp) -> Result<(), Stop> {
    if wanted.replaces {
        return Ok(());
    }
    let same = |attempt: &Attempt| attempt.domain == *wanted.domain;
    // One that was abandoned may have brought a certificate that nobody took.
    let spent = |attempt: &Attempt| matches!(attempt.outcome, Outcome::Issued | Outcome::Abandoned);
    let mut stops = vec![
        full(attempts, Limit::WrongAnswers, now, |attempt| same(attempt) && attempt.outcome == Outcome::Invalid),
        full(attempts, Limit::SameNames, now, |attempt| same(attempt) && spent(attempt)),
        full(attempts, Limit::Orders, now, |_| true),
    ];
    if !wanted.again {
        let below = |attempt: &Attempt| attempt.registered == wanted.registered && spent(attempt) && !attempt.replaces;
        stops.push(full(attempts, Limit::RegisteredDomain, now, below));
    }
    match stops.into_iter().flatten().max_by_key(|stop| stop.next_at) {
        Some(stop) => Err(stop),
        None => Ok(()),
    }
}

/// A limit that is reached: the next order may be made when the oldest that fills it no longer counts.
fn full(attempts: &[Attempt], limit: Limit, now: Timestamp, counts: impl Fn(&Attempt) -> bool) -> Option<Stop> {
    let (most, within) = limit.is();
    // An attempt from the future was written by a clock that went wrong; it counts for as long as its
    // window is wide, and not until the future comes.
    let near = |attempt: &&Attempt| now.since(attempt.at).abs() < within;
    let mut times: Vec<Timestamp> =
        attempts.iter().filter(near).filter(|attempt| counts(attempt)).map(|attempt| attempt.at).collect();
    times.sort_unstable();
    let oldest = times.len().checked_sub(most).map(|first| times[first])?;
    Some(Stop { limit, next_at: oldest.plus_ms(within) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(100 * DAY);

    fn name(text: &str) -> DomainName {
        text.parse().expect("a name")
    }

    fn attempt(domain: &str, before: i64, outcome: Outcome) -> Attempt {
        let registered = "example.com".to_owned();
        Attempt { domain: name(domain), registered, at: NOW.plus_ms(-before), outcome, replaces: false }
    }

    fn asked(attempts: &[Attempt], replaces: bool, again: bool) -> Result<(), Stop> {
        let domain = name("shop.example.com");
        may_order(attempts, &Wanted { domain: &domain, registered: "example.com", replaces, again }, NOW)
    }

    #[test]
    fn three_wrong_answers_within_an_hour_are_enough() {
        let wrong = |before| attempt("shop.example.com", before, Outcome::Invalid);
        let mut attempts = vec![wrong(59 * 60_000), wrong(30 * 60_000)];
        assert_eq!(asked(&attempts, false, false), Ok(()));
        attempts.push(wrong(1));
        let stop = asked(&attempts, false, false).expect_err("a stop");
        assert_eq!(stop, Stop { limit: Limit::WrongAnswers, next_at: NOW.plus_ms(60_000) });
        let domain = name("shop.example.com");
        let wanted = Wanted { domain: &domain, registered: "example.com", replaces: false, again: false };
        let problem = stop.problem(&wanted);
        assert!(problem.code == Code::Conflict && problem.to_string().contains("1970-04-11T00:01:00Z"), "{problem}");
        // Another name is another count, and so is what went wrong otherwise.
        attempts[0].domain = name("blog.example.com");
        assert_eq!(asked(&attempts, false, false), Ok(()));
        let failed: Vec<Attempt> = (0..200).map(|at| attempt("shop.example.com", at, Outcome::Failed)).collect();
        assert_eq!(asked(&failed, false, false), Ok(()));
    }

    #[test]
    fn five_of_the_same_and_fifty_of_a_domain_in_a_week() {
        let mut attempts: Vec<Attempt> =
            (0..5).map(|day| attempt("shop.example.com", day * DAY + 1, Outcome::Issued)).collect();
        assert_eq!(
            asked(&attempts, false, true),
            Err(Stop { limit: Limit::SameNames, next_at: NOW.plus_ms(3 * DAY - 1) })
        );
        attempts[4].outcome = Outcome::Abandoned;
        assert!(asked(&attempts, false, true).is_err(), "it may have brought one");
        attempts[4].at = NOW.plus_ms(-7 * DAY);
        assert_eq!(asked(&attempts, false, true), Ok(()));

        let many: Vec<Attempt> =
            (0..50).map(|one| attempt(&format!("a{one}.example.com"), DAY + one, Outcome::Issued)).collect();
        let stop = asked(&many, false, false).expect_err("a stop");
        assert_eq!((stop.limit, stop.next_at), (Limit::RegisteredDomain, NOW.plus_ms(6 * DAY - 49)));
        assert_eq!(asked(&many, false, true), Ok(()), "renewing is no new certificate");
        let mut elsewhere = many;
        elsewhere[0].registered = "example.org".into();
        assert_eq!(asked(&elsewhere, false, false), Ok(()));
    }

    #[test]
    fn three_hundred_orders_in_three_hours() {
        let many: Vec<Attempt> =
            (0..300).map(|one| attempt(&format!("a{one}.example.org"), one * 1_000 + 1, Outcome::Failed)).collect();
        let stop = asked(&many, false, true).expect_err("a stop");
        assert_eq!(stop.limit, Limit::Orders);
        assert_eq!(asked(&many[1..], false, true), Ok(()));
    }

    #[test]
    fn what_replaces_by_renewal_information_meets_no_limit() {
        let all: Vec<Attempt> = (0..400)
            .flat_map(|one| [Outcome::Issued, Outcome::Invalid].map(|how| attempt("shop.example.com", one, how)))
            .collect();
        assert_eq!(asked(&all, true, true), Ok(()));
        assert!(asked(&all, false, true).is_err());
    }

    /// However attempts lie, a stop ends, and when it ends an order may be made.
    #[test]
    fn every_stop_ends_when_it_says() {
        let mut state = 7_u64;
        let mut random = move |below: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(state >> 33).unwrap_or(0) % below
        };
        let outcomes = [Outcome::Issued, Outcome::Invalid, Outcome::Abandoned];
        for _ in 0..300 {
            let count = random(40);
            let attempts: Vec<Attempt> = (0..count)
                .map(|_| {
                    let outcome = outcomes[usize::try_from(random(3)).unwrap_or(0)];
                    attempt("shop.example.com", random(8 * DAY), outcome)
                })
                .collect();
            let domain = name("shop.example.com");
            let wanted = Wanted { domain: &domain, registered: "example.com", replaces: false, again: false };
            if let Err(stop) = may_order(&attempts, &wanted, NOW) {
                assert!(stop.next_at > NOW && stop.next_at <= NOW.plus_ms(7 * DAY), "{stop:?}");
                let then = may_order(&attempts, &wanted, stop.next_at);
                assert!(then.is_ok(), "{stop:?}, then {then:?}");
            }
        }
        // The clock was a month ahead for a while: that holds nothing up.
        let future: Vec<Attempt> =
            (0..9).map(|one| attempt("shop.example.com", -30 * DAY - one, Outcome::Issued)).collect();
        assert_eq!(asked(&future, false, true), Ok(()));
    }
}
