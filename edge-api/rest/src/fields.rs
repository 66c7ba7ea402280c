//! The fields of a request, read as the original reads them: "required" means truthy, aliases are known, numbers stand for
//! texts and texts for numbers.

use contract::error::ErrorCode;
use serde_json::{Map, Value};

use crate::answer::Failure;

/// Names of a session in a body.
pub(crate) const SESSION_ID: &[&str] = &["sessionId", "session"];

/// Names of a chat in a body.
pub(crate) const CHAT_ID: &[&str] = &["chatId", "to", "phone", "number", "jid"];

/// Names of a person's number in a body.
pub(crate) const PHONE: &[&str] = &["phone", "number", "chatId", "to", "jid"];

/// Names of a text in a body.
pub(crate) const MESSAGE: &[&str] = &["message", "text", "body"];

/// The fields of a request.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn new(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// All of them, in one spelling: in which order they were written says nothing.
    pub(crate) fn canonical(self) -> Value {
        let mut all = Value::Object(self.0);
        all.sort_all_objects();
        all
    }

    /// The value of the first of some names that has a truthy one.
    pub(crate) fn get(&self, names: &[&str]) -> Option<&Value> {
        names.iter().filter_map(|name| self.0.get(*name)).find(|value| is_truthy(value))
    }

    /// What stands under a name, nothing and falsehood included.
    pub(crate) fn raw(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text, or a number as text. The canonical name is the first.
    pub(crate) fn text(&self, names: &[&str]) -> Result<Option<String>, Failure> {
        match self.get(names) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(written(number))),
            Some(_) => Err(invalid(format!("{} must be a string", names.first().unwrap_or(&"field")))),
        }
    }

    /// A finite number, or a text that is one.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<f64>, Failure> {
        let number = match self.get(&[name]) {
            // Zero is not truthy but is a number.
            None => return Ok(self.0.get(name).and_then(Value::as_f64)),
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(_) => None,
        };
        match number.filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(invalid(format!("{name} must be a number"))),
        }
    }

    /// A switch: what is truthy, except for the words that mean no in a form.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.get(&[name]) {
            Some(Value::String(word)) => {
                !["false", "0", "no", "off"].contains(&word.trim().to_ascii_lowercase().as_str())
            }
            value => value.is_some(),
        }
    }
}

impl Fields {
    /// A list of texts; numbers stand for texts. `None` when there is no list.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Option<Vec<String>>, Failure> {
        let Some(Value::Array(items)) = self.get(&[name]) else { return Ok(None) };
        let text = |item: &Value| match item {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(written(number)),
            _ => Err(invalid(format!("{name} must be a list of strings"))),
        };
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }
}

/// Refuses a text that is too long.
pub(crate) fn no_longer_than(name: &str, text: &str, characters: usize) -> Result<(), Failure> {
    if text.chars().count() > characters {
        return Err(invalid(format!("{name} may have at most {characters} characters")));
    }
    Ok(())
}

/// A number as people write it: `6281200001111.0` and `6.281200001111e12` are the same number, not one with more digits.
fn written(number: &serde_json::Number) -> String {
    /// From here on a double does not tell neighbouring integers apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let integral = number.as_f64().filter(|value| number.is_f64() && value.fract() == 0.0 && value.abs() < EXACT);
    integral.map_or_else(|| number.to_string(), |value| format!("{value:.0}"))
}

/// A refusal of a field's value.
pub(crate) fn invalid(message: String) -> Failure {
    Failure::new(ErrorCode::InvalidField, message)
}

