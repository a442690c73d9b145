//! Archives on their way in: as a plain body with a token, or as a form of the app's page, which works
//! without JavaScript.

use axum::{
    Extension,
    body::Body,
    extract::{Multipart, Path, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use homeport_model::{
    actor::Actor,
    name::AppName,
    problem::{Code, Problem},
};

use super::{
    Panel,
    answer::{self, Refused},
    api,
};
use crate::{failure::Failure, tokens::Bearer};

/// `?name=` is what the archive is called.
pub(super) async fn by_token(
    State(panel): State<Panel>,
    Extension(bearer): Extension<Bearer>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, Refused> {
    let name = api::allowed(&panel, &bearer, &name).await?;
    let query = query.unwrap_or_default();
    let called = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "name");
    let called = called.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let number = panel.uploads.deploy(&bearer.actor, &name, &called, body.into_data_stream()).await?;
    api::accepted(&panel, &name, number)
}

/// Goes to the deploy's page, or says on a page of its own what is wrong.
pub(super) async fn by_form(
    State(panel): State<Panel>,
    Extension(actor): Extension<Actor>,
    Path(name): Path<String>,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Response {
    let taken = async {
        let name: AppName = name.parse().map_err(|_| Problem::not_found("app"))?;
        let mut form = form.map_err(|_| Problem::new(Code::Invalid, "That is not a form with a file."))?;
        let broken = |_| Problem::invalid("archive", "The archive did not arrive whole.").hint("Send it again.");
        while let Some(field) = form.next_field().await.map_err(broken)? {
            if field.name() == Some("archive") {
                let called = field.file_name().unwrap_or_default().to_owned();
                let number = panel.uploads.deploy(&actor, &name, &called, field).await?;
                return Ok::<_, Failure>(format!("/apps/{name}/deploys/{number}"));
            }
        }
        Err(Problem::invalid("archive", "Choose an archive.").into())
    };
    match taken.await {
        Ok(page) => Redirect::to(&page).into_response(),
        Err(failure) => answer::refuse(&failure.into(), true, &panel.assets),
    }
}
