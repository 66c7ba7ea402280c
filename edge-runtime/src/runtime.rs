//! [`EdgeRuntime`]: a loaded application that answers requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, fs, thread};

use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Engine, PoolConcurrencyLimitError};
use wasmtime_wasi_http::handler::{InstantiationError, ProxyHandler};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::body::{CountedBody, arrived};
use crate::cpu;
use crate::egress::http::HttpEgress;
use crate::egress::{AllowAll, AllowList, EgressPolicy};
use crate::engine;
use crate::error::Error;
use crate::instance::{Admission, Component, Guest, Instances};
use crate::limits::Limits;
use crate::manifest::{ComponentSpec, Manifest, ManifestError};
use crate::request;
use crate::route::Routes;
use crate::shutdown::Shutdown;
use crate::variables;
use crate::warning::Warning;

/// Spin answers here itself.
const HEALTH: &str = "/.well-known/spin/health";
const WELL_KNOWN: &str = "/.well-known/spin/";

/// How an application is run, beyond what its manifest says.
#[derive(Clone)]
pub struct Options {
    /// Sizes and times.
    pub limits: Limits,
    /// Asked about every outgoing connection.
    pub egress: Arc<dyn EgressPolicy>,
}

impl Default for Options {
    fn default() -> Self {
        Self { limits: Limits::default(), egress: Arc::new(AllowAll) }
    }
}

/// An application whose components are compiled and ready. Cheap to clone; all clones are the same application.
#[derive(Clone)]
pub struct EdgeRuntime(Arc<Inner>);

struct Inner {
    name: String,
    routes: Routes,
    handlers: Vec<ProxyHandler<Instances>>,
    in_flight: Arc<Semaphore>,
    request_buffer: usize,
    request_patience: Duration,
    full: Warning,
    shutdown: Shutdown,
}

