//! `spin:variables`: the values of `[component.X.variables]`.

use wasmtime::component::Accessor;

use super::SpinHost;
use super::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::instance::Guest;
use crate::variables::check_name;

impl Host for &mut Guest {}

impl<T: Send> HostWithStore<T> for SpinHost {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        check_name(&name).map_err(Error::InvalidName)?;
        accessor.with(|mut access| {
            let component = access.get().component();
            let unknown = || Error::Undefined(format!("no variable for {:?}.{name:?}", component.id));
            component.variables.get(&name).cloned().ok_or_else(unknown)
        })
    }
}
