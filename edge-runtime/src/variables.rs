//! Application variables: names, `{{ templates }}` and their values, by Spin's rules. Everything is resolved once, when
//! the application is loaded; there are no providers to ask later.

use std::collections::BTreeMap;

/// Spin's rule for variable names; the error is its sentence.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let reason = if name.is_empty() {
        "must not be empty".to_owned()
    } else if let Some(wrong) = name.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '_')) {
        format!(
            "invalid character {wrong:?}. Variable names may contain only lower-case letters, numbers, and underscores."
        )
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "must start with a lowercase ASCII letter".to_owned()
    } else if name.ends_with('_') {
        "must end with a lowercase ASCII letter or digit".to_owned()
    } else if name.contains("__") {
        "must not contain multiple consecutive underscores".to_owned()
    } else {
        return Ok(());
    };
    Err(format!("{name:?}: {reason}"))
}

/// The variables `text` refers to, in order.
pub(crate) fn references(text: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or("unmatched '{{' in template")?;
        found.push(name.trim());
        rest = after;
    }
    Ok(found)
}

/// `text` with every reference replaced by its value.
pub(crate) fn render(text: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut rendered = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or("unmatched '{{' in template")?;
        rendered.push_str(literal);
        let name = name.trim();
        rendered.push_str(values.get(name).ok_or_else(|| format!("unknown variable {name:?}"))?);
        rest = after;
    }
    rendered.push_str(rest);
    Ok(rendered)
}

/// The value of every declared variable: the given one, else the default. `Err` names those that have neither.
pub(crate) fn resolve(
    declared: &BTreeMap<String, Option<String>>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut values = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, default) in declared {
        match given.get(name).or(default.as_ref()) {
            Some(value) => {
                values.insert(name.clone(), value.clone());
            }
            None => missing.push(name.clone()),
        }
    }
    if missing.is_empty() { Ok(values) } else { Err(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn names_follow_spins_rules() {
        for good in ["a", "redis_url", "a1_b2"] {
            assert_eq!(check_name(good), Ok(()));
        }
        for (bad, said) in [
            ("", "must not be empty"),
            ("A", "invalid character 'A'"),
            ("a-b", "invalid character '-'"),
            ("1a", "must start with"),
            ("_a", "must start with"),
            ("a_", "must end with"),
            ("a__b", "consecutive underscores"),
        ] {
            let error = check_name(bad).unwrap_err();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }

    #[test]
    fn templates_render() {
        let values = map(&[("host", "h"), ("port", "1")]);
        assert_eq!(render("redis://{{ host }}:{{port}}/0", &values).unwrap(), "redis://h:1/0");
        assert_eq!(render("plain }} {", &values).unwrap(), "plain }} {");
        assert_eq!(render("{{ no }}", &values).unwrap_err(), "unknown variable \"no\"");
        assert_eq!(render("{{ host", &values).unwrap_err(), "unmatched '{{' in template");
        assert_eq!(references("{{ a }}{{b}}").unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_value_is_not_a_template() {
        let values = map(&[("a", "{{ b }}"), ("b", "secret")]);
        assert_eq!(render("{{ a }}", &values).unwrap(), "{{ b }}");
    }

    #[test]
    fn given_beats_default_and_missing_is_named() {
        let declared = BTreeMap::from([
            ("a".to_owned(), Some("default".to_owned())),
            ("b".to_owned(), None),
            ("c".to_owned(), None),
        ]);
        let values = resolve(&declared, &map(&[("a", "given"), ("b", "x"), ("c", ""), ("other", "y")])).unwrap();
        assert_eq!(values, map(&[("a", "given"), ("b", "x"), ("c", "")]));
        assert_eq!(resolve(&declared, &map(&[])).unwrap_err(), ["b", "c"]);
    }
}
