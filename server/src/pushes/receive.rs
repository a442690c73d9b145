//! Receiving a push: commands, pack, references, and the deploy that follows.

use homeport_model::{
    actor::{Actor, Role},
    deploy::Trigger,
    id::AppId,
    name::{AppName, CommitSha, GitRef},
    problem::Problem,
    pushes::{Command, Commands, Fate, Service, Target, branch_of_a_new_app, decide},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Place, Pusher, Pushes, branch_of,
    wire::{Patient, Speaker, drain, read_commands},
};
use crate::failure::Failure;

/// More branches and tags than these an app does not keep.
const MOST_REFS: usize = 1_000;

/// What has been taken in, before anybody waits for a deploy.
struct Taken<'a> {
    app: AppName,
    branch: GitRef,
    refs: Vec<(&'a Command, Result<(), String>)>,
    /// Which of `refs` is deployed, and the number of its release.
    deploy: Option<(usize, u32)>,
}

/// Why nothing of a push was taken.
struct NotTaken {
    problem: Problem,
    /// Whether it is the pack that is to blame.
    pack: bool,
}

impl<E: Into<Failure>> From<E> for NotTaken {
    fn from(error: E) -> Self {
        Self { problem: error.into().into(), pack: false }
    }
}

impl Pushes {
    /// Takes a push and stays until its deploy has ended, or the client has gone; the deploy goes
    /// on without it. `input` is let go as soon as all of it has been read; with `whole`, it ends
    /// after the pack and is read to its end.
    pub async fn receive(
        &self,
        who: &Pusher,
        target: &Target,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
        whole: bool,
    ) {
        let (mut input, mut speaker) = (Patient::new(input), Speaker::new(output));
        let commands = match read_commands(&mut input).await {
            Ok(commands) => commands,
            Err(words) => return speaker.give_up(words).await,
        };
        speaker.understands(commands.wants);
        if commands.list.is_empty() && !commands.shallow {
            // A client that wants to know whether it may send something large.
            return drop(speaker);
        }
        let taken = self.take(who, target, &commands, &mut input).await;
        if whole {
            drain(&mut input).await;
        }
        drop(input);
        match taken {
            Ok(taken) => self.see_through(who, &mut speaker, taken).await,
            Err(NotTaken { problem, pack }) => {
                refuse(&mut speaker, &problem).await;
                let words = problem.title.trim_end_matches('.').to_owned();
                let unpack = if pack { Err(words.clone()) } else { Ok(()) };
                let each = if pack { "unpacker error".to_owned() } else { words };
                let refs: Vec<_> = commands.list.iter().map(|command| (command, Err(each.clone()))).collect();
                speaker.report(unpack, &refs).await;
            }
        }
    }

