//! Archives that people upload: good ones go live, and every bad one is refused in its own words and
//! leaves nothing behind (security.md, C-10).

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder, write::GzEncoder};
use homeport_model::{app::AppForm, id::AppId, name::AppName, prelude::Timestamp};
use homeport_server::{
    ambient,
    drivers::archive::{About, Archives, Checked, Limits},
};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use crate::support::running::{Running, problem, succeeded};

/// A tar archive under construction.
struct Tar(Builder<Vec<u8>>);

impl Tar {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// An entry whose path is written as it is, whatever it is.
    fn entry(mut self, kind: EntryType, path: &[u8], size_bytes: u64, mode: u32, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path);
        header.set_entry_type(kind);
        header.set_size(size_bytes);
        header.set_mode(mode);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").expect("a target");
        }
        header.set_cksum();
        self.0.append(&header, content).expect("written");
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        self.entry(EntryType::Regular, path.as_bytes(), content.len() as u64, 0o644, content.as_bytes())
    }

    fn folder(self, path: &str) -> Self {
        self.entry(EntryType::Directory, path.as_bytes(), 0, 0o755, b"")
    }

    fn special(self, kind: EntryType) -> Self {
        self.entry(kind, b"x", 0, 0o644, b"")
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("ended")
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("packed");
    gzip.finish().expect("packed")
}

/// A file of a zip archive, with what its directory says about it.
pub(crate) struct Zipped {
    path: &'static str,
    packed: Vec<u8>,
    size_bytes: u32,
    crc: u32,
    method: u16,
    flags: u16,
    mode: u32,
}

pub(crate) fn zipped(path: &'static str, content: &[u8]) -> Zipped {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(content).expect("packed");
    let mut crc = Crc::new();
    crc.update(content);
    let (packed, size_bytes) = (deflate.finish().expect("packed"), u32::try_from(content.len()).expect("small"));
    Zipped { path, packed, size_bytes, crc: crc.sum(), method: 8, flags: 0, mode: 0o100_644 }
}

pub(crate) fn zip(files: &[Zipped]) -> Vec<u8> {
    let (mut all, mut directory) = (Vec::new(), Vec::new());
    for file in files {
        let at = u32::try_from(all.len()).expect("small");
        let packed = u32::try_from(file.packed.len()).expect("small");
        let name = u16::try_from(file.path.len()).expect("short").to_le_bytes();
        let facts = [
            &file.flags.to_le_bytes()[..],
            &file.method.to_le_bytes(),
            &[0; 4],
            &file.crc.to_le_bytes(),
            &packed.to_le_bytes(),
            &file.size_bytes.to_le_bytes(),
            &name,
            &[0; 2],
        ]
        .concat();
        all.extend([b"PK\x03\x04\x14\x00", facts.as_slice(), file.path.as_bytes(), &file.packed].concat());
        let outside = (file.mode << 16).to_le_bytes();
        directory
            .extend([b"PK\x01\x02\x14\x03\x14\x00", facts.as_slice(), &[0; 6], &outside, &at.to_le_bytes()].concat());
        directory.extend(file.path.as_bytes());
    }
    let (at, size) = (u32::try_from(all.len()).expect("small"), u32::try_from(directory.len()).expect("small"));
    let count = u16::try_from(files.len()).expect("few").to_le_bytes();
    all.extend(directory);
    all.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0; 2]].concat());
    all
}

