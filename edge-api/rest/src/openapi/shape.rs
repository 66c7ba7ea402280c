//! Schemas: of fields that a route reads, of data that it answers.

use std::collections::BTreeMap;

use super::operations;
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What a field is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// Text of at most so many characters.
    Short(usize),
    /// Text or nothing.
    Maybe,
    /// The name of a session.
    Session,
    /// A number or address.
    Address,
    /// The address of a file.
    File,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number within bounds.
    Number(f64, f64),
    /// True or false.
    Flag,
    /// Texts, at least and at most so many.
    Texts(usize, usize),
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// Any object.
    Object,
    /// Webhooks as they are shown.
    Webhooks,
    /// Webhooks as they are written.
    WebhookList,
    /// Webhooks with their figures.
    Healths,
    /// Deliveries of a webhook.
    Deliveries,
    /// Tries of a delivery.
    Attempts,
}

impl Kind {
    /// Its schema.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string", "minLength": 1 }),
            Self::Short(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
            Self::Maybe => json!({ "type": ["string", "null"] }),
            Self::Session => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$" }),
            Self::Address => json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
            Self::File => json!({ "type": "string", "minLength": 1, "pattern": "^(https?|data):.+" }),
            Self::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Texts(least, most) => json!({
                "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": least, "maxItems": most,
            }),
            Self::OneOf(words) => json!({ "type": "string", "enum": words }),
            Self::Object => json!({ "type": "object" }),
            Self::Webhooks => list_of("WebhookView"),
            Self::WebhookList => list_of("Webhook"),
            Self::Healths => list_of("WebhookHealth"),
            Self::Deliveries => list_of("Delivery"),
            Self::Attempts => list_of("Attempt"),
        }
    }
}

fn list_of(name: &str) -> Value {
    json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") } })
}

/// A field of a body, a query or an answer.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it says.
    pub what: &'static str,
}

/// The object that a body is.
pub(super) fn object(fields: &[Field], schemas: &mut Schemas) -> Value {
    let mut properties = Map::new();
    for field in fields {
        schemas.note(field.kind);
        let mut schema = field.kind.schema();
        schema["description"] = json!(field.what);
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// The data of an answer.
#[derive(Clone, Copy)]
pub enum Data {
    /// None.
    Nothing,
    /// A wire type.
    Type(fn(&mut Schemas) -> Value),
    /// Many of a wire type.
    List(fn(&mut Schemas) -> Value),
    /// Fields.
    Fields(&'static [Field]),
}

impl Data {
    pub(super) fn schema(self, schemas: &mut Schemas) -> Option<Value> {
        match self {
            Self::Nothing => None,
            Self::Type(of) => Some(of(schemas)),
            Self::List(of) => Some(json!({ "type": "array", "items": of(schemas) })),
            Self::Fields(fields) => {
                let mut object = object(fields, schemas);
                for field in fields.iter().filter(|field| !field.required) {
                    // It is always there, and may be null.
                    if let Some(kind) = object["properties"][field.name].get("type").cloned()
                        && kind.is_string()
                    {
                        object["properties"][field.name]["type"] = json!([kind, "null"]);
                    }
                }
                Some(object)
            }
        }
    }
}

/// The named schemas of the document.
#[derive(Default)]
pub struct Schemas(BTreeMap<String, RefOr<Schema>>, BTreeMap<String, Value>);

impl Schemas {
    /// Notes what a kind refers to.
    fn note(&mut self, kind: Kind) {
        match kind {
            Kind::Webhooks => drop(self.of::<contract::webhook::WebhookView>()),
            Kind::Healths => drop(self.of::<contract::webhook::WebhookHealth>()),
            Kind::Attempts => drop(self.of::<contract::webhook::Attempt>()),
            Kind::Deliveries => {
                // Answered, not asked for: what need not be there is null.
                if let Some(delivery) = Data::Fields(operations::webhooks::DELIVERY).schema(self) {
                    self.1.insert("Delivery".to_owned(), delivery);
                }
            }
            Kind::WebhookList => {
                let webhook = object(operations::webhooks::WEBHOOK, self);
                self.1.insert("Webhook".to_owned(), webhook);
            }
            _ => {}
        }
    }

    /// Notes a wire type and all that it is made of, and refers to it.
    pub fn of<T: ToSchema>(&mut self) -> Value {
        let mut found = vec![(T::name().into_owned(), <T as PartialSchema>::schema())];
        T::schemas(&mut found);
        self.0.extend(found);
        json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        let typed = self.0.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()));
        typed.chain(self.1).collect()
    }
}
