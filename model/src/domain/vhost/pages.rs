//! The pages that nginx answers with itself: calm, self-contained, and without a `$`, which nginx
//! would take for a variable.

/// A page with a title and a sentence, in the reader's light or dark.
pub(super) fn page(title: &str, sentence: &str) -> String {
    let (title, sentence) = (escape(title), escape(sentence).replace('\n', "<br>"));
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>{title}</title><style>:root{{color-scheme:light dark}}body{{font:1.0625rem/1.5 system-ui,sans-serif;\
         max-width:32rem;margin:20vh auto 0;padding:0 1.25rem}}h1{{font-size:1.375rem;margin:0 0 .5rem}}\
         p{{margin:0;opacity:.75}}</style><h1>{title}</h1><p>{sentence}</p></html>"
    )
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;").replace('$', "&#36;")
}
