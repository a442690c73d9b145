//! The table `certificate_plans`.

use homeport_model::{
    certificate::{
        plan::{CertificatePlan, ChallengeKind, Policy, ProfileName},
        renewal::AriWindow,
    },
    name::DomainName,
    time::Timestamp,
};

use crate::db::{Conn, Db, Error, Result};

struct Columns {
    domain: String,
    policy: String,
    profile: Option<String>,
    challenge: String,
    next_at: Option<i64>,
    failures: i64,
    looks: i64,
    problem: Option<String>,
    ari_start: Option<i64>,
    ari_end: Option<i64>,
    ask_at: Option<i64>,
    random: i64,
    asked_at: Option<i64>,
}

impl TryFrom<Columns> for CertificatePlan {
    type Error = Error;
    fn try_from(row: Columns) -> Result<Self> {
        let bad = |column| Error::bad_row("certificate_plans", column, &row.domain, "unreadable");
        let window = row.ari_start.zip(row.ari_end);
        Ok(Self {
            policy: Policy::from_word(&row.policy).ok_or_else(|| bad("policy"))?,
            profile: row.profile.map(|text| text.parse().map_err(|_| bad("profile"))).transpose()?,
            challenge: ChallengeKind::from_word(&row.challenge).ok_or_else(|| bad("challenge"))?,
            next_at: row.next_at.map(Timestamp::from_ms),
            failures: u32::try_from(row.failures).map_err(|_| bad("failures"))?,
            looks: u32::try_from(row.looks).map_err(|_| bad("looks"))?,
            problem: row.problem.map(|text| serde_json::from_str(&text).map_err(|_| bad("problem"))).transpose()?,
            ari: window
                .map(|(start, end)| AriWindow { start: Timestamp::from_ms(start), end: Timestamp::from_ms(end) }),
            ask_at: row.ask_at.map(Timestamp::from_ms),
            random: u32::try_from(row.random).map_err(|_| bad("random"))?,
            asked_at: row.asked_at.map(Timestamp::from_ms),
            domain: row.domain.parse().map_err(|_| bad("domain"))?,
        })
    }
}

/// Every plan that was written down.
pub(crate) async fn all(db: &Db) -> Result<Vec<CertificatePlan>> {
    let rows = sqlx::query_as!(
        Columns,
        "SELECT domain, policy, profile, challenge, next_at, failures, looks, problem, ari_start, ari_end, ask_at,
                random, asked_at
         FROM certificate_plans ORDER BY domain"
    )
    .fetch_all(db.reader())
    .await?;
    rows.into_iter().map(CertificatePlan::try_from).collect()
}

/// The plan for a name, or that of a name of which nobody said anything.
pub(crate) async fn of(db: &Db, domain: &DomainName) -> Result<CertificatePlan> {
    let found = all(db).await?.into_iter().find(|plan| plan.domain == *domain);
    Ok(found.unwrap_or_else(|| CertificatePlan::new(domain.clone())))
}

