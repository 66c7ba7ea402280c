//! The files. Those of Swagger UI come from its npm package, which `cargo xtask edge` installs; they are part of the WASM component only,
//! so that native builds need no npm.

use std::hash::{DefaultHasher, Hasher as _};

/// A file.
pub(crate) struct File {
    /// Where it is served, in lower case and without a slash at the end.
    pub(crate) path: &'static str,
    /// Its type.
    pub(crate) kind: &'static str,
    /// What is in it.
    pub(crate) bytes: &'static [u8],
}

impl File {
    /// What names this content among all that the file may have had.
    pub(crate) fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        hasher.write(self.bytes);
        format!("\"{:x}-{:016x}\"", self.bytes.len(), hasher.finish())
    }
}

macro_rules! swagger {
    ($path:literal, $kind:literal) => {
        File {
            path: $path,
            kind: $kind,
            #[cfg(target_family = "wasm")]
            bytes: include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../dashboard/node_modules/swagger-ui-dist",
                $path
            )),
            #[cfg(not(target_family = "wasm"))]
            bytes: b"",
        }
    };
}

/// All of them.
pub(crate) const ALL: &[File] = &[
    File { path: "", kind: "text/html; charset=utf-8", bytes: include_bytes!("../assets/index.html") },
    File { path: "/index.html", kind: "text/html; charset=utf-8", bytes: include_bytes!("../assets/index.html") },
    File {
        path: "/swagger-ui-init.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../assets/swagger-ui-init.js"),
    },
    File {
        path: "/api-docs.json",
        kind: "application/json; charset=utf-8",
        bytes: include_bytes!("../../../docs/openapi.json"),
    },
    swagger!("/swagger-ui.css", "text/css; charset=utf-8"),
    swagger!("/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    swagger!("/favicon-16x16.png", "image/png"),
    swagger!("/favicon-32x32.png", "image/png"),
];
