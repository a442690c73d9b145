//! Problems as answers: JSON for programs, a small page for people.

use std::any::Any;

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use homeport_model::problem::{Code, Problem};
use http::{HeaderValue, StatusCode, header};
use tower_http::catch_panic::ResponseForPanic;

use super::Assets;
use crate::{
    ambient,
    failure::{self, Failure},
};

/// A problem as JSON, with its status.
#[must_use]
pub fn respond(problem: &Problem) -> Response {
    (status(problem), Json(problem)).into_response()
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What a handler gives back when it cannot do what was asked.
pub(super) struct Refused(pub(super) Failure);

impl<E: Into<Failure>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        respond(&Problem::from(self.0))
    }
}

/// An answer under construction: what it says, as whom it says it, and which status it has.
pub(super) fn refuse(problem: &Problem, html: bool, assets: &Assets) -> Response {
    if html { page(status(problem), problem, None, assets) } else { respond(problem) }
}

/// "Wait so many seconds."
pub(super) fn too_many(wait_s: u32, html: bool, assets: &Assets) -> Response {
    let problem =
        Problem::new(Code::TooMany, "Too many tries.").hint(format!("Wait {} min and try again.", wait_s.div_ceil(60)));
    let mut response = refuse(&problem, html, assets);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    response
}

/// A small page without script: a sentence, what to do next, maybe a line to copy.
pub(super) fn page(status: StatusCode, problem: &Problem, command: Option<&str>, assets: &Assets) -> Response {
    let style = assets.style_sheet().map(|path| format!("<link rel=\"stylesheet\" href=\"{}\">", escape(path)));
    let hint = problem.hint.as_ref().map(|hint| format!("<p>{}</p>", escape(hint)));
    let command = command.map(|command| format!("<pre class=\"code\"><code>{}</code></pre>", escape(command)));
    let text = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title} · Homeport</title>{style}</head><body><div class=\"gate\"><main><h1>{title}</h1>{hint}{command}\
         <p class=\"gate-trouble\"><a href=\"/\">Homeport</a></p></main></div></body></html>",
        title = escape(&problem.title),
        style = style.unwrap_or_default(),
        hint = hint.unwrap_or_default(),
        command = command.unwrap_or_default(),
    );
    html(status, text)
}

/// A page that asks for the same address once more, now from our own site, so that the browser sends
/// the cookie that it keeps from links on other sites.
pub(super) fn bounce() -> Response {
    html(
        StatusCode::OK,
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0\">\
         <title>Homeport</title></head><body></body></html>"
            .to_owned(),
    )
}

fn html(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A handler panicked: a 500 with a reference, and the panel goes on.
#[derive(Clone, Copy)]
pub(super) struct Panicked;

impl ResponseForPanic for Panicked {
    type ResponseBody = Body;
    fn response_for_panic(&mut self, panic: Box<dyn Any + Send + 'static>) -> Response {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no text");
        let reference = format!("{:08x}", ambient::random_u32());
        tracing::error!(reference, "a handler panicked: {}", text.escape_default());
        respond(&failure::internal(&reference))
    }
}
