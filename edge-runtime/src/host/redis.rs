//! `spin:redis`: what a guest does with Redis. As in Spin, every `open` is a connection of its own, multiplexed and in
//! order, without any time limit, closed when the guest drops it or ends; it never heals.

use std::net::SocketAddr;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::io::AsyncDNSResolver;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisFuture, cmd};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{Accessor, Resource};

use super::SpinHost;
use super::bindings::spin::redis::redis::{
    Error, Host, HostConnection, HostConnectionWithStore, Payload, RedisParameter, RedisResult,
};
use crate::egress::{EgressKind, EgressPolicy, Target, permits};
use crate::instance::{Component, Guest};

mod reply;

/// A connection of a guest.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection {
    connection: MultiplexedConnection,
    /// Its share of the instance's limit.
    #[expect(dead_code, reason = "held, not read")]
    permit: OwnedSemaphorePermit,
}

impl Host for &mut Guest {}

impl HostConnection for &mut Guest {
    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table().delete(connection)?;
        Ok(())
    }
}

/// Resolves a name for the Redis client and leaves out what the policy refuses.
struct Resolver {
    component: Arc<str>,
    policy: Arc<dyn EgressPolicy>,
}

impl AsyncDNSResolver for Resolver {
    fn resolve<'a, 'b: 'a>(
        &'a self,
        host: &'b str,
        port: u16,
    ) -> RedisFuture<'a, Box<dyn Iterator<Item = SocketAddr> + Send + 'a>> {
        Box::pin(async move {
            let host = host.trim_matches(['[', ']']);
            let found = tokio::net::lookup_host((host, port)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| permits(&*self.policy, &self.component, EgressKind::Redis, host, *address))
                .collect();
            // The client must not be handed an empty list: it panics on one.
            if allowed.is_empty() {
                let reason = "no address of this host may be connected to";
                return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, reason).into());
            }
            Ok(Box::new(allowed.into_iter()) as Box<dyn Iterator<Item = SocketAddr> + Send>)
        })
    }
}

async fn connect(component: &Component, address: &str) -> Result<MultiplexedConnection, Error> {
    let target = Target::redis(address).ok_or(Error::InvalidAddress)?;
    if !component.allowed.allows(&target) {
        return Err(Error::InvalidAddress);
    }
    let resolver = Resolver { component: Arc::clone(&component.id), policy: Arc::clone(&component.policy) };
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None).set_dns_resolver(resolver);
    let client = redis::Client::open(address).map_err(|_| Error::InvalidAddress)?;
    let connection = client.get_multiplexed_async_connection_with_config(&config).await;
    connection.map_err(|error| reply::to_guest(&error))
}

impl SpinHost {
    async fn query<T: Send, R: FromRedisValue>(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        command: &Cmd,
    ) -> Result<R, Error> {
        let mut connection = accessor.with(|mut access| {
            let unknown = |_| Error::Other("could not find connection for resource".to_owned());
            access.get().table().get(&connection).map(|it| it.connection.clone()).map_err(unknown)
        })?;
        command.query_async(&mut connection).await.map_err(|error| reply::to_guest(&error))
    }
}

impl<T: Send> HostConnectionWithStore<T> for SpinHost {
    async fn open(accessor: &Accessor<T, Self>, address: String) -> Result<Resource<Connection>, Error> {
        let (component, permits) = accessor.with(|mut access| {
            let guest = access.get();
            (Arc::clone(guest.component()), Arc::clone(&guest.redis_connections))
        });
        // Taken before dialling: a thousand opens under way are a thousand sockets.
        let permit = permits.try_acquire_owned().map_err(|_| Error::TooManyConnections)?;
        let connection = connect(&component, &address).await?;
        let opened = Connection { connection, permit };
        accessor.with(|mut access| access.get().table().push(opened).map_err(|_| Error::TooManyConnections))
    }

    async fn publish(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        channel: String,
        payload: Payload,
    ) -> Result<(), Error> {
        Self::query(accessor, connection, cmd("PUBLISH").arg(channel).arg(payload)).await
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Option<Payload>, Error> {
        let value: Option<Payload> = Self::query(accessor, connection, cmd("GET").arg(key)).await?;
        reply::check_size(value.as_ref().map_or(0, Vec::len) + size_of::<Option<Payload>>())?;
        Ok(value)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        value: Payload,
    ) -> Result<(), Error> {
        Self::query(accessor, connection, cmd("SET").arg(key).arg(value)).await
    }

    async fn incr(accessor: &Accessor<T, Self>, connection: Resource<Connection>, key: String) -> Result<i64, Error> {
        Self::query(accessor, connection, cmd("INCRBY").arg(key).arg(1)).await
    }

    async fn del(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        keys: Vec<String>,
    ) -> Result<u32, Error> {
        Self::query(accessor, connection, cmd("DEL").arg(keys)).await
    }

    async fn sadd(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, Error> {
        Self::query(accessor, connection, cmd("SADD").arg(key).arg(values)).await
    }

    async fn smembers(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
    ) -> Result<Vec<String>, Error> {
        Self::query(accessor, connection, cmd("SMEMBERS").arg(key)).await
    }

    async fn srem(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> Result<u32, Error> {
        Self::query(accessor, connection, cmd("SREM").arg(key).arg(values)).await
    }

    async fn execute(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> Result<Vec<RedisResult>, Error> {
        let mut command = cmd(&command);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(number) => command.arg(number),
                RedisParameter::Binary(bytes) => command.arg(bytes),
            };
        }
        reply::flatten(Self::query(accessor, connection, &command).await?)
    }
}