/// Writes what a person may set, and forgets what went wrong; where nothing is to be ordered, also that it
/// was asked for.
pub(crate) async fn set_wish(tx: &mut Conn, plan: &CertificatePlan) -> Result<()> {
    let (domain, policy, challenge) = (plan.domain.as_str(), plan.policy.as_str(), plan.challenge.as_str());
    let (profile, random) = (plan.profile.as_ref().map(ProfileName::as_str), i64::from(plan.random));
    sqlx::query!(
        "INSERT INTO certificate_plans (domain, policy, profile, challenge, failures, random) VALUES (?, ?, ?, ?, 0, ?)
         ON CONFLICT (domain) DO UPDATE SET policy = excluded.policy, profile = excluded.profile,
             challenge = excluded.challenge, next_at = NULL, failures = 0, looks = 0, problem = NULL,
             asked_at = CASE WHEN excluded.policy = 'automatic' THEN asked_at END",
        domain,
        policy,
        profile,
        challenge,
        random
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes a plan as it was read, wish and progress: what changed it meanwhile has been taken back.
pub(crate) async fn put_back(tx: &mut Conn, plan: &CertificatePlan) -> Result<()> {
    set_wish(&mut *tx, plan).await?;
    set_progress(&mut *tx, plan).await?;
    let (domain, asked_at) = (plan.domain.as_str(), plan.asked_at.map(Timestamp::ms));
    sqlx::query!("UPDATE certificate_plans SET asked_at = ? WHERE domain = ?", asked_at, domain).execute(tx).await?;
    Ok(())
}

/// Writes how things went; what a person set or asked for stays as it is.
pub(crate) async fn set_progress(tx: &mut Conn, plan: &CertificatePlan) -> Result<()> {
    let (domain, policy, challenge) = (plan.domain.as_str(), plan.policy.as_str(), plan.challenge.as_str());
    let problem = plan.problem.as_ref().and_then(|problem| serde_json::to_string(problem).ok());
    let (next_at, failures) = (plan.next_at.map(Timestamp::ms), i64::from(plan.failures));
    let looks = i64::from(plan.looks);
    let (start, end) = (plan.ari.map(|window| window.start.ms()), plan.ari.map(|window| window.end.ms()));
    let (ask_at, random) = (plan.ask_at.map(Timestamp::ms), i64::from(plan.random));
    sqlx::query!(
        "INSERT INTO certificate_plans
             (domain, policy, challenge, next_at, failures, looks, problem, ari_start, ari_end, ask_at, random)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (domain) DO UPDATE SET next_at = excluded.next_at, failures = excluded.failures,
             looks = excluded.looks, problem = excluded.problem, ari_start = excluded.ari_start,
             ari_end = excluded.ari_end, ask_at = excluded.ask_at, random = excluded.random",
        domain,
        policy,
        challenge,
        next_at,
        failures,
        looks,
        problem,
        start,
        end,
        ask_at,
        random
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes that a try or a look was in vain, unless the plan is another one by now than `read`: somebody
/// changed it, or mended what may have been the cause, and the next try is theirs.
pub(crate) async fn set_failed(tx: &mut Conn, read: &CertificatePlan, after: &CertificatePlan) -> Result<()> {
    let (domain, policy, challenge) = (read.domain.as_str(), read.policy.as_str(), read.challenge.as_str());
    let profile = read.profile.as_ref().map(ProfileName::as_str);
    let (read_next_at, read_failures) = (read.next_at.map(Timestamp::ms), i64::from(read.failures));
    let problem = after.problem.as_ref().and_then(|problem| serde_json::to_string(problem).ok());
    let (next_at, failures) = (after.next_at.map(Timestamp::ms), i64::from(after.failures));
    let (looks, random) = (i64::from(after.looks), i64::from(after.random));
    sqlx::query!(
        "INSERT INTO certificate_plans (domain, policy, challenge, next_at, failures, looks, problem, random)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (domain) DO UPDATE SET next_at = excluded.next_at, failures = excluded.failures,
             looks = excluded.looks, problem = excluded.problem
         WHERE policy = ?2 AND challenge = ?3 AND profile IS ?9 AND next_at IS ?10 AND failures = ?11",
        domain,
        policy,
        challenge,
        next_at,
        failures,
        looks,
        problem,
        random,
        profile,
        read_next_at,
        read_failures
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes when the authority would like a certificate to be renewed, and when it is asked again.
pub(crate) async fn set_window(tx: &mut Conn, plan: &CertificatePlan) -> Result<()> {
    let domain = plan.domain.as_str();
    let (start, end) = (plan.ari.map(|window| window.start.ms()), plan.ari.map(|window| window.end.ms()));
    let ask_at = plan.ask_at.map(Timestamp::ms);
    sqlx::query!(
        "UPDATE certificate_plans SET ari_start = ?, ari_end = ?, ask_at = ? WHERE domain = ?",
        start,
        end,
        ask_at,
        domain
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Tries what failed before again now: something changed that may have been the cause.
pub(crate) async fn try_all_now(tx: &mut Conn) -> Result<()> {
    sqlx::query!("UPDATE certificate_plans SET next_at = NULL, failures = 0, looks = 0 WHERE problem IS NOT NULL")
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets every pause: they are about another directory than the one of now.
pub(crate) async fn forget_pauses(tx: &mut Conn) -> Result<()> {
    sqlx::query!("UPDATE certificate_plans SET next_at = NULL, failures = 0, looks = 0").execute(tx).await?;
    Ok(())
}

/// Tries again now what a person had to see to in DNS; a pause that an authority wants stays.
pub(crate) async fn try_by_dns_now(tx: &mut Conn) -> Result<()> {
    sqlx::query!(
        "UPDATE certificate_plans SET next_at = NULL, looks = 0
         WHERE challenge = 'dns-01' AND problem IS NOT NULL AND json_extract(problem, '$.code') = 'conflict'"
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes down that somebody asked for a certificate, whatever is in use.
pub(crate) async fn set_asked(tx: &mut Conn, plan: &CertificatePlan, at: Timestamp) -> Result<()> {
    let (domain, policy, challenge) = (plan.domain.as_str(), plan.policy.as_str(), plan.challenge.as_str());
    let (random, at) = (i64::from(plan.random), at.ms());
    sqlx::query!(
        "INSERT INTO certificate_plans (domain, policy, challenge, failures, random, asked_at) VALUES (?, ?, ?, 0, ?, ?)
         ON CONFLICT (domain) DO UPDATE SET asked_at = excluded.asked_at",
        domain,
        policy,
        challenge,
        random,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes down that what somebody asked for at `asked_at` was tried. What was asked for since was not.
pub(crate) async fn set_tried(tx: &mut Conn, domain: &DomainName, asked_at: Option<Timestamp>) -> Result<()> {
    let (domain, asked_at) = (domain.as_str(), asked_at.map(Timestamp::ms));
    sqlx::query!("UPDATE certificate_plans SET asked_at = NULL WHERE domain = ? AND asked_at = ?", domain, asked_at)
        .execute(tx)
        .await?;
    Ok(())
}