/// What checking an archive says, after which nothing but a good one's import may be there.
fn check(bytes: &[u8], limits: Limits) -> Result<Checked, String> {
    let state = TempDir::new().expect("a folder");
    let archives = Archives::open(state.path(), limits).expect("opened");
    let app = AppId::new(0, ambient::random_u32());
    let about = About { name: "shop.tar\nM x".into(), by: "Ada <x>".into(), at: Timestamp::from_ms(1_000) };
    let checked = (|| {
        let mut incoming = archives.begin(&app, "1")?;
        for piece in bytes.chunks(10_000) {
            incoming.write(piece)?;
        }
        archives.check(&app, "1", incoming, &about)
    })();
    let names = |path| -> Vec<_> {
        let entries = std::fs::read_dir(path).expect("listed").map(|entry| entry.expect("an entry").file_name());
        entries.map(|name| name.to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(state.path().to_owned()), ["uploads"]);
    let left = names(state.path().join("uploads").join(app.as_str()));
    assert_eq!(left, if checked.is_ok() { vec!["1.import".to_owned()] } else { vec![] });
    checked.map_err(|error| error.to_string())
}

#[test]
fn hostile_archives_are_refused_each_in_its_own_words() {
    let good = || Tar::new().file("a.txt", "one");
    let mut pax = Tar::new();
    pax.0.append_pax_extensions([("size", b"900".as_slice())]).expect("written");
    let mut sparse = Tar::new();
    sparse.0.append_pax_extensions([("GNU.sparse.major", b"1".as_slice())]).expect("written");
    let mut long_name = Tar::new();
    long_name.0.append_pax_extensions([("path", "a/".repeat(3_000).as_bytes())]).expect("written");
    let mut upwards = Tar::new();
    upwards.0.append_pax_extensions([("path", b"../../etc/cron.d/x".as_slice())]).expect("written");
    let whole = gzip(&good().bytes());
    let cut = good().bytes();
    let mut wrong_sum = zipped("a", b"one");
    wrong_sum.crc ^= 1;
    let lies = Zipped { size_bytes: 2, ..zipped("a", b"one") };
    let lies_more = Zipped { size_bytes: 200, ..zipped("a", b"one") };
    let mut many = Tar::new();
    for number in 0..40 {
        many = many.file(&format!("f{number}"), "");
    }
    let zeros = vec![0u8; 20 << 20];
    let bomb = Tar::new().entry(EntryType::Regular, b"zeros", zeros.len() as u64, 0o644, &zeros).bytes();
    let huge = Tar::new().entry(EntryType::Regular, b"huge", 1 << 33, 0o644, b"").bytes();
    let huge_name = Tar::new().entry(EntryType::GNULongName, b"././@LongLink", 1 << 30, 0o644, b"").bytes();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("the archive is empty", vec![]),
        ("neither a tar", b"#!/bin/sh\n".to_vec()),
        ("neither a tar", vec![0; 4096]),
        ("absolute path", good().file("/etc/passwd", "x").bytes()),
        ("leads out", good().file("../../etc/passwd", "x").bytes()),
        ("leads out", upwards.file("x", "x").bytes()),
        ("backslash", good().file("a\\..\\b", "x").bytes()),
        ("control character", good().file("a\nM 100644 :1 b", "x").bytes()),
        ("not UTF-8", good().entry(EntryType::Regular, b"a\xff", 0, 0o644, b"").bytes()),
        ("a symbolic link", good().special(EntryType::Symlink).bytes()),
        ("a hard link", good().special(EntryType::Link).bytes()),
        ("a device", good().special(EntryType::Char).bytes()),
        ("a device", good().special(EntryType::Block).bytes()),
        ("a named pipe", good().special(EntryType::Fifo).bytes()),
        ("a file with holes", good().special(EntryType::GNUSparse).bytes()),
        ("a file with holes", sparse.file("x", "x").bytes()),
        ("unknown kind", good().special(EntryType::new(b'Z')).bytes()),
        ("owner's rights", good().entry(EntryType::Regular, b"su", 1, 0o4755, b"x").bytes()),
        ("twice", good().file("a.txt", "two").bytes()),
        ("large and small letters", good().file("A.txt", "two").bytes()),
        ("both a file and a folder", good().file("a.txt/b", "two").bytes()),
        ("belongs to git", good().file(".git/hooks/post-checkout", "x").bytes()),
        ("belongs to git", good().file("sub/.GIT/config", "x").bytes()),
        ("too long", long_name.file("x", "x").bytes()),
        ("too long", huge_name),
        ("two different sizes", pax.file("x", "x").bytes()),
        ("more than 30 files", many.bytes()),
        ("times as large", gzip(&bomb)),
        ("is larger than 32 MiB", huge),
        ("no files", Tar::new().folder("empty/").bytes()),
        ("ends too early", cut[..cut.len() - 1024].to_vec()),
        ("ends too early", cut[..513].to_vec()),
        ("damaged", whole[..whole.len() - 6].to_vec()),
        ("damaged", [&whole[..12], &[0xff; 40], &whole[12..]].concat()),
        ("is encrypted", zip(&[Zipped { flags: 1, ..zipped("a", b"one") }])),
        ("a symbolic link", zip(&[Zipped { mode: 0o120_777, ..zipped("a", b"/etc/passwd") }])),
        ("a device", zip(&[Zipped { mode: 0o020_666, ..zipped("a", b"") }])),
        ("owner's rights", zip(&[Zipped { mode: 0o104_755, ..zipped("a", b"x") }])),
        ("packed in a way", zip(&[Zipped { method: 14, ..zipped("a", b"one") }])),
        ("leads out", zip(&[zipped("../a", b"one")])),
        ("absolute path", zip(&[zipped("/a", b"one")])),
        ("absolute path", zip(&[zipped("C:/a", b"one")])),
        ("control character", zip(&[zipped("a\0b", b"one")])),
        ("twice", zip(&[zipped("a", b"one"), zipped("a", b"two")])),
        ("large and small letters", zip(&[zipped("a", b"one"), zipped("A", b"two")])),
        ("sum is wrong", zip(&[wrong_sum])),
        ("two different sizes", zip(&[lies])),
        ("ends too early", zip(&[lies_more])),
        ("times as large", zip(&[zipped("zeros", &zeros)])),
        ("no directory at its end", zip(&[zipped("a", b"one")])[..40].to_vec()),
        ("no files", zip(&[])),
        ("larger than 1 MiB", vec![1; (1 << 20) + 1]),
    ];
    let limits = Limits { upload_bytes: 1 << 20, entries: 30, file_bytes: 32 << 20, total_bytes: 64 << 20, ratio: 50 };
    for (words, bytes) in cases {
        let refused = check(&bytes, limits).expect_err(words);
        assert!(refused.contains(words), "{words:?} was refused as {refused:?}");
    }
}

