//! Settings from Spin variables, read once per component instance: they do not change while an application runs.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

use spin_sdk::variables;

use crate::settings::{InvalidSetting, NAMES, Settings};

thread_local! {
    static SETTINGS: OnceCell<Rc<Settings>> = const { OnceCell::new() };
}

/// The settings of the application.
pub async fn settings() -> Result<Rc<Settings>, InvalidSetting> {
    if let Some(known) = SETTINGS.with(|cell| cell.get().cloned()) {
        return Ok(known);
    }
    let mut values = HashMap::new();
    for name in NAMES {
        // A variable that is not declared for this component reads as unset.
        if let Ok(value) = variables::get(name).await {
            values.insert(name, value);
        }
    }
    let settings = Rc::new(Settings::read(|name| values.get(name).cloned())?);
    Ok(SETTINGS.with(|cell| Rc::clone(cell.get_or_init(|| settings))))
}
