//! What is known of the request that is being answered: its id, and its session as soon as somebody read it. Owns the log of the
//! component, in which every line says both. Refuses what a client wrote: no texts, numbers, keys or queries.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::http::Method;
use contract::id::SessionId;

/// Most of a path that is logged: those that are routes are shorter.
const MAX_PATH: usize = 200;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Trace(Arc<Known>);

#[derive(Debug)]
struct Known {
    id: String,
    session: OnceLock<SessionId>,
}

impl Trace {
    pub(crate) fn new(id: String) -> Self {
        Self(Arc::new(Known { id, session: OnceLock::new() }))
    }

    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    /// Notes which session it is about.
    pub(crate) fn about(&self, session: &SessionId) {
        self.0.session.get_or_init(|| session.clone());
    }

    /// Says something that somebody should see.
    pub(crate) fn log(&self, what: &impl fmt::Display) {
        log(&format_args!("{self} {what}"));
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request={}", self.0.id)?;
        self.0.session.get().map_or(Ok(()), |session| write!(f, " session={session}"))
    }
}

/// How a request is named in a line: the path without its query, in which clients write anything.
pub(crate) struct Asked {
    method: Method,
    path: String,
}

impl Asked {
    pub(crate) fn new(method: &Method, path: &str) -> Self {
        Self { method: method.clone(), path: path.chars().take(MAX_PATH).collect() }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Standard error is the log of a component.
#[expect(clippy::print_stderr, reason = "the log of a component is its standard error")]
pub(crate) fn log(what: &impl fmt::Display) {
    eprintln!("edge-rest: {what}");
}

/// What is only looked at when something is searched for goes to standard output.
#[expect(clippy::print_stdout, reason = "whoever runs a component tells its two outputs apart by level")]
pub(crate) fn note(what: &impl fmt::Display) {
    println!("edge-rest: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_name_the_request_and_its_session() {
        let trace = Trace::new("r-1".to_owned());
        assert_eq!(trace.to_string(), "request=r-1");
        trace.about(&SessionId::parse("shop").unwrap());
        assert_eq!(trace.to_string(), "request=r-1 session=shop");
        assert_eq!(Asked::new(&Method::GET, &"/x".repeat(MAX_PATH)).to_string().len(), MAX_PATH + 4);
    }
}
