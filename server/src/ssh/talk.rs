//! What is said on one channel: git's protocol, or why not.

use std::pin::pin;

use homeport_model::{
    problem::Problem,
    pushes::{Service, Target},
};
use russh::{Channel, server::Msg};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::{
    drivers::git::UploadTalk,
    failure::Failure,
    pushes::{Pusher, Pushes},
};

/// What a client asked to be run.
pub(super) enum Asked {
    /// git's half of a push or a fetch.
    Git(Service, Target),
    /// The same, of something that no app can be called.
    NoApp,
    /// A shell, or another program.
    Nothing,
}

/// Answers on `channel` and closes it.
pub(super) async fn serve(pushes: Pushes, who: Pusher, asked: Asked, second_version: bool, channel: Channel<Msg>) {
    let (mut input, output) = channel.split();
    let done = {
        let (reader, writer) = (pin!(input.make_reader()), pin!(output.make_writer()));
        answer(&pushes, &who, asked, second_version, reader, writer).await
    };
    let code = match done {
        Ok(()) => 0,
        Err(failure) => {
            let mut words = pin!(output.make_writer_ext(Some(1)));
            let _ = words.write_all(spoken(&failure.into()).as_bytes()).await;
            1
        }
    };
    let _ = output.exit_status(code).await;
    let _ = output.eof().await;
    let _ = output.close().await;
}

async fn answer(
    pushes: &Pushes,
    who: &Pusher,
    asked: Asked,
    second_version: bool,
    reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
) -> Result<(), Failure> {
    let (service, target) = match asked {
        Asked::Git(service, target) => (service, target),
        Asked::NoApp => return Err(Problem::not_found("app").into()),
        Asked::Nothing => {
            let title =
                format!("Hello, {}. This server takes git push and git fetch, and nothing else.", who.actor.name);
            return Err(Problem::invalid("command", title).into());
        }
    };
    let place = pushes.find(who, &target, service).await?;
    match service {
        Service::ReceivePack => {
            let listed = pushes.list_for_push(&place).await?;
            writer.write_all(&listed).await.map_err(Failure::internal)?;
            writer.flush().await.map_err(Failure::internal)?;
            pushes.receive(who, &target, reader, writer, false).await;
            Ok(())
        }
        Service::UploadPack => {
            let talk = UploadTalk { stateless: false, advertise: false, second_version };
            pushes.upload(&place, talk, reader, writer).await
        }
    }
}

/// A problem as a terminal shows it.
fn spoken(problem: &Problem) -> String {
    let hint = problem.hint.as_ref().map(|hint| format!("{hint}\r\n")).unwrap_or_default();
    format!("{}\r\n{hint}", problem.title)
}
