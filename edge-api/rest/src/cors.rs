//! Cross-origin headers: which pages of other origins may read answers.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue};

/// Every method of the API.
const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";

/// Headers of an answer that a page may read beyond the ordinary ones.
const EXPOSED: &str = "x-request-id";

/// Adds the headers every answer has. `allowed` is `*` or a list of origins with commas.
pub(crate) fn mark(allowed: &str, request: &HeaderMap, answer: &mut HeaderMap) {
    if allowed.trim() == "*" {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        answer.append(VARY, HeaderValue::from_static("Origin"));
        let origin = request.get(ORIGIN);
        let named = origin.and_then(|origin| origin.to_str().ok());
        let listed = |named: &str| allowed.split(',').any(|one| one.trim().eq_ignore_ascii_case(named));
        match origin {
            Some(origin) if named.is_some_and(listed) => {
                answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            }
            _ => return,
        }
    }
    answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// Adds the headers of the answer to a preflight request.
pub(crate) fn permit(request: &HeaderMap, answer: &mut HeaderMap) {
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    if let Some(wanted) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        answer.append(VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(allowed: &str, origin: &'static str) -> Option<String> {
        let mut request = HeaderMap::new();
        request.insert(ORIGIN, HeaderValue::from_static(origin));
        let mut answer = HeaderMap::new();
        mark(allowed, &request, &mut answer);
        answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn origins() {
        assert_eq!(marked("*", "https://a.example").as_deref(), Some("*"));
        assert_eq!(
            marked("https://a.example, https://b.example", "https://b.example").as_deref(),
            Some("https://b.example")
        );
        assert_eq!(marked("https://a.example", "https://a.example.org"), None);
    }
}