#[test]
fn good_archives_pass_with_what_tools_put_into_them() {
    let mut from_git = Builder::new(Vec::new());
    let mut global = Header::new_ustar();
    global.set_entry_type(EntryType::XGlobalHeader);
    global.set_size(17);
    global.set_cksum();
    global.set_path("pax_global_header").expect("a path");
    global.set_cksum();
    from_git.append(&global, b"17 comment=a1b2c\n".as_slice()).expect("written");
    let long = format!("{}file.txt", "folder/".repeat(30));
    let mut header = Header::new_gnu();
    header.set_size(3);
    header.set_mode(0o755);
    from_git.append_data(&mut header, &long, b"one".as_slice()).expect("written");
    let checked = check(&gzip(&from_git.into_inner().expect("ended")), Limits::default()).expect("good");
    assert_eq!((checked.files, checked.size_bytes, checked.top.as_deref()), (1, 3, Some("folder")));

    let tar = Tar::new().folder("./").folder("./a").file("./a/x", "1").file("./b \"q\" é", "22");
    let checked = check(&tar.bytes(), Limits::default()).expect("good");
    assert_eq!((checked.files, checked.size_bytes, checked.top), (2, 3, None));

    let stored = Zipped { method: 0, packed: b"one".to_vec(), ..zipped("top/b", b"one") };
    let mac = zipped("__MACOSX/top/._b", b"junk");
    let checked = check(&zip(&[zipped("top/", b""), zipped("top/a", b"one"), stored, mac]), Limits::default());
    assert_eq!(checked.expect("good").top.as_deref(), Some("top"));
}

