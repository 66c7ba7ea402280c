//! From a request to a file: which one, whether the client has it already, and what a page may do.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

use crate::files::{self, File, Part};

/// What the documentation may do: run and load its own files, and ask this server. Swagger UI shows small pictures as `data:` addresses,
/// and styles a few elements in place.
const DOCUMENTATION: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the dashboard may do. It shows QR codes as `data:` addresses, and pictures that are about to be sent as `blob:` ones.
const DASHBOARD: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the test of a connection may do: the same, and connect to whatever server is typed in.
const SOCKET_TEST: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self' http: https: ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Files are asked for anew each time, and answered with 304 while they are the same.
const REVALIDATE: &str = "no-cache";

/// A file whose name tells its content is asked for once.
const LASTING: &str = "public, max-age=31536000, immutable";

/// The answer to a path that is no file.
const NOT_FOUND: &str = r#"{"success":false,"message":"Route not found","code":"route_not_found"}"#;

/// Answers a request.
pub fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    let Some(file) = files::find(&path) else {
        return plain(
            StatusCode::NOT_FOUND,
            "application/json; charset=utf-8",
            Bytes::from_static(NOT_FOUND.as_bytes()),
        );
    };
    if method != Method::GET && method != Method::HEAD {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", Bytes::new());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    respond(&file, method, headers)
}

fn respond(file: &File, method: &Method, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let packed = file.packed.filter(|_| accepts_gzip(headers));
    let mut tag = file.tag();
    if packed.is_some() {
        // Two representations have two names.
        tag.insert(1, 'z');
    }
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let same = known.is_some_and(|tags| tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = if same { unchanged() } else { whole(file, packed, method) };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(if file.lasting { LASTING } else { REVALIDATE }));
    let policy = match file.part {
        Part::Documentation => DOCUMENTATION,
        Part::Dashboard => DASHBOARD,
        Part::SocketTest => SOCKET_TEST,
    };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if file.packed.is_some() {
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn unchanged() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

/// Whether a client says that it reads gzip, and does not take it back.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn whole(file: &File, packed: Option<&'static [u8]>, method: &Method) -> Response<Full<Bytes>> {
    let bytes = if method == Method::HEAD { b"" } else { packed.unwrap_or(file.bytes) };
    let mut response = plain(StatusCode::OK, file.kind, Bytes::from_static(bytes));
    if method == Method::HEAD {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    if packed.is_some() {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn plain(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let length = body.len();
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &Method, path: &str, tag: Option<&str>) -> Response<Full<Bytes>> {
        let mut headers = HeaderMap::new();
        if let Some(tag) = tag {
            headers.insert(IF_NONE_MATCH, tag.parse().unwrap());
        }
        answer(method, path, &headers)
    }

    #[test]
    fn a_file_is_sent_once() {
        let first = ask(&Method::GET, "/api-docs.json", None);
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
        assert_eq!(first.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}")] {
            let again = ask(&Method::GET, "/api-docs.json", Some(&known));
            assert_eq!(
                (again.status(), again.headers()[ETAG].to_str().unwrap()),
                (StatusCode::NOT_MODIFIED, tag.as_str())
            );
        }
        assert_eq!(ask(&Method::GET, "/api-docs.json", Some("\"other\"")).status(), StatusCode::OK);
    }

    #[test]
    fn the_dashboard_is_packed_lasting_and_strict() {
        let file = File {
            kind: "text/javascript",
            bytes: b"let x;",
            packed: Some(b"zip"),
            part: Part::Dashboard,
            lasting: true,
        };
        let ask = |accepted: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(accepted) = accepted {
                headers.insert(ACCEPT_ENCODING, accepted.parse().unwrap());
            }
            respond(&file, &Method::GET, &headers)
        };
        let plain = ask(None);
        assert_eq!(
            (plain.headers().get(CONTENT_ENCODING), &plain.headers()[CONTENT_LENGTH]),
            (None, &HeaderValue::from(6))
        );
        let packed = ask(Some("br, gzip;q=0.8"));
        assert_eq!(
            (&packed.headers()[CONTENT_ENCODING], &packed.headers()[CONTENT_LENGTH]),
            (&"gzip".parse().unwrap(), &3.into())
        );
        assert_ne!(plain.headers()[ETAG], packed.headers()[ETAG]);
        assert_eq!(
            (&packed.headers()[VARY], &packed.headers()[CACHE_CONTROL]),
            (&"Accept-Encoding".parse().unwrap(), &LASTING.parse().unwrap())
        );
        for refused in ["", "br", "gzip;q=0", "x-gzip2"] {
            assert_eq!(ask(Some(refused)).headers().get(CONTENT_ENCODING), None, "{refused}");
        }
        for policy in [DASHBOARD, SOCKET_TEST] {
            assert!(!policy.contains("unsafe") && policy.contains("default-src 'none'"), "{policy}");
        }
    }

    #[test]
    fn paths_have_one_spelling_and_nothing_else_is_served() {
        for path in ["/", "", "/index.html", "/Index.HTML", "/api-docs.json/", "/swagger-ui-init.js"] {
            assert_eq!(ask(&Method::HEAD, path, None).status(), StatusCode::OK, "{path}");
        }
        for path in ["/../Cargo.toml", "/x", "/api-docs.json.bak", "//etc/passwd"] {
            assert_eq!(ask(&Method::GET, path, None).status(), StatusCode::NOT_FOUND, "{path}");
        }
        let refused = ask(&Method::POST, "/", None);
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.headers()[ALLOW], "GET, HEAD");
    }
}
