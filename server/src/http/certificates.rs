//! A certificate's files, from a form of the domain's page that works without JavaScript.

use axum::{
    Extension,
    extract::{Multipart, Path, State, multipart::MultipartRejection},
    response::{IntoResponse, Redirect, Response},
};
use homeport_model::{
    actor::Actor,
    name::DomainName,
    problem::{Code, Problem},
    secret::Secret,
};

use super::{Panel, answer};
use crate::failure::Failure;

/// More files than a certificate comes in.
const MOST_FILES: usize = 16;

/// Goes back to the domain's page, or says on a page of its own what is wrong.
pub(super) async fn keep_files(
    State(panel): State<Panel>,
    Extension(actor): Extension<Actor>,
    Path(name): Path<String>,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let taken = async {
        let domain = DomainName::from_path(&name).ok_or_else(|| Problem::not_found("domain"))?;
        let mut form = form.map_err(|_| Problem::new(Code::Invalid, "That is not a form with files."))?;
        let broken = |_| Problem::invalid("files", "The files did not arrive whole.").hint("Send them again.");
        let mut files = Vec::new();
        while let Some(field) = form.next_field().await.map_err(broken)? {
            if field.name() != Some("files") {
                continue;
            }
            if files.len() == MOST_FILES {
                let title = format!("More than {MOST_FILES} files are not taken.");
                return Err(Problem::invalid("files", title)
                    .hint("Send the certificate, its chain and its key.")
                    .into());
            }
            files.push(Secret::new(field.bytes().await.map_err(broken)?.to_vec()));
        }
        panel.certificates.keep_files(&actor, &domain, files).await?;
        Ok::<_, Failure>(format!("/domains/{}", domain.in_path()))
    };
    match taken.await {
        Ok(page) => Redirect::to(&page).into_response(),
        Err(failure) => answer::refuse(&failure.into(), true, &panel.assets),
    }
}