async fn upload(
    panel: &Running,
    app: &AppName,
    name: &str,
    bytes: Vec<u8>,
) -> Result<u32, homeport_model::prelude::Problem> {
    let body = futures_util::stream::iter(
        bytes.chunks(999).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>(),
    );
    Ok(panel.services.uploads.deploy(&panel.actor, app, name, body).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_site_goes_live_and_back() {
    let panel = Running::start().await;
    let form = AppForm {
        name: "site".into(),
        kind: "static".into(),
        origin: "archive".into(),
        folder: "public".into(),
        ..AppForm::default()
    };
    let app = panel.create(form).await;
    let nothing = panel.deploy(&app).await;
    assert_eq!(problem(&nothing).title, "Nothing has been uploaded yet.");

    let site = |text: &str| Tar::new().file("site-1.0/public/index.html", text).file("site-1.0/README", "r");
    let number = upload(&panel, &app, "site-1.0.tar.gz", gzip(&site("one").bytes())).await.expect("queued");
    let first = panel.ended(&app, number).await;
    succeeded(&first);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));
    let commit = first.release.commit.expect("a commit");
    assert_eq!((commit.subject.as_str(), commit.branch.as_str()), ("site-1.0.tar.gz", "upload"));

    let zip = zip(&[zipped("public/index.html", b"two"), zipped("README", b"r")]);
    let number = upload(&panel, &app, "site.zip", zip).await.expect("queued");
    succeeded(&panel.ended(&app, number).await);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    // Once more without an upload: the last one. By its commit: an earlier one.
    succeeded(&panel.deploy(&app).await);
    assert_eq!(panel.visit(&app).await, (200, "two".into()));
    let wanted = commit.sha.as_str()[..9].parse().expect("a commit");
    let number = panel.backend.deploys.deploy_commit(&panel.actor, &app, &wanted).await.expect("queued");
    succeeded(&panel.ended(&app, number).await);
    assert_eq!(panel.visit(&app).await, (200, "one".into()));

    let refused = upload(&panel, &app, "x", b"#!/bin/sh".to_vec()).await.expect_err("no archive");
    assert_eq!(refused.field.as_deref(), Some("archive"));
    let uploads = panel.ground.state().join("uploads");
    let left = std::fs::read_dir(uploads).expect("listed").flat_map(|app| std::fs::read_dir(app.expect("one").path()));
    assert_eq!(left.flatten().count(), 0, "nothing is left of an upload once it is a commit");

    let image = panel.create(panel.form("shop")).await;
    let refused = upload(&panel, &image, "x.zip", vec![]).await.expect_err("an image");
    assert_eq!(refused.title, "shop does not come from uploaded archives.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ci_job_uploads_an_archive_by_the_command_line() {
    let panel = Running::online().await;
    let owner = panel.person("owner").await;
    let token = panel.token(&owner, "deploy", "").await;
    let form = AppForm { name: "site".into(), kind: "static".into(), origin: "archive".into(), ..AppForm::default() };
    let site = panel.backend.apps.create(&panel.actor, form).await.expect("created");
    let folder = tempfile::tempdir().expect("a folder");
    let upload = async |file: &str, content: Option<Vec<u8>>, token: &str| {
        let path = folder.path().join(file);
        if let Some(content) = content {
            std::fs::write(&path, content).expect("written");
        }
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_homeport"))
            .args(["deploy", "site", "--panel", &panel.origin, "--archive"])
            .arg(&path)
            .env("HOMEPORT_TOKEN", token)
            .output()
            .await
            .expect("runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let good = |page: &str| Some(gzip(&Tar::new().folder("site-1/").file("site-1/index.html", page).bytes()));
    let (code, out, err) = upload("one.tar.gz", good("one"), &token).await;
    assert!(code == Some(0) && out.contains("Release 1 is live"), "{out}{err}");
    assert_eq!(panel.visit(&site).await, (200, "one".into()));
    let hostile = Tar::new().entry(EntryType::Regular, b"../../etc/cron.d/x", 1, 0o644, b"x").bytes();
    for (file, content) in [("bad.tar", Some(hostile)), ("text.zip", Some(b"no archive".to_vec()))] {
        let (code, out, err) = upload(file, content, &token).await;
        assert!(code == Some(1) && !err.is_empty(), "{file}: {code:?} {out}{err}");
    }
    let (code, _, err) = upload("missing.tar", None, &token).await;
    assert!(code == Some(66) && err.contains("cannot be read"), "{code:?} {err}");
    let (code, _, err) = upload("two.tar.gz", good("two"), "hpt_wrong").await;
    assert!(code == Some(1) && err.contains("token"), "{code:?} {err}");
    assert_eq!(panel.visit(&site).await, (200, "one".into()));
    let (code, ..) = upload("two.tar.gz", good("two"), &token).await;
    assert_eq!(code, Some(0));
    assert_eq!(panel.visit(&site).await, (200, "two".into()));
}
