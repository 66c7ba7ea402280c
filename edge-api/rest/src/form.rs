//! `application/x-www-form-urlencoded` bodies as an object, with the bracket names of the original: `a[]=1`, `a[0]=1`, `a[b]=1`.

use serde_json::{Map, Value};

/// Deepest nesting of a name; forms people write have one or two.
const MAX_DEPTH: usize = 5;

/// Most fields of a form.
const MAX_FIELDS: usize = 1_000;

/// Reads a form. `None` when it is not one.
pub(crate) fn parse(body: &[u8]) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut fields = Map::new();
    for (count, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count == MAX_FIELDS {
            return None;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        let (first, rest) = steps(&name)?;
        match fields.entry(first) {
            serde_json::map::Entry::Vacant(place) => {
                place.insert(built(&rest, value));
            }
            serde_json::map::Entry::Occupied(mut place) => merge(place.get_mut(), &rest, value),
        }
    }
    Some(fields)
}

/// `a[b][]` → `a`, `["b", ""]`. A name without well-formed brackets is taken as it is.
fn steps(name: &str) -> Option<(String, Vec<&str>)> {
    let Some((first, inner)) = name.strip_suffix(']').and_then(|open| open.split_once('[')) else {
        return Some((name.to_owned(), Vec::new()));
    };
    if first.is_empty() {
        return Some((name.to_owned(), Vec::new()));
    }
    let steps: Vec<&str> = inner.split("][").collect();
    (steps.len() <= MAX_DEPTH).then(|| (first.to_owned(), steps))
}

fn is_index(step: &str) -> bool {
    step.bytes().all(|b| b.is_ascii_digit())
}

fn built(steps: &[&str], value: String) -> Value {
    match steps.split_first() {
        None => Value::String(value),
        Some((step, rest)) if is_index(step) => Value::Array(vec![built(rest, value)]),
        Some((step, rest)) => Value::Object(Map::from_iter([((*step).to_owned(), built(rest, value))])),
    }
}

/// Adds a value at a place that is taken. Elements of arrays come in the order of the form, whatever their index, except
/// that `a[0][url]` and `a[0][events]` name the same element.
fn merge(place: &mut Value, steps: &[&str], value: String) {
    match (place, steps.split_first()) {
        (Value::Object(object), Some((step, rest))) => match object.get_mut(*step) {
            Some(inner) => merge(inner, rest, value),
            None => {
                object.insert((*step).to_owned(), built(rest, value));
            }
        },
        (Value::Array(elements), Some((step, rest))) => {
            let known = step.parse::<usize>().ok().and_then(|index| elements.get_mut(index));
            match known {
                Some(inner) if !rest.is_empty() => merge(inner, rest, value),
                _ => elements.push(built(rest, value)),
            }
        }
        (Value::Array(elements), None) => elements.push(Value::String(value)),
        (other, _) => {
            let before = std::mem::take(other);
            *other = Value::Array(vec![before, built(steps.get(1..).unwrap_or_default(), value)]);
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_become_objects() {
        for (form, expected) in [
            ("", json!({})),
            ("a=1&b=x+y%21&c", json!({"a": "1", "b": "x y!", "c": ""})),
            ("a[]=1&a[]=2", json!({"a": ["1", "2"]})),
            ("a=1&a=2&a=3", json!({"a": ["1", "2", "3"]})),
            ("m[k]=v&m[l][n]=w", json!({"m": {"k": "v", "l": {"n": "w"}}})),
            (
                "w[0][url]=u&w[0][events][]=message&w[0][events][]=qr&w[1][url]=t",
                json!({"w": [{"url": "u", "events": ["message", "qr"]}, {"url": "t"}]}),
            ),
            ("%5B%5D=1", json!({"[]": "1"})),
            ("a%5B%5D=1", json!({"a": ["1"]})),
        ] {
            assert_eq!(parse(form.as_bytes()).map(Value::Object), Some(expected), "{form:?}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let deep = format!("a{}=1", "[x]".repeat(MAX_DEPTH + 1));
        let many = "a=1&".repeat(MAX_FIELDS + 1);
        for bad in ["a=%", "a=%2", "a=%zz", "a=%ff", &deep, &many] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(parse(b"\xff=1"), None);
    }

    mod made_up {
        use rand::rngs::StdRng;
        use rand::{RngExt as _, SeedableRng as _};

        use super::*;

        /// Forms of each kind, from a fixed seed.
        const FORMS: usize = 5_000;

        fn encoded(text: &str) -> String {
            text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
        }

        #[test]
        fn any_bytes_are_a_form_or_none() {
            let mut rng = StdRng::seed_from_u64(1);
            for number in 0..FORMS {
                let near = b"a[]=&%+0";
                let byte = |rng: &mut StdRng| {
                    if number % 2 == 0 { near[rng.random_range(0..near.len())] } else { rng.random() }
                };
                let bytes: Vec<u8> = (0..rng.random_range(0..300)).map(|_| byte(&mut rng)).collect();
                let _form_or_none = parse(&bytes);
            }
        }

        #[test]
        fn texts_come_back() {
            let mut rng = StdRng::seed_from_u64(2);
            for _ in 0..FORMS {
                let length = rng.random_range(0..50);
                let text: String = (0..length).filter_map(|_| char::from_u32(rng.random_range(0..0x11_0000))).collect();
                let form = parse(format!("a={}&b[]=x&b[]={}", encoded(&text), encoded(&text)).as_bytes()).unwrap();
                assert_eq!(form["a"].as_str(), Some(text.as_str()));
                assert_eq!(form["b"][1].as_str(), Some(text.as_str()));
            }
        }
    }
}