    /// Pack, references and the queued deploy, one push at a time.
    async fn take<'a>(
        &self,
        who: &Pusher,
        target: &Target,
        commands: &'a Commands,
        input: &mut (impl AsyncRead + Unpin),
    ) -> Result<Taken<'a>, NotTaken> {
        let turn = self.turn(&target.to_string());
        let _turn = turn.lock().await;
        let place = self.find(who, target, Service::ReceivePack).await?;
        if commands.shallow {
            return Err(shallow().into());
        }
        let (id, unborn) = match &place {
            Place::App(app) => (app.id.clone(), false),
            Place::New { id, .. } => (id.clone(), true),
        };
        let taken = self.take_at(who, place, commands, input).await;
        if taken.is_err() && unborn {
            self.parts.git.remove(&id)?;
        }
        taken
    }

    async fn take_at<'a>(
        &self,
        who: &Pusher,
        place: Place,
        commands: &'a Commands,
        input: &mut (impl AsyncRead + Unpin),
    ) -> Result<Taken<'a>, NotTaken> {
        let git = &self.parts.git;
        let (id, branch) = match &place {
            Place::App(app) => (app.id.clone(), branch_of(app)?.clone()),
            Place::New { id, .. } => (id.clone(), branch_of_a_new_app(commands).ok_or_else(no_branch)?),
        };
        {
            let _room = self.parts.packs.acquire().await.map_err(Failure::internal)?;
            git.prepare_for_push(&id).await?;
            if commands.bring_a_pack() {
                let tips: Vec<CommitSha> = commands.list.iter().filter_map(|command| command.new.clone()).collect();
                let taken = git.take_pack(&id, &tips, input).await;
                taken.map_err(|error| NotTaken { problem: Failure::from(error).into(), pack: true })?;
            }
        }
        let refs = git.refs(&id).await?;
        let fates = decide(commands, &branch, |name| {
            refs.iter().find(|(_, other)| other == name).map(|(object, _)| object.clone())
        });
        let commit =
            match fates.iter().find_map(|fate| if let Fate::Deploy { commit } = fate { Some(commit) } else { None }) {
                Some(commit) if !git.is_commit(&id, commit).await => return Err(no_commit().into()),
                other => other,
            };
        let app = match place {
            Place::App(app) => app.spec.name,
            Place::New { name, host, .. } => {
                commit.ok_or_else(no_branch)?;
                // It may create: that was asked when the place was found.
                let owner = Actor { role: Role::Owner, ..who.actor.clone() };
                self.parts.apps.create_as(&owner, &Self::form_of_new(&name, &branch), id.clone(), host.as_ref()).await?
            }
        };
        let mut taken = Taken { app, branch, refs: Vec::new(), deploy: None };
        let mut kept = refs.len();
        for (command, fate) in commands.list.iter().zip(fates) {
            let done = match fate {
                Fate::Refuse(words) => Err(words.to_owned()),
                Fate::Deploy { commit } => {
                    taken.deploy = Some((taken.refs.len(), self.enqueue(who, &id, &taken, &commit).await?));
                    Ok(())
                }
                Fate::Keep { .. } if command.old.is_none() && kept >= MOST_REFS => {
                    Err(format!("an app keeps at most {MOST_REFS} branches and tags"))
                }
                Fate::Keep { object } => {
                    kept += usize::from(command.old.is_none());
                    git.set_ref(&id, &command.name, &object)
                        .await
                        .map_err(|error| Problem::from(Failure::from(error)).title)
                }
                Fate::Remove => {
                    git.remove_ref(&id, &command.name).await.map_err(|error| Problem::from(Failure::from(error)).title)
                }
            };
            taken.refs.push((command, done));
        }
        if let Err(error) = git.tidy_packs(&id).await {
            tracing::warn!(app = %taken.app, "packs were not tidied: {}", crate::failure::chain(&error));
        }
        Ok(taken)
    }

    async fn enqueue(&self, who: &Pusher, id: &AppId, taken: &Taken<'_>, commit: &CommitSha) -> Result<u32, Failure> {
        self.parts.git.keep_pushed(id, &taken.branch, commit).await?;
        let trigger = Trigger::Pushed { by: who.actor.name.clone(), through: "git push".to_owned() };
        let wanted = commit.as_str().parse().map_err(|_| Failure::internal("a commit's id is no commit"))?;
        self.parts.deploys.deploy_wanted(&who.actor, &taken.app, trigger, Some(wanted)).await
    }

    /// Shows the deploy until it has ended, and says what became of each reference.
    async fn see_through<W: AsyncWrite + Unpin>(&self, who: &Pusher, speaker: &mut Speaker<W>, mut taken: Taken<'_>) {
        match taken.deploy {
            Some((at, number)) => {
                if let Err(problem) = self.follow(&who.actor, speaker, &taken.app, number).await {
                    refuse(speaker, &problem).await;
                    if let Some(done) = taken.refs.get_mut(at) {
                        done.1 = Err(problem.title.trim_end_matches('.').to_owned());
                    }
                }
            }
            None => {
                let branch = &taken.branch;
                speaker.say(&format!("Nothing is deployed: {} deploys the branch {branch}.", taken.app)).await;
            }
        }
        speaker.report(Ok(()), &taken.refs).await;
    }
}

async fn refuse<W: AsyncWrite + Unpin>(speaker: &mut Speaker<W>, problem: &Problem) {
    speaker.say("").await;
    speaker.say(&format!(" !     {}", problem.title)).await;
    if let Some(hint) = &problem.hint {
        speaker.say(&format!(" !     {hint}")).await;
    }
    speaker.say("").await;
}

fn no_branch() -> Problem {
    Problem::invalid("branch", "A new app begins with a branch.").hint("Push one: git push homeport main")
}

fn no_commit() -> Problem {
    Problem::invalid("branch", "A branch leads to a commit, and this one does not.")
}

fn shallow() -> Problem {
    Problem::invalid("branch", "shallow update not allowed")
        .hint("Your clone has not the whole history. Get it with: git fetch --unshallow")
}
