//! The forms of the events, written down: an event must look like one of those that are known, name by name and type by type. Set
//! `CHATERY_WRITE_SHAPES` to write down what is new, and read what changed before it is committed.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, Write as _};

use anyhow::ensure;
use serde_json::{Map, Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/seventeen/shapes.json");
const WRITE: &str = "CHATERY_WRITE_SHAPES";

/// A value with its types in place of what they hold.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => items.first().map_or_else(|| json!([]), |first| json!([shape(first)])),
        Value::Object(object) => {
            let name = |name: &String| if name.contains('@') { "<jid>".to_owned() } else { name.clone() };
            Value::Object(object.iter().map(|(key, value)| (name(key), shape(value))).collect::<Map<_, _>>())
        }
    }
}

/// Fails unless the form of an event is written down.
pub(super) fn is_known(name: &str, payload: &Value) -> anyhow::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(FILE)?;
    // Tests run at once.
    file.lock()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let mut known: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).unwrap_or_default();
    let shape = shape(payload);
    if known.get(name).is_some_and(|shapes| shapes.contains(&shape)) {
        return Ok(());
    }
    ensure!(std::env::var_os(WRITE).is_some(), "{name} has a new form: {shape:#}");
    let shapes = known.entry(name.to_owned()).or_default();
    shapes.push(shape);
    shapes.sort_by_key(Value::to_string);
    file.rewind()?;
    file.set_len(0)?;
    file.write_all((serde_json::to_string_pretty(&known)? + "\n").as_bytes())?;
    Ok(())
}
