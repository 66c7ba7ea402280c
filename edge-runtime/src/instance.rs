//! One instance of a component: its store, what it may use, and how long it lives. Requests reach it through
//! `ProxyHandler`, which owns queueing and reuse; this module only answers its questions.

use std::collections::BTreeMap;
use std::future::{self, Future};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tokio_util::task::task_tracker::TaskTrackerToken;
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::cpu::CpuMeter;
use crate::egress::http::{Driver, HttpEgress};
use crate::egress::{AllowList, EgressPolicy};
use crate::limits::Limits;
use crate::logs::GuestLog;
use crate::manifest::Mount;
use crate::shutdown::Shutdown;

/// What all instances of a component share.
pub(crate) struct Component {
    pub(crate) id: Arc<str>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) files: Vec<Mount>,
    pub(crate) allowed: Arc<AllowList>,
    pub(crate) policy: Arc<dyn EgressPolicy>,
    /// The way to other servers.
    pub(crate) http: HttpEgress,
    pub(crate) limits: Limits,
}

impl Component {
    /// A fresh view of the system for one instance.
    pub(crate) fn wasi(&self) -> wasmtime::Result<WasiCtx> {
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(GuestLog::new(&self.id, "stdout"))
            .stderr(GuestLog::new(&self.id, "stderr"))
            .envs(&self.environment);
        for mount in &self.files {
            wasi.preopened_dir(&mount.source, &mount.destination, FsPerms::ReadOnly)?;
        }
        Ok(wasi.build())
    }
}

/// The host's side of one instance.
pub(crate) struct Guest {
    component: Arc<Component>,
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    /// Room for Redis connections.
    pub(crate) redis_connections: Arc<Semaphore>,
    /// Lets a shutdown wait for this instance.
    _alive: TaskTrackerToken,
}

impl Guest {
    pub(crate) fn component(&self) -> &Arc<Component> {
        &self.component
    }

    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

struct Hooks(HttpEgress);

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_error: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Driver), Error>> + Send> {
        Box::new(self.0.clone().send(request, options.unwrap_or_default()))
    }
}

/// A request that was let in. It counts as long as anything of it is alive.
#[expect(dead_code, reason = "held, not read")]
pub(crate) struct Admission {
    pub(crate) permit: OwnedSemaphorePermit,
    pub(crate) alive: TaskTrackerToken,
}

/// Makes instances of one component.
pub(crate) struct Instances {
    pub(crate) engine: Engine,
    pub(crate) component: Arc<Component>,
    pub(crate) pre: ServicePre<Guest>,
    pub(crate) shutdown: Shutdown,
}

impl HandlerState for Instances {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Worker>> {
        let component = &self.component;
        let guest = Guest {
            table: ResourceTable::new(),
            wasi: component.wasi()?,
            http: WasiHttpCtx::new(),
            hooks: Hooks(component.http.clone()),
            redis_connections: Arc::new(Semaphore::new(component.limits.redis_connections)),
            _alive: self.shutdown.instance(),
            component: Arc::clone(component),
        };
        let mut store = Store::new(&self.engine, guest);
        let cpu = CpuMeter::default();
        cpu.attach(&mut store, component.limits.guest_cpu);
        let proxy = Proxy::P3(self.pre.instantiate_async(&mut store).await?);
        Ok(Instance {
            store,
            proxy,
            view: <Guest as WasiHttpView>::http,
            expiration: Expiration {
                component: Arc::clone(component),
                cpu,
                idle: Box::pin(tokio::time::sleep(component.limits.instance_idle)),
                draining: Box::pin(self.shutdown.draining()),
                killed: Box::pin(self.shutdown.killed()),
            },
            state: Worker(Arc::clone(component)),
        })
    }
}

/// When an instance ends: idle for too long, idle during a shutdown, or at the end of the shutdown.
pub(crate) struct Expiration {
    component: Arc<Component>,
    cpu: CpuMeter,
    idle: Pin<Box<Sleep>>,
    draining: Pin<Box<WaitForCancellationFutureOwned>>,
    killed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        self.cpu.paused();
        if self.killed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if status != WorkerStatus::Idle {
            return Poll::Pending;
        }
        if self.draining.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let deadline = tokio::time::Instant::from_std(start + self.component.limits.instance_idle);
        if self.idle.deadline() != deadline {
            self.idle.as_mut().reset(deadline);
        }
        self.idle.as_mut().poll(cx)
    }
}

/// How many requests an instance takes, and what is said when it ends badly.
pub(crate) struct Worker(Arc<Component>);

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = Arc<Admission>;

    fn should_accept_request(&self, concurrent_count: usize, total_count: usize) -> ShouldAccept {
        if total_count >= self.0.limits.instance_reuse {
            ShouldAccept::Never
        } else if concurrent_count >= self.0.limits.instance_concurrency {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, Guest>,
        admission: Arc<Admission>,
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(async move {
            // A request whose client has gone counts until the guest is done with it.
            let _admission = admission;
            // As in Spin, a request has no time limit of its own.
            future::pending::<()>().await;
        })
    }

    fn drop(&self, store: Store<Guest>, result: wasmtime::Result<()>) {
        if let Err(error) = result {
            tracing::error!(component = &*self.0.id, "an instance ended with its requests: {error:#}");
        }
        drop(store);
    }
}
