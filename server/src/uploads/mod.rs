//! Uploads: an archive is taken in piece by piece, checked as a whole, and becomes a deploy. Its files
//! become a commit of the app's own repository when the deploy fetches them.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use homeport_model::{
    actor::{Actor, Role},
    app::Origin,
    name::AppName,
    problem::{Code, Problem},
    text::clean_line,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{
    ambient,
    apps::{AppRecord, Apps},
    deploys::Deploys,
    drivers::archive::{About, Archives},
    failure::Failure,
};

/// So many archives are taken at once; each costs a core while it is checked.
const AT_ONCE: usize = 2;

/// The service.
#[derive(Clone)]
pub struct Uploads {
    apps: Apps,
    deploys: Deploys,
    archives: Archives,
    turns: Arc<Semaphore>,
}

impl Uploads {
    /// The service that keeps its files in `archives`.
    #[must_use]
    pub fn new(apps: Apps, deploys: Deploys, archives: Archives) -> Self {
        Self { apps, deploys, archives, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Takes an archive and queues its deploy; returns the release's number. `file_name` is what the
    /// sender calls it.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::Conflict`] when the app does not come from archives;
    /// [`Code::TooLarge`]; [`Code::Invalid`] with field `archive` and what is wrong with it.
    pub async fn deploy<B, E>(
        &self,
        actor: &Actor,
        name: &AppName,
        file_name: &str,
        body: impl Stream<Item = Result<B, E>> + Send,
    ) -> Result<u32, Failure>
    where
        B: AsRef<[u8]>,
        E: std::error::Error + Send + Sync + 'static,
    {
        actor.require(Role::Deployer)?;
        let app = self.apps.get(name).await?;
        refuse_unless_uploaded(&app)?;
        let _turn = self.turns.acquire().await.map_err(Failure::internal)?;
        let at = self.apps.parts.clock.now();
        // Sorts by time, and is nobody else's.
        let id = format!("{:013}-{:08x}", at.ms().max(0), ambient::random_u32());
        let mut incoming = self.archives.begin(&app.id, &id)?;
        let mut body = std::pin::pin!(body);
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| not_arrived(&error))?;
            incoming.write(piece.as_ref())?;
        }
        let file_name: String = clean_line(file_name).chars().take(100).collect();
        let file_name = if file_name.is_empty() { "An uploaded archive".to_owned() } else { file_name };
        let about = About { name: file_name, by: actor.name.clone(), at };
        let (archives, owner, kept) = (self.archives.clone(), app.id.clone(), id.clone());
        spawn_blocking(move || archives.check(&owner, &kept, incoming, &about)).await.map_err(Failure::internal)??;
        self.deploys.deploy_upload(actor, name, &id).await
    }
}

fn refuse_unless_uploaded(app: &AppRecord) -> Result<(), Problem> {
    if app.spec.source.files().is_some_and(|files| files.origin == Origin::Archive) {
        return Ok(());
    }
    let text = format!("{} does not come from uploaded archives.", app.spec.name);
    Err(Problem::new(Code::Conflict, text).hint("Its settings say where it comes from."))
}

/// The sender sent too much, or went away.
fn not_arrived(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return Problem::new(Code::TooLarge, "That is too much to send at once.");
        }
        cause = error.source();
    }
    Problem::invalid("archive", "The archive did not arrive whole.").hint("Send it again.")
}
