//! A Django app: `release` migrates, the database and what people upload are on volumes, the image
//! has its static files.

use super::{Whole, need, volume};
use crate::support::{
    python,
    running::{problem, succeeded},
    web::{self, Answer, Crowd},
};

const PHOTO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>a leaf</title></svg>\n";

const BROKEN: &str = "\
from django.db import migrations


def fail(apps, schema_editor):
    schema_editor.execute('CREATE TABLE half (id integer)')
    raise RuntimeError('the supplier does not answer')


class Migration(migrations.Migration):
    dependencies = [('gallery', '0002_photo_caption')]
    operations = [migrations.RunPython(fail)]
";

/// Uploads a photo as a browser does: the form's page first, then the form with its token.
async fn upload(whole: &Whole, title: &str, file: &str) -> Answer {
    let page = whole.get("/").await;
    let between = |before: &str, after: &str| -> String {
        let rest = page.text.split_once(before).unwrap_or_else(|| panic!("{before}: {}", page.text)).1;
        rest.split(after).next().unwrap_or_default().to_owned()
    };
    let (cookie, token) = (between("csrftoken=", ";"), between("name=\"csrfmiddlewaretoken\" value=\"", "\""));
    let part = |head: &str, content: &str| {
        format!("--edge\r\nContent-Disposition: form-data; name={head}\r\n\r\n{content}\r\n")
    };
    let body = part("\"csrfmiddlewaretoken\"", &token)
        + &part("\"title\"", title)
        + &part(&format!("\"image\"; filename=\"{file}\"\r\nContent-Type: image/svg+xml"), PHOTO)
        + "--edge--\r\n";
    let head = format!(
        "POST / HTTP/1.1\r\nHost: django.apps.localhost\r\nConnection: close\r\nCookie: csrftoken={cookie}\r\n\
         Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    web::raw(whole.panel.ground.http_port, &(head + &body)).await.expect("an answer")
}

async fn start() -> Whole {
    let whole = Whole::start("django").await;
    need(&whole.panel, &whole.app, volume("database", "/data", "1000:1000")).await;
    need(&whole.panel, &whole.app, volume("media", "/app/media", "1000:1000")).await;
    let hosts = "ALLOWED_HOSTS=\"django.apps.localhost django.example.com\"\nDATABASE_PATH=/data/db.sqlite3";
    whole.panel.set(&whole.app, hosts).await;
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn a_django_app_migrates_and_keeps_what_people_gave_it() {
    let whole = start().await;
    succeeded(&whole.deploy().await);
    let log = whole.panel.log(&whole.app, 1).await;
    assert!(log.contains("Applying gallery.0001_initial... OK") && log.contains("Applying auth.0001_initial"), "{log}");
    assert!(log.contains("SECRET_KEY was set as app.json says."), "{log}");
    let home = whole.get("/").await;
    assert_eq!(home.status, 200, "{}", home.text);

    // Static files: under the hashed names that the page has, and from the packages of others.
    let sheet = home.text.split_once("<link rel=\"stylesheet\" href=\"").expect("a sheet").1;
    let sheet = whole.get(sheet.split('"').next().expect("an address")).await;
    assert!(sheet.status == 200 && sheet.text.contains("list-style"), "{}", sheet.text);
    assert!(sheet.text.contains("immutable"), "whitenoise keeps it for ever: {}", sheet.text);
    assert_eq!(whole.get("/static/admin/css/base.css").await.status, 200);
    let admin = whole.get("/admin/").await;
    assert!(admin.status == 302 && admin.text.contains("Location: /admin/login/?next=/admin/"), "{}", admin.text);
    let other = web::get(whole.panel.ground.http_port, "django.example.com", "/healthz").await.expect("an answer");
    assert_eq!((other.status, other.body().trim()), (200, "ok, 0 photos"));

    let added = upload(&whole, "Leaf", "leaf.svg").await;
    assert_eq!(added.status, 302, "{}", added.text);
    assert!(whole.get("/").await.text.contains("<a href=\"/media/photos/leaf.svg\">Leaf</a>"));
    let photo = whole.get("/media/photos/leaf.svg").await;
    assert_eq!((photo.status, photo.body()), (200, PHOTO));

    // The next release migrates before it serves, while the one before serves.
    whole.repository.copy(&python::app("django-next")).push("captions");
    let crowd = Crowd::send(whole.panel.ground.http_port, "django.apps.localhost", 2);
    let second = whole.deploy().await;
    let (asked, failures) = crowd.home().await;
    succeeded(&second);
    assert!(failures.is_empty() && asked > 50, "{} of {asked}: {:?}", failures.len(), failures.first());
    let log = whole.panel.log(&whole.app, 2).await;
    assert!(log.contains("Applying gallery.0002_photo_caption... OK") && !log.contains("0001_initial"), "{log}");
    let page = whole.get("/").await;
    assert!(page.text.contains("<a href=\"/media/photos/leaf.svg\">Leaf</a>: about Leaf"), "{}", page.text);
    assert_eq!(whole.get("/media/photos/leaf.svg").await.body(), PHOTO);

    // A migration that fails changes nothing, and what served serves on.
    whole.repository.write("gallery/migrations/0003_broken.py", BROKEN).push("broken");
    let third = whole.deploy().await;
    assert_eq!(problem(&third).title, "release exited with code 1.");
    assert!(whole.panel.log(&whole.app, 3).await.contains("RuntimeError: the supplier does not answer"));
    assert_eq!(whole.processes().await, ["web"], "what ran once is gone");
    assert_eq!(whole.get("/").await.text.matches("about Leaf").count(), 1);
    assert_eq!(upload(&whole, "Root", "root.svg").await.status, 302);

    // Back to the first release: its code, with the data of now.
    let number = whole.panel.backend.deploys.roll_back(&whole.panel.actor, &whole.app, 1).await.expect("queued");
    succeeded(&whole.panel.ended(&whole.app, number).await);
    let page = whole.get("/").await.text;
    assert!(page.contains(">Leaf</a></li>") && page.contains(">Root</a></li>"), "{page}");
    assert_eq!(upload(&whole, "Bud", "bud.svg").await.status, 302, "the old code still writes");
    assert_eq!(whole.get("/healthz").await.body().trim(), "ok, 3 photos");
    assert_eq!(whole.get("/media/photos/root.svg").await.body(), PHOTO);
}
