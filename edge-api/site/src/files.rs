//! The files. Those of Swagger UI come from its npm package, those of the dashboard from its build; `cargo xtask edge` makes both ready.
//! They are part of the WASM component only, so that native builds need no npm.

use std::hash::{DefaultHasher, Hasher as _};

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its type.
    pub(crate) kind: &'static str,
    /// What is in it.
    pub(crate) bytes: &'static [u8],
    /// The same, compressed with gzip.
    pub(crate) packed: Option<&'static [u8]>,
    /// What it is part of.
    pub(crate) part: Part,
    /// Whether its name tells its content, so that it never changes.
    pub(crate) lasting: bool,
}

/// What files belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The documentation of the API.
    Documentation,
    /// The dashboard.
    Dashboard,
    /// The page that tests a connection, to any server that is typed in.
    SocketTest,
}

impl File {
    /// What names this content among all that the file may have had.
    pub(crate) fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        hasher.write(self.bytes);
        format!("\"{:x}-{:016x}\"", self.bytes.len(), hasher.finish())
    }
}

/// A file of the dashboard by its name in the build.
type Built = (&'static str, &'static [u8]);

/// The build of the dashboard.
const DASHBOARD: &[Built] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// Where the dashboard's files are.
const FOLDER: &str = "/dashboard/";

/// Pages of the dashboard's build that have an address of their own.
const PAGES: [(&str, &str, Part); 2] =
    [("/dashboard", "index.html", Part::Dashboard), ("/ws-test", "ws-test.html", Part::SocketTest)];

macro_rules! swagger {
    ($path:literal, $kind:literal) => {
        (
            $path,
            $kind,
            #[cfg(target_family = "wasm")]
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../dashboard/node_modules/swagger-ui-dist", $path)),
            #[cfg(not(target_family = "wasm"))]
            b"",
        )
    };
}

/// Those of the documentation: address in lower case and without a slash at the end, type, content.
const DOCUMENTATION: &[(&str, &str, &[u8])] = &[
    ("", "text/html; charset=utf-8", include_bytes!("../assets/index.html")),
    ("/index.html", "text/html; charset=utf-8", include_bytes!("../assets/index.html")),
    ("/swagger-ui-init.js", "text/javascript; charset=utf-8", include_bytes!("../assets/swagger-ui-init.js")),
    ("/api-docs.json", "application/json; charset=utf-8", include_bytes!("../../../docs/openapi.json")),
    swagger!("/swagger-ui.css", "text/css; charset=utf-8"),
    swagger!("/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    swagger!("/favicon-16x16.png", "image/png"),
    swagger!("/favicon-32x32.png", "image/png"),
];

/// The file at an address.
pub(crate) fn find(path: &str) -> Option<File> {
    let documented = DOCUMENTATION.iter().find(|(known, ..)| *known == path);
    let documented = documented.map(|(_, kind, bytes)| File {
        kind,
        bytes,
        packed: None,
        part: Part::Documentation,
        lasting: false,
    });
    documented.or_else(|| of_dashboard(DASHBOARD, path))
}

fn of_dashboard(build: &[Built], path: &str) -> Option<File> {
    let page = PAGES.iter().find(|(known, ..)| *known == path);
    let (name, part) = match page {
        Some((_, name, part)) => (*name, *part),
        None => (path.strip_prefix(FOLDER)?, Part::Dashboard),
    };
    let content = |name: &str| build.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes);
    let kind = kind(name)?;
    let packed = content(&format!("{name}.gz"));
    Some(File { kind, bytes: content(name)?, packed, part, lasting: page.is_none() && name.starts_with("assets/") })
}

/// The type of a file by its name. What is not listed is not served.
fn kind(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashboard_is_found_by_its_addresses() {
        const BUILD: &[Built] = &[
            ("assets/0a1b.js", b"let x;"),
            ("assets/0a1b.js.gz", b"packed"),
            ("icon.svg", b"<svg/>"),
            ("index.html", b"<p>"),
            ("ws-test.html", b"<i>"),
        ];
        let found = |path: &str| of_dashboard(BUILD, path);
        let page = found("/dashboard").unwrap();
        assert_eq!((page.bytes, page.part, page.lasting), (b"<p>".as_slice(), Part::Dashboard, false));
        assert_eq!(found("/ws-test").unwrap().part, Part::SocketTest);
        let script = found("/dashboard/assets/0a1b.js").unwrap();
        assert_eq!((script.packed, script.lasting), (Some(b"packed".as_slice()), true));
        assert!(!found("/dashboard/icon.svg").unwrap().lasting);
        for path in
            ["/dashboard/assets/0a1b.js.gz", "/dashboard/assets/none.js", "/dashboard/..", "/assets/0a1b.js", "/x"]
        {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
