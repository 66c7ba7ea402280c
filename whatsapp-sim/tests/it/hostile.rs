//! The admin API and whoever means it no good: every documented route, with everything that does not belong there. Each
//! answer is a refusal in the usual shape, with a listed code; the network goes on.

use serde_json::{Map, Value, json};

use crate::document::{NUMBERS, codes, document, examples, filled, operations};
use crate::phone::{Network, answer};

/// Values that no field wants, or not so many, or not so long.
fn poisons() -> Vec<Value> {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("x".repeat(100_000)),
        json!("../../etc/passwd"),
        json!("\u{0}\u{202e}\u{1f469}\u{200d}"),
        json!([]),
        json!({}),
        json!(vec!["6281200000102"; 20_000]),
        deep,
    ]
}

/// The example with each of its members poisoned, one at a time, and one member too many.
fn poisoned(example: &Value) -> Vec<Value> {
    let Some(members) = example.as_object() else { return vec![json!("x".repeat(100_000)), json!("\u{0}")] };
    let mut bodies = poisons();
    for name in members.keys() {
        for poison in poisons() {
            let mut body: Map<String, Value> = members.clone();
            body.insert(name.clone(), poison);
            bodies.push(Value::Object(body));
        }
    }
    let mut more = members.clone();
    more.insert("nobodyKnowsThis".to_owned(), json!(1));
    bodies.push(Value::Object(more));
    bodies
}

/// Success, or a refusal as documented; never a failure of the server.
fn in_order(answer: &(u16, Value), document: &Value, place: &str) {
    let (status, body) = answer;
    assert!(*status < 500, "{place}: {status} {body}");
    if *status >= 400 {
        let code = body["code"].as_str().unwrap_or_else(|| panic!("{place}: {status} {body}"));
        assert!(codes(document).contains(code), "{place}: {code}");
        assert!(body["message"].as_str().is_some_and(|message| message.len() < 2000), "{place}: a long {code}");
    }
}

async fn network() -> (Network, Value) {
    let network = Network::start().await;
    let document = document(&network).await;
    for number in NUMBERS {
        assert!(network.sim.create_phone("Example", Some(number)).await.is_ok());
    }
    (network, document)
}

#[tokio::test]
async fn no_body_brings_the_network_down() {
    let (network, document) = network().await;
    let mut sent = 0;
    for (method, path, operation) in operations(&document) {
        let contents = operation["requestBody"]["content"].as_object().into_iter().flatten();
        let bodies = contents.flat_map(|(kind, content)| {
            let bodies = examples(&document, content).into_iter().flat_map(poisoned);
            bodies.map(move |body| (kind, body))
        });
        for (kind, body) in bodies {
            let request = network.http.request(method.clone(), network.url(&filled(&path, operation)));
            let request = match body.as_str() {
                Some(text) if kind != "application/json" => request.header("content-type", kind).body(text.to_owned()),
                _ => request.json(&body),
            };
            let shown: String = body.to_string().chars().take(200).collect();
            in_order(&answer(request).await, &document, &format!("{method} {path} {shown}"));
            sent += 1;
        }
    }
    assert!(sent > 100, "{sent}");
    assert_eq!(network.get(&format!("/admin/phones/{}", NUMBERS[0])).await.0, 200);
}

#[tokio::test]
async fn no_address_reaches_what_it_should_not() {
    let (network, document) = network().await;
    let long = "9".repeat(5000);
    let segments =
        ["..%2F..%2Fetc%2Fpasswd", "%00", "18446744073709551616", "-1", "%FF", "%E2%80%AE", " ", long.as_str()];
    for (method, path, operation) in operations(&document).into_iter().filter(|(_, path, _)| path.contains('{')) {
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path") {
            let name = parameter["name"].as_str().unwrap_or_default();
            for segment in segments {
                let hostile = filled(&path.replace(&format!("{{{name}}}"), &segment.replace(' ', "%20")), operation);
                let request = network.http.request(method.clone(), network.url(&hostile)).json(&json!({}));
                let answered = answer(request).await;
                in_order(&answered, &document, &format!("{method} {path} {name}={segment:.40}"));
                assert!(answered.0 >= 400, "{method} {path} {name}={segment:.40}: {}", answered.1);
            }
        }
    }
}
