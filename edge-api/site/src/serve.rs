//! From a request to a file: which one, whether the client has it already, and what a page may do.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

use crate::files::{self, File};

/// What a page may do: run and load its own files, and ask this server. Swagger UI shows small pictures as `data:` addresses, and
/// styles a few elements in place.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Files are asked for anew each time, and answered with 304 while they are the same.
const REVALIDATE: &str = "no-cache";

/// The answer to a path that is no file.
const NOT_FOUND: &str = r#"{"success":false,"message":"Route not found","code":"route_not_found"}"#;

/// Answers a request.
pub fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    let Some(file) = files::ALL.iter().find(|file| file.path == path) else {
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
    let tag = file.tag();
    let known = headers.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let same = known.is_some_and(|tags| tags.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = if same { unchanged() } else { whole(file, method) };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn unchanged() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

fn whole(file: &File, method: &Method) -> Response<Full<Bytes>> {
    if method == Method::HEAD {
        let mut response = plain(StatusCode::OK, file.kind, Bytes::new());
        response.headers_mut().remove(CONTENT_LENGTH);
        return response;
    }
    plain(StatusCode::OK, file.kind, Bytes::from_static(file.bytes))
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
