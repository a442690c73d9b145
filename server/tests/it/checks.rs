//! Checks over https, against a container that speaks TLS with a certificate of its own making.

use homeport_model::name::AppName;

use crate::support::{
    git_server::{GitServer, Repository},
    python,
    running::{Running, problem, succeeded},
};

/// Answers over TLS, unless it is told otherwise.
const SERVER: &str = r#"
import http.server, os, ssl

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = ("at " + self.headers["Host"]).encode()
        self.send_response(200 if self.path == "/up" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Page)
how = os.environ.get("HOW", "tls")
if how != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/srv/chain.pem", "/srv/key.pem")
    if how == "old":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-GCM-SHA256")
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

struct Shop {
    panel: Running,
    _server: GitServer,
    repository: Repository,
    app: AppName,
}

async fn shop() -> Shop {
    let panel = Running::start().await;
    let server = GitServer::start().await;
    let repository = server.repository("shop");
    // For nobody that is asked for here, and signed by itself.
    let made = rcgen::generate_simple_self_signed(["nobody.example".to_owned()]).expect("a certificate");
    let dockerfile =
        format!("FROM {}\nEXPOSE 5000\nCOPY . /srv\nCMD [\"python3\", \"/srv/serve.py\"]\n", python::image().await);
    repository.write("Dockerfile", &dockerfile).write("serve.py", SERVER);
    repository.write("chain.pem", &made.cert.pem()).write("key.pem", &made.signing_key.serialize_pem());
    let mut form = panel.form("shop");
    (form.kind, form.repo) = ("dockerfile".into(), server.url("shop").to_string());
    let app = panel.create(form).await;
    Shop { panel, _server: server, repository, app }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_is_asked_over_tls_whoever_signed_its_certificate() {
    let Shop { panel, _server, repository, app } = shop().await;
    let check = |path: &str| {
        format!(
            r#"{{"healthchecks": {{"web": [{{"type": "startup", "path": "{path}", "scheme": "https",
                "content": "at shop.apps.localhost", "attempts": 1, "timeout": 5, "wait": 3}}]}}}}"#
        )
    };
    repository.write("app.json", &check("/up")).push("first");
    let first = panel.deploy(&app).await;
    succeeded(&first);
    let note = first.steps.iter().find(|step| step.name == "check").and_then(|step| step.note.clone());
    assert_eq!(note.as_deref(), Some("/up answers with 2xx over https and what was expected"));

    for (how, says) in [
        ("plain", "/up on port 5000: the port speaks plain http, not https."),
        ("old", "/up on port 5000: the handshake failed: received fatal alert: "),
    ] {
        panel.set(&app, &format!("HOW={how}")).await;
        let ended = panel.deploy(&app).await;
        assert!(problem(&ended).title.contains(says), "{how}: {:?}", problem(&ended));
    }
    panel.set(&app, "HOW=tls").await;
    repository.write("app.json", &check("/missing")).push("second");
    let ended = panel.deploy(&app).await;
    assert!(problem(&ended).title.contains("/missing answered 404 after "), "{:?}", problem(&ended));

    // CHECKS says it in an address, with the name to ask for.
    let checks = "WAIT=1\nTIMEOUT=5\nATTEMPTS=1\nhttps://elsewhere.example/up at elsewhere.example\n";
    repository.write("app.json", "{}").write("CHECKS", checks).push("third");
    let ended = panel.deploy(&app).await;
    succeeded(&ended);
    assert!(panel.log(&app, ended.release.number).await.contains("/up answers with 2xx over https"));
}
