//! A static site that was built elsewhere: uploaded as an archive, or pushed as it is.

use homeport_model::{app::AppForm, name::AppName};

use crate::support::{
    git_server::GitServer,
    python,
    running::{Running, succeeded},
    web::{Answer, Crowd, get},
};

/// The folder that the site's generator wrote, packed, with `edition` in it.
fn archive(edition: &str) -> Vec<u8> {
    let built = tempfile::tempdir().expect("a folder");
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let page = std::fs::read_to_string(python::app("site").join("index.html")).expect("a page");
    let index = built.path().join("index.html");
    std::fs::write(&index, page.replace("edition one", edition)).expect("written");
    for entry in std::fs::read_dir(python::app("site")).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        match entry.path() {
            _ if name == "index.html" => {}
            path if path.is_dir() => tar.append_dir_all(&name, path).expect("packed"),
            path => tar.append_path_with_name(path, &name).expect("packed"),
        }
    }
    tar.append_path_with_name(index, "index.html").expect("packed");
    tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("packed")
}

async fn upload(panel: &Running, app: &AppName, edition: &str) {
    let body = futures_util::stream::iter([Ok::<_, std::io::Error>(archive(edition))]);
    let number = panel.services.uploads.deploy(&panel.actor, app, "garden.tar.gz", body).await;
    let number = number.unwrap_or_else(|_| panic!("{edition} was refused"));
    succeeded(&panel.ended(app, number).await);
}

async fn ask(panel: &Running, app: &AppName, path: &str) -> Answer {
    get(panel.ground.http_port, &format!("{app}.apps.localhost"), path).await.expect("an answer")
}

async fn is_whole(panel: &Running, app: &AppName) {
    for (path, status, words) in [
        ("/", 200, "<h1>Garden, edition one</h1>"),
        ("/about/", 200, "<h1>About the garden</h1>"),
        ("/assets/style.css", 200, "Content-Type: text/css"),
        ("/assets/style.css", 200, "Cache-Control: public, max-age=31536000"),
        ("/assets/leaf.svg", 200, "Content-Type: image/svg+xml"),
        ("/feed.xml", 200, "<title>Garden</title>"),
        ("/about.html", 301, "Location: /about/"),
        ("/missing", 404, "<h1>Nothing grows here</h1>"),
        ("/_headers", 404, "<h1>Nothing grows here</h1>"),
    ] {
        let answer = ask(panel, app, path).await;
        assert!(answer.status == status && answer.text.contains(words), "{path}: {}", answer.text);
    }
    assert!(panel.ground.docker.list_ours().await.expect("listed").is_empty(), "nginx alone serves it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_built_elsewhere_is_uploaded() {
    let panel = Running::start().await;
    let form = AppForm { name: "garden".into(), kind: "auto".into(), origin: "archive".into(), ..AppForm::default() };
    let app = panel.create(form).await;
    upload(&panel, &app, "edition one").await;
    is_whole(&panel, &app).await;

    let crowd = Crowd::send(panel.ground.http_port, "garden.apps.localhost", 4);
    upload(&panel, &app, "edition two").await;
    let (asked, failures) = crowd.home().await;
    assert!(failures.is_empty() && asked > 100, "{asked}: {:?}", failures.first());
    assert!(ask(&panel, &app, "/").await.text.contains("edition two"));
    let number = panel.backend.deploys.roll_back(&panel.actor, &app, 1).await.expect("queued");
    succeeded(&panel.ended(&app, number).await);
    is_whole(&panel, &app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_built_elsewhere_is_pushed() {
    let (panel, git) = (Running::start().await, GitServer::start().await);
    git.repository("garden").copy(&python::app("site")).push("built elsewhere");
    let form = AppForm {
        name: "garden".into(),
        kind: "auto".into(),
        repo: git.url("garden").to_string(),
        ..AppForm::default()
    };
    let app = panel.create(form).await;
    succeeded(&panel.deploy(&app).await);
    is_whole(&panel, &app).await;
}
