//! Which route of the manifest answers a path, by Spin's rules: slashes at the ends do not count, runs of slashes count
//! as one, an exact route beats a wildcard, a longer prefix beats a shorter one, of two equal routes the later wins.
//! Named segments (`/:id`) are refused when the manifest is read.

/// The routes of an application.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    routes: Vec<Route>,
}

#[derive(Debug)]
struct Route {
    raw: String,
    segments: Vec<String>,
    wildcard: bool,
    component: usize,
}

/// A path found its route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Match<'a> {
    /// Index of the component, as given to [`Routes::add`].
    pub(crate) component: usize,
    /// The route as the manifest writes it.
    pub(crate) route: &'a str,
    /// The path behind the wildcard, with its slash; empty for an exact route.
    pub(crate) path_info: String,
}

impl Match<'_> {
    /// The route without its wildcard.
    pub(crate) fn prefix(&self) -> &str {
        self.route.strip_suffix("/...").unwrap_or(self.route)
    }

    /// The route as an absolute path: Spin's `spin-matched-route`.
    pub(crate) fn based(&self) -> String {
        let absolute = if self.route.starts_with('/') { self.route.to_owned() } else { format!("/{}", self.route) };
        absolute.strip_suffix('/').map_or(absolute.clone(), str::to_owned)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

impl Routes {
    /// Adds a route; an equal one that was added before is replaced.
    pub(crate) fn add(&mut self, raw: &str, component: usize) {
        let (path, wildcard) = match raw.strip_suffix("/...") {
            Some(prefix) => (prefix, true),
            None => (raw, false),
        };
        let segments: Vec<String> = segments(path).map(str::to_owned).collect();
        self.routes.retain(|route| route.segments != segments || route.wildcard != wildcard);
        self.routes.push(Route { raw: raw.to_owned(), segments, wildcard, component });
    }

    /// The route that answers `path`.
    pub(crate) fn find(&self, path: &str) -> Option<Match<'_>> {
        let wanted: Vec<&str> = segments(path).collect();
        let best = self.routes.iter().filter(|route| route.answers(&wanted)).max_by_key(|route| route.rank())?;
        Some(Match { component: best.component, route: &best.raw, path_info: best.path_info(path) })
    }
}

impl Route {
    fn answers(&self, path: &[&str]) -> bool {
        if self.wildcard {
            path.len() >= self.segments.len() && self.segments.iter().zip(path).all(|(a, b)| a == b)
        } else {
            self.segments == path
        }
    }

    /// Of the routes that answer one path, the exact one, else the longest.
    fn rank(&self) -> (bool, usize) {
        (!self.wildcard, self.segments.len())
    }

    fn path_info(&self, path: &str) -> String {
        if !self.wildcard {
            return String::new();
        }
        let mut rest = path.trim_matches('/');
        for segment in &self.segments {
            rest = rest.strip_prefix(segment.as_str()).unwrap_or(rest).trim_start_matches('/');
        }
        match (rest.is_empty(), path.ends_with('/')) {
            (true, false) => String::new(),
            (true, true) => "/".to_owned(),
            (false, false) => format!("/{rest}"),
            (false, true) => format!("/{rest}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(raw: &[&str]) -> Routes {
        let mut routes = Routes::default();
        for (index, route) in raw.iter().enumerate() {
            routes.add(route, index);
        }
        routes
    }

    fn route<'a>(routes: &'a Routes, path: &str) -> Option<&'a str> {
        routes.find(path).map(|found| found.route)
    }

    #[test]
    fn exact_beats_wildcard_and_long_beats_short() {
        let orders = [["/...", "/one", "/one/...", "/one/two/..."], ["/one/two/...", "/one/...", "/one", "/..."]];
        for order in orders {
            let routes = routes(&order);
            assert_eq!(route(&routes, "/"), Some("/..."));
            assert_eq!(route(&routes, "/zero/x"), Some("/..."));
            assert_eq!(route(&routes, "/one"), Some("/one"));
            assert_eq!(route(&routes, "/one/"), Some("/one"));
            assert_eq!(route(&routes, "/one/x"), Some("/one/..."));
            assert_eq!(route(&routes, "/one/two"), Some("/one/two/..."));
            assert_eq!(route(&routes, "/one/two/three/four"), Some("/one/two/..."));
            assert_eq!(route(&routes, "/onetwo"), Some("/..."));
        }
    }

    #[test]
    fn unknown_paths_match_nothing() {
        let routes = routes(&["/", "/api/..."]);
        assert_eq!(route(&routes, "/"), Some("/"));
        assert_eq!(route(&routes, "/x"), None);
        assert_eq!(route(&routes, "/apix"), None);
        assert_eq!(route(&routes, "//api//x"), Some("/api/..."));
    }

    #[test]
    fn the_later_of_two_equal_routes_wins() {
        assert_eq!(routes(&["/a", "/b", "/a"]).find("/a").unwrap().component, 2);
    }

    #[test]
    fn path_info_keeps_the_trailing_slash() {
        let routes = routes(&["/foo/...", "/bar"]);
        let info = |path| routes.find(path).unwrap().path_info;
        assert_eq!(info("/foo"), "");
        assert_eq!(info("/foo/"), "/");
        assert_eq!(info("/foo/bar"), "/bar");
        assert_eq!(info("/foo/bar/"), "/bar/");
        assert_eq!(info("/foo/foo/x"), "/foo/x");
        assert_eq!(info("/bar"), "");
    }

    #[test]
    fn a_match_names_its_route_three_ways() {
        let routes = routes(&["/foo/...", "/"]);
        let found = routes.find("/foo/x").unwrap();
        assert_eq!((found.prefix(), found.based().as_str()), ("/foo", "/foo/..."));
        let found = routes.find("/").unwrap();
        assert_eq!((found.prefix(), found.based().as_str()), ("/", ""));
    }
}