/// Truth as `JavaScript` has it.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(object) => Fields::new(object),
            _ => Fields::default(),
        }
    }

    #[test]
    fn the_first_truthy_name_counts() {
        let given = fields(json!({"chatId": "", "to": null, "phone": 0, "number": 6_281_200_001_111_u64, "jid": "x"}));
        assert_eq!(given.text(CHAT_ID).unwrap().as_deref(), Some("6281200001111"));
        assert_eq!(fields(json!({"chatId": false})).text(CHAT_ID), Ok(None));
        assert_eq!(fields(json!({"chatId": []})).text(CHAT_ID).unwrap_err().message, "chatId must be a string");
    }

    #[test]
    fn a_number_keeps_its_value_whatever_its_spelling() {
        for text in ["6281200001111", "6281200001111.0", "6.281200001111e12"] {
            let given = fields(json!({"chatId": serde_json::from_str::<Value>(text).unwrap()}));
            assert_eq!(given.text(CHAT_ID).unwrap().as_deref(), Some("6281200001111"), "{text}");
        }
        assert_eq!(fields(json!({"message": 1.5})).text(MESSAGE).unwrap().as_deref(), Some("1.5"));
    }

    #[test]
    fn texts_may_be_numbers() {
        for (value, expected) in [
            (json!(20), Some(20.0)),
            (json!("20"), Some(20.0)),
            (json!(0), Some(0.0)),
            (json!(null), None),
            (json!(""), None),
        ] {
            assert_eq!(fields(json!({"n": value})).number("n"), Ok(expected));
        }
        for bad in [json!("x"), json!("inf"), json!("NaN"), json!(true), json!([]), json!({})] {
            assert_eq!(fields(json!({"n": bad})).number("n").unwrap_err().message, "n must be a number");
        }
    }

    mod made_up {
        use rand::rngs::StdRng;
        use rand::seq::SliceRandom as _;
        use rand::{RngExt as _, SeedableRng as _};

        use super::*;

        /// Objects of each kind, from a fixed seed.
        const OBJECTS: usize = 5_000;

        fn text(rng: &mut StdRng) -> String {
            let near = [
                "",
                "0",
                "1e3",
                " 7 ",
                "-0",
                "NaN",
                "inf",
                "1e999",
                "false",
                "OFF",
                "\u{0}",
                "6281200001111.0",
                "ä\u{202e}",
            ];
            if rng.random() {
                near[rng.random_range(0..near.len())].to_owned()
            } else {
                rng.random::<u64>().to_string()
            }
        }

        fn value(rng: &mut StdRng, depth: usize) -> Value {
            match rng.random_range(0..if depth == 0 { 6 } else { 8 }) {
                0 => Value::Null,
                1 => json!(rng.random::<bool>()),
                2 => json!(rng.random::<i64>()),
                3 => json!(f64::from_bits(rng.random())),
                4 => json!(rng.random_range(0..2)),
                5 => json!(text(rng)),
                6 => (0..rng.random_range(0..3)).map(|_| value(rng, depth - 1)).collect(),
                _ => object(rng, depth - 1).into(),
            }
        }

        fn object(rng: &mut StdRng, depth: usize) -> Map<String, Value> {
            let names = [CHAT_ID, MESSAGE, &["n"]].concat();
            (0..rng.random_range(0..6))
                .map(|_| (names[rng.random_range(0..names.len())].to_owned(), value(rng, depth)))
                .collect()
        }

        #[test]
        fn any_object_is_read_or_refused() {
            let mut rng = StdRng::seed_from_u64(1);
            for _ in 0..OBJECTS {
                let object = object(&mut rng, 3);
                let given = Fields::new(object.clone());
                for names in [CHAT_ID, MESSAGE] {
                    let first = names.iter().filter_map(|name| object.get(*name)).find(|value| is_truthy(value));
                    match (given.text(names), first) {
                        (Ok(None), None) => {}
                        (Ok(Some(text)), Some(Value::String(string))) => assert_eq!(&text, string),
                        (Ok(Some(text)), Some(Value::Number(number))) => {
                            assert_eq!(text.parse::<f64>().ok(), number.as_f64(), "{number}");
                        }
                        (Err(failure), Some(Value::Bool(_) | Value::Array(_) | Value::Object(_))) => {
                            assert_eq!(failure.code, ErrorCode::InvalidField);
                        }
                        (read, first) => panic!("{first:?} was read as {read:?}"),
                    }
                }
                assert!(
                    given.number("n").is_ok_and(|number| number.is_none_or(f64::is_finite)) || object.contains_key("n")
                );
                if given.flag("n") {
                    assert!(object.get("n").is_some_and(is_truthy));
                }
                if let Ok(Some(texts)) = given.texts("n") {
                    assert_eq!(Some(texts.len()), object["n"].as_array().map(Vec::len));
                }
            }
        }

        #[test]
        fn the_order_of_fields_says_nothing() {
            let mut rng = StdRng::seed_from_u64(2);
            for _ in 0..OBJECTS {
                let one = object(&mut rng, 3);
                let mut pairs: Vec<_> = one.clone().into_iter().collect();
                pairs.shuffle(&mut rng);
                let other = pairs.into_iter().collect();
                assert_eq!(Fields::new(one).canonical().to_string(), Fields::new(other).canonical().to_string());
            }
        }
    }
}
