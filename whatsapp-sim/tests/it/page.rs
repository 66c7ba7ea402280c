//! The page for people: served as it should be, under a policy that lets nothing foreign in.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::phone::{Network, answer};

/// A file of the page: its type, its policy and its text.
async fn file(network: &Network, path: &str) -> (String, String, String) {
    let response = network.http.get(network.url(path)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let header = |name| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    let (kind, policy) = (header("content-type"), header("content-security-policy"));
    (kind, policy, response.text().await.unwrap())
}

/// What stands between these two, wherever they stand.
fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split(after).next())
}

#[tokio::test]
async fn the_page_runs_nothing_but_its_own_files() {
    let network = Network::start().await;
    for path in ["/", "/admin", "/admin/"] {
        let (kind, policy, html) = file(&network, path).await;
        assert_eq!(kind, "text/html; charset=utf-8");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
        // The policy would forbid them, silently.
        assert!(!html.contains("<style") && !html.contains("style=") && !html.contains("javascript:"));
        assert!(between(&html, "<script", "</script>").all(|script| script.ends_with('>')), "a script of its own");
        assert!(
            !between(&html, "<", ">")
                .any(|tag| tag.split_whitespace().any(|word| word.starts_with("on") && word.contains('=')))
        );
        let (scripts, styles) = (between(&html, "src=\"", "\""), between(&html, "rel=\"stylesheet\" href=\"", "\""));
        let files: Vec<_> = scripts.chain(styles).collect();
        assert_eq!(files, ["/admin/page.js", "/admin/page.css"]);
        for path in files {
            file(&network, path).await;
        }
    }
}

#[tokio::test]
async fn the_scripts_find_their_parts_and_each_other() {
    let network = Network::start().await;
    let (_, _, html) = file(&network, "/").await;
    let (kind, _, page) = file(&network, "/admin/page.js").await;
    assert_eq!(kind, "text/javascript; charset=utf-8");
    for id in between(&page, "$(\"", "\")") {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id} is not on the page");
    }
    let imported: Vec<_> = between(&page, "from \"./", "\"").collect();
    assert_eq!(imported, ["acts.js", "element.js"]);
    let mut scripts = vec![page.clone()];
    for name in imported {
        scripts.push(file(&network, &format!("/admin/{name}")).await.2);
    }
    for script in &scripts {
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "http:",
            "https:",
        ] {
            assert!(!script.contains(way), "{way}");
        }
    }
}

/// Only node can tell; a machine without it leaves this to the others.
#[test]
fn the_scripts_are_javascript() {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    if node.is_err() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin/page");
    for name in ["page.js", "acts.js", "element.js"] {
        let script = std::fs::File::open(folder.join(name)).unwrap();
        let checked = Command::new("node").args(["--check", "--input-type=module"]).stdin(script).status().unwrap();
        assert!(checked.success(), "{name}");
    }
}

#[tokio::test]
async fn the_page_is_behind_the_same_guard() {
    let network = Network::start().await;
    for path in ["/", "/admin/", "/admin/page.js", "/admin/log", "/admin/openapi.json"] {
        for (header, value, code) in
            [("host", "evil.example", "foreign_host"), ("origin", "http://evil.example", "foreign_origin")]
        {
            let (status, body) = answer(network.http.get(network.url(path)).header(header, value)).await;
            assert_eq!((status, &body["code"]), (403, &json!(code)), "{path}");
        }
    }
    let (status, body) = answer(network.http.post(network.url("/"))).await;
    assert_eq!((status, &body["code"]), (405, &json!("method_not_allowed")));
}