impl fmt::Debug for EdgeRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EdgeRuntime").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl EdgeRuntime {
    /// Loads the application of a `spin.toml` with Spin's defaults. Compiles, so it takes a while and blocks.
    pub fn load(manifest: &Path, variables: &BTreeMap<String, String>) -> Result<Self, Error> {
        Self::load_with(manifest, variables, &Options::default())
    }

    /// Like [`load`](Self::load), with other limits or an egress policy.
    pub fn load_with(manifest: &Path, variables: &BTreeMap<String, String>, options: &Options) -> Result<Self, Error> {
        let path = manifest;
        let text = fs::read_to_string(path).map_err(|source| Error::ReadManifest { path: path.to_owned(), source })?;
        let manifest = Manifest::parse(&text, path)?;
        let values = variables::resolve(&manifest.variables, variables)
            .map_err(|names| Error::MissingVariables { path: path.to_owned(), names: names.join(", ") })?;
        let failed = |reason: String| Error::Engine { reason };
        let engine = engine::engine(&options.limits).map_err(|error| failed(format!("{error:#}")))?;
        let linker = engine::linker(&engine).map_err(|error| failed(format!("{error:#}")))?;
        let shutdown = Shutdown::default();

        let mut used: Vec<&String> = manifest.triggers.iter().map(|trigger| &trigger.component).collect();
        used.sort();
        used.dedup();
        let mut components = Vec::new();
        for id in &used {
            let spec = &manifest.components[*id];
            let component = component(id, spec, &values, options).map_err(|(key, problem)| ManifestError {
                path: path.to_owned(),
                key: format!("component.{id}.{key}"),
                problem,
            })?;
            check_mounts(&component)?;
            components.push((Arc::new(component), spec.source.clone()));
        }
        let handlers = compile_all(&engine, &linker, components, &shutdown)?;

        let mut routes = Routes::default();
        for trigger in &manifest.triggers {
            if let (Some(route), Ok(index)) = (&trigger.route, used.binary_search(&&trigger.component)) {
                routes.add(route, index);
            }
        }
        cpu::start_clock(&engine).map_err(|error| failed(error.to_string()))?;
        let in_flight = Arc::new(Semaphore::new(options.limits.in_flight));
        Ok(Self(Arc::new(Inner {
            name: manifest.name,
            routes,
            handlers,
            in_flight,
            request_buffer: options.limits.request_buffer,
            request_patience: options.limits.request_patience,
            full: Warning::default(),
            shutdown,
        })))
    }

    /// Answers a request that `peer` sent. Bodies stream both ways; the first [`Limits::request_buffer`] of a request are
    /// waited for. 404 without a route, 408 when they do not come, 503 when full or shutting down, 504 when the shutdown
    /// cut it, 500 when the guest fails.
    pub async fn handle(&self, request: Request<Body>, peer: SocketAddr) -> Response<Body> {
        let inner = &self.0;
        if inner.shutdown.is_draining() {
            return empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        let path = request.uri().path();
        if path.starts_with(WELL_KNOWN) {
            return if path == HEALTH { Response::new(Body::from("OK")) } else { empty(StatusCode::NOT_FOUND) };
        }
        let path = path.to_owned();
        let Some(found) = inner.routes.find(&path) else { return empty(StatusCode::NOT_FOUND) };
        // Before it takes a place: a client that sends slowly holds nothing but its connection.
        let mut request = match arrived(request, inner.request_buffer, inner.request_patience).await {
            Ok(request) => request,
            Err(error) => {
                tracing::debug!(%error, "the body of a request did not arrive");
                return empty(StatusCode::REQUEST_TIMEOUT);
            }
        };
        let Ok(permit) = Arc::clone(&inner.in_flight).try_acquire_owned() else {
            inner.full.tell("a request was refused: too many are in flight");
            return empty(StatusCode::SERVICE_UNAVAILABLE);
        };
        let admission = Arc::new(Admission { permit, alive: inner.shutdown.request() });
        if let Err(status) = request::prepare(&mut request, &found, peer) {
            return empty(status);
        }
        let request = request.map(|body| {
            let failed = |error: axum::Error| wasmtime_wasi_http::Error::InternalError(Some(error.to_string()));
            body.map_err(failed).boxed_unsync()
        });
        match inner.handlers[found.component].handle(Arc::clone(&admission), request).await {
            Ok(response) => response.map(|body| Body::new(CountedBody::new(body, admission))),
            Err(error) => empty(inner.failure(&error)),
        }
    }

    /// Refuses new requests, waits up to `patience` for those under way and for the background work of guests, drops the
    /// rest. `true` when nothing had to be dropped.
    pub async fn shutdown(&self, patience: Duration) -> bool {
        self.0.shutdown.run(patience).await
    }

    /// The application's name in the manifest.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

impl Inner {
    fn failure(&self, error: &wasmtime::Error) -> StatusCode {
        if let Some(failed) = error.downcast_ref::<InstantiationError<Arc<Admission>>>()
            && failed.error.is::<PoolConcurrencyLimitError>()
        {
            self.full.tell("a request was refused: all instances are in use");
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        if self.shutdown.is_killed() {
            tracing::warn!("a request was cut: its time was over when the runtime stopped");
            return StatusCode::GATEWAY_TIMEOUT;
        }
        tracing::error!("a guest failed: {error:#}");
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

fn component(
    id: &str,
    spec: &ComponentSpec,
    values: &BTreeMap<String, String>,
    options: &Options,
) -> Result<Component, (&'static str, String)> {
    let render = |key| move |text: &String| variables::render(text, values).map_err(|problem| (key, problem));
    let hosts: Vec<String> =
        spec.allowed_outbound_hosts.iter().map(render("allowed_outbound_hosts")).collect::<Result<_, _>>()?;
    let allowed = AllowList::parse(&hosts).map_err(|problem| ("allowed_outbound_hosts", problem))?;
    let mut variables = BTreeMap::new();
    for (name, text) in &spec.variables {
        variables.insert(name.clone(), render("variables")(text)?);
    }
    let (id, allowed): (Arc<str>, _) = (id.into(), Arc::new(allowed));
    let http = HttpEgress::new(Arc::clone(&id), Arc::clone(&allowed), Arc::clone(&options.egress));
    Ok(Component {
        id,
        variables,
        environment: spec.environment.clone().into_iter().collect(),
        files: spec.files.clone(),
        allowed,
        policy: Arc::clone(&options.egress),
        http,
        limits: options.limits.clone(),
    })
}

fn check_mounts(component: &Component) -> Result<(), Error> {
    for mount in &component.files {
        if let Err(error) = fs::read_dir(&mount.source) {
            return Err(Error::Mount {
                component: component.id.to_string(),
                path: mount.source.clone(),
                reason: error.to_string(),
            });
        }
    }
    Ok(())
}

/// Compiles and links, each component on a thread of its own.
fn compile_all(
    engine: &Engine,
    linker: &Linker<Guest>,
    components: Vec<(Arc<Component>, PathBuf)>,
    shutdown: &Shutdown,
) -> Result<Vec<ProxyHandler<Instances>>, Error> {
    let compile = |component: Arc<Component>, path: PathBuf| {
        let started = Instant::now();
        let id = component.id.to_string();
        let compiled = engine::compile(engine, &path).map_err(|reason| Error::Compile {
            component: id.clone(),
            path: path.clone(),
            reason,
        })?;
        let misfit = |reason| Error::Link { component: id.clone(), path: path.clone(), reason };
        let pre = engine::link(linker, &compiled).map_err(misfit)?;
        let pre = ServicePre::new(pre).map_err(|error| misfit(format!("{error:#}")))?;
        tracing::info!(component = id, milliseconds = started.elapsed().as_millis(), "compiled");
        Ok(ProxyHandler::new(Instances { engine: engine.clone(), component, pre, shutdown: shutdown.clone() }))
    };
    thread::scope(|scope| {
        let compile = &compile;
        let threads: Vec<_> =
            components.into_iter().map(|(component, path)| scope.spawn(move || compile(component, path))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(result) => result,
            Err(_) => Err(Error::Engine { reason: "the compiler panicked".to_owned() }),
        };
        threads.into_iter().map(join).collect()
    })
}
