//! `homeport recover` and `homeport claim-token`: one-time links, made beside a running panel.
//!
//! Both processes use the library that is built in, which locks properly; whoever reads the state
//! folder is root already, so nothing is given away.

use super::{LinkOptions, announce};
use crate::{
    accounts::{Accounts, Link},
    ambient::Clock,
    audit::Audit,
    db::Db,
    failure::{Failure, chain},
    live::Hub,
    origins::Origins,
    state::{Refusal, StateFolder},
};

/// Makes a link and prints it.
///
/// # Errors
/// [`Refusal`] when there is no such panel or the link makes no sense there.
pub async fn print_link(options: LinkOptions, kind: Link) -> Result<(), Refusal> {
    let state = StateFolder::existing(&options.state)?;
    if !state.has_database() {
        return Err(Refusal::Config(format!("There is no panel in {}; see --state.", options.state.display())));
    }
    let (db, _) = Db::open(&state).await?;
    let clock = Clock::default();
    let audit = Audit::new(db.clone(), clock.clone());
    let origins = Origins::new(options.origin, options.https_port);
    origins.read(&db).await.map_err(|error| Refusal::Io(error.to_string()))?;
    let accounts = Accounts::new(db.clone(), clock, audit, Hub::default(), origins, announce)?;
    let link = accounts.new_link(kind).await.map_err(|failure| match failure {
        Failure::Problem(problem) => Refusal::Config(problem.to_string()),
        Failure::Internal(cause) => Refusal::Io(chain(&*cause)),
    })?;
    announce(link.expose());
    db.close().await;
    Ok(())
}
