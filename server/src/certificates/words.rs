//! What the person is told when a certificate authority does not do what was asked.

use homeport_model::{
    certificate::{plan::ChallengeKind, settings::DirectoryUrl},
    name::DomainName,
    problem::{Code, Problem},
};

use crate::drivers::acme::Error;

/// A problem with a cause and a next step.
pub(super) fn problem(
    error: &Error,
    directory: &DirectoryUrl,
    domain: &DomainName,
    challenge: ChallengeKind,
) -> Problem {
    let authority = directory.authority();
    match error {
        Error::Refused { refusal, .. } => refusal.problem(authority, domain, challenge),
        Error::Undecided => Problem::new(Code::Engine, format!("{authority} did not decide about {domain} in time."))
            .hint("Homeport tries again by itself."),
        Error::NoChallenge(kind) => {
            Problem::new(Code::Engine, format!("{authority} does not offer {} for {domain}.", kind.as_str()))
                .hint("Choose the other way to show that the name is yours, on the page of the domain.")
        }
        other => of_directory(other, directory),
    }
}

/// The same where no name is concerned.
pub(super) fn of_directory(error: &Error, directory: &DirectoryUrl) -> Problem {
    let (authority, host) = (directory.authority(), directory.host());
    let unavailable = |title: String, hint: &str| Problem::new(Code::Unavailable, title).hint(hint);
    match error {
        Error::Refused { refusal, .. } => {
            let nobody = host.parse().ok().or_else(|| "example.com".parse().ok());
            match nobody {
                Some(name) => refusal.problem(authority, &name, ChallengeKind::Http01),
                None => Problem::new(Code::Engine, format!("{authority} refused: {}", refusal.said)),
            }
        }
        Error::Away(why) => unavailable(
            format!("{authority} cannot be reached at {host}: {why}."),
            "Check that this server may reach it by https. Homeport tries again by itself; certificates that are in use stay.",
        ),
        Error::NotPublic(host) => Problem::invalid("url", format!("{host} leads into a private network."))
            .hint("Start Homeport with --acme-directory for an authority of your own network."),
        Error::NoDirectory(host) => {
            Problem::invalid("url", format!("{host} answered, but not as an ACME directory does."))
                .hint("Copy the directory's address from the authority's documentation.")
        }
        Error::Binding => Problem::invalid("eab_hmac", "That is not an HMAC key: it is not base64.")
            .hint("Copy the key as the authority shows it."),
        Error::Undecided | Error::Nonsense(_) | Error::NoChallenge(_) | Error::NoRenewal(_) => unavailable(
            format!("{authority} answered something that makes no sense."),
            "Homeport tries again by itself. A proxy between may change its answers.",
        ),
        Error::Credentials => Problem::new(Code::Engine, format!("The account at {authority} cannot be read."))
            .hint("Agree to the terms in Settings, under Certificates, once more: that makes a new one."),
        Error::Certificate | Error::Key(_) | Error::Root(..) => {
            Problem::new(Code::Engine, format!("{error}.")).hint("Try again; if it stays, look at the log.")
        }
    }
}
