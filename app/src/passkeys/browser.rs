//! The browser's side: its passkey API by reflection, one JSON request.

use std::cell::RefCell;

use homeport_model::problem::{Code, Problem};
use js_sys::{Function, JSON, Object, Promise, Reflect};
use leptos::prelude::window;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, Response};

thread_local! {
    /// The request that waits for autofill; a browser allows one request at a time.
    static WAITING: RefCell<Option<AbortController>> = const { RefCell::new(None) };
}

/// Whether this browser knows passkeys as this page needs them.
#[must_use]
pub fn supported() -> bool {
    let api = property(&js_sys::global(), "PublicKeyCredential");
    property(&api, "parseCreationOptionsFromJSON").is_function()
        && property(&api, "parseRequestOptionsFromJSON").is_function()
}

/// The token in the address's fragment, which is then gone from the address and the history.
#[must_use]
pub fn take_token() -> Option<String> {
    let location = window().location();
    let token = location.hash().ok()?.trim_start_matches('#').to_owned();
    let path = location.pathname().ok()?;
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
    Some(token).filter(|token| !token.is_empty())
}

/// Goes to another page, whole: whoever was signed out is now signed in.
pub fn go_to(path: &str) {
    let _ = window().location().set_href(path);
}

pub(super) async fn create(options: &Value) -> Result<Value, Problem> {
    stop_waiting();
    let request = Object::new();
    set(&request, "publicKey", &parse("parseCreationOptionsFromJSON", options)?);
    credential("create", &request).await
}

pub(super) async fn get(options: &Value, from_autofill: bool) -> Result<Value, Problem> {
    stop_waiting();
    let request = Object::new();
    set(&request, "publicKey", &parse("parseRequestOptionsFromJSON", options)?);
    if from_autofill {
        set(&request, "mediation", &"conditional".into());
        if let Ok(controller) = AbortController::new() {
            set(&request, "signal", &controller.signal());
            WAITING.with_borrow_mut(|waiting| *waiting = Some(controller));
        }
    }
    credential("get", &request).await
}

pub(super) async fn post(path: &str, body: &str) -> Result<(bool, String), Problem> {
    let unreachable =
        |_| Problem::new(Code::Unavailable, "The panel cannot be reached.").hint("Try again in a moment.");
    let headers = Headers::new().map_err(unreachable)?;
    headers.set("content-type", "application/json").map_err(unreachable)?;
    headers.set("accept", "application/json").map_err(unreachable)?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&body.into());
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &request)).await.map_err(unreachable)?;
    let response: Response = response.dyn_into().map_err(unreachable)?;
    let text = JsFuture::from(response.text().map_err(unreachable)?).await.map_err(unreachable)?;
    Ok((response.ok(), text.as_string().unwrap_or_default()))
}

/// Asks the authenticator and gives its answer as JSON.
async fn credential(verb: &str, request: &Object) -> Result<Value, Problem> {
    let container = property(&window().navigator(), "credentials");
    let promise: Promise = call(&container, verb, request).map_err(|error| of_browser(&error))?.into();
    let credential = JsFuture::from(promise).await.map_err(|error| of_browser(&error))?;
    let json = call(&credential, "toJSON", &JsValue::UNDEFINED)
        .and_then(|json| JSON::stringify(&json))
        .map_err(|error| of_browser(&error))?;
    serde_json::from_str(&String::from(json))
        .map_err(|_| Problem::new(Code::Internal, "The passkey's answer does not read."))
}

/// Lets the browser parse options: `PublicKeyCredential.parse…OptionsFromJSON(options)`.
fn parse(function: &str, options: &Value) -> Result<JsValue, Problem> {
    let api = property(&js_sys::global(), "PublicKeyCredential");
    JSON::parse(&options.to_string())
        .and_then(|options| call(&api, function, &options))
        .map_err(|error| of_browser(&error))
}

/// A browser's error in words.
fn of_browser(error: &JsValue) -> Problem {
    let name = property(error, "name").as_string().unwrap_or_default();
    let problem = |code, title: &str, hint: &str| Problem::new(code, title).hint(hint);
    match name.as_str() {
        "NotAllowedError" | "AbortError" => problem(
            Code::SignInRequired,
            "No passkey was used.",
            "It was cancelled, took too long, or this device has none for this panel.",
        ),
        "InvalidStateError" => {
            problem(Code::Conflict, "This device has a passkey for this panel already.", "Use another device.")
        }
        "SecurityError" => problem(
            Code::Forbidden,
            "The browser does not allow passkeys at this address.",
            "Open the panel under its own name.",
        ),
        "NotSupportedError" | "ConstraintError" => problem(
            Code::Unavailable,
            "This device cannot keep a passkey that asks for you.",
            "Set up a screen lock, or use a phone or a password manager.",
        ),
        _ => problem(Code::Unavailable, "This browser cannot use passkeys here.", "Try a current browser."),
    }
}

fn stop_waiting() {
    if let Some(controller) = WAITING.with_borrow_mut(Option::take) {
        controller.abort();
    }
}

fn property(of: &JsValue, name: &str) -> JsValue {
    if of.is_undefined() || of.is_null() {
        return JsValue::UNDEFINED;
    }
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn set(on: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(on, &name.into(), value);
}

fn call(on: &JsValue, function: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    let function: Function = property(on, function).dyn_into()?;
    function.call1(on, argument)
}
