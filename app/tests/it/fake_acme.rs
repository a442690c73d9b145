//! The fake's orders of certificates.

use homeport_model::{
    certificate::{
        ledger::Outcome,
        plan::{CertificatePlan, Why},
        refusal::{Refusal, RefusalKind},
        settings::{AcmeForm, AcmeView, Agreed, AttemptRow, DirectoryFacts, PlanRow},
    },
    name::DomainName,
    problem::Problem,
};

use super::super::{DAY, HOUR, NOW, ago, parsed};

fn refused(domain: &DomainName) -> Problem {
    let plan = CertificatePlan::new(domain.clone());
    Refusal::new(RefusalKind::Connection, "<script>timeout</script>").problem("Let's Encrypt", domain, plan.challenge)
}

pub(super) fn plan(domain: &DomainName) -> PlanRow {
    let plan = CertificatePlan::new(domain.clone());
    PlanRow { plan, why_not: None, next_at: Some(NOW.plus_ms(30 * DAY)), not_after: Some(NOW.plus_ms(60 * DAY)) }
}

pub(super) fn view(empty: bool) -> AcmeView {
    let usual = parsed("https://acme-v02.api.letsencrypt.org/directory");
    let terms = Some("https://letsencrypt.org/documents/LE-SA-v1.5.pdf".to_owned());
    let facts = DirectoryFacts {
        terms: terms.clone(),
        profiles: vec![("classic".into(), "The profile you know".into()), ("shortlived".into(), String::new())],
        renewal_info: true,
        caa: vec!["letsencrypt.org".into()],
        needs_binding: false,
    };
    let failed: DomainName = parsed("api.example.com");
    let local = plan(&parsed("shop.apps.localhost"));
    let plans = vec![
        plan(&parsed("shop.example.com")),
        PlanRow {
            plan: CertificatePlan {
                failures: 2,
                problem: Some(refused(&failed)),
                ..CertificatePlan::new(failed.clone())
            },
            why_not: None,
            next_at: Some(NOW.plus_ms(HOUR)),
            not_after: None,
        },
        PlanRow { why_not: Some(Why::Local), next_at: None, not_after: None, ..local },
    ];
    let attempt = |domain: &str, outcome, words| AttemptRow {
        domain: parsed(domain),
        directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
        at: ago(HOUR),
        outcome,
        words,
    };
    let attempts = vec![
        attempt("api.example.com", Outcome::Invalid, Some(refused(&failed).to_string())),
        attempt("shop.example.com", Outcome::Issued, None),
    ];
    AcmeView {
        form: AcmeForm { directory: "usual".into(), email: "ada@example.com".into(), ..AcmeForm::default() },
        usual: parsed("https://acme-v02.api.letsencrypt.org/directory"),
        directory: usual,
        facts: Ok(facts),
        agreed: (!empty).then(|| Agreed { at: ago(DAY), by: "Ada".into(), terms }),
        account_since: (!empty).then(|| ago(DAY)),
        plans: if empty { Vec::new() } else { plans },
        attempts: if empty { Vec::new() } else { attempts },
    }
}
