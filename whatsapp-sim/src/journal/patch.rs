//! The difference of two JSON values as a merge patch (RFC 7396): a phone in touch with many devices changes one session
//! per message, and only that is written. Values that hold nulls have no such difference; phones hold none.

use serde_json::{Map, Value};

/// What turns `old` into `new`; `None` when they are equal.
pub(super) fn difference(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return Some(new.clone()) };
    let gone = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    let changed = new.iter().filter_map(|(name, value)| {
        let change = old.get(name).map_or_else(|| Some(value.clone()), |old| difference(old, value));
        change.map(|change| (name.clone(), change))
    });
    Some(Value::Object(gone.chain(changed).collect()))
}

/// Applies what [`difference`] found.
pub(super) fn apply(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in patch {
        if change.is_null() {
            members.remove(&name);
        } else {
            apply(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_applied_gives_the_new_value() {
        let old = json!({ "id": 1, "sessions": { "a": "x", "b": "y" }, "gone": 3, "empty": {} });
        let new = json!({ "id": 1, "sessions": { "b": "z", "c": "w" }, "empty": {}, "fresh": { "d": {} } });
        let patch = difference(&old, &new).unwrap();
        let written = json!({ "sessions": { "a": null, "b": "z", "c": "w" }, "gone": null, "fresh": { "d": {} } });
        assert_eq!(patch, written, "what did not change is not written");
        let mut target = old.clone();
        apply(&mut target, patch);
        assert_eq!(target, new);
        assert_eq!(difference(&new, &new), None);
    }

    #[test]
    fn a_whole_value_is_its_own_difference_from_nothing() {
        let new = json!({ "sessions": { "a": {} } });
        let mut target = Value::Null;
        apply(&mut target, difference(&Value::Null, &new).unwrap());
        assert_eq!(target, new);
    }
}
