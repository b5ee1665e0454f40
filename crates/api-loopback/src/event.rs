//! Events: any JSON. Only the fields that this function uses are parsed, so that the rest stays as it came.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Kinds of callers, by their use of the function's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Integration {
    /// Makes an HTTP response of `statusCode`, headers and `body`.
    Proxy(HeaderForm),
    /// Uses the response as it is. Another status than 200 needs an error.
    Direct,
}

/// Fields in which a proxy integration expects headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderForm {
    /// `headers`, with one value for each name.
    Single,
    /// `multiValueHeaders` only, with a list for each name: a load balancer with a target group that has multi-value headers.
    /// Source: "Use Lambda functions as targets of an Application Load Balancer".
    Lists,
}

/// The fields of a JSON object, each with its text as it came. Of a name that occurs twice, the last one counts.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Parses an object. Any other JSON has no fields.
    pub(crate) fn parse(text: &'a RawValue) -> Self {
        Self(serde_json::from_str(text.get()).unwrap_or_default())
    }

    /// Parses the object in a field.
    pub(crate) fn object(&self, name: &str) -> Option<Fields<'a>> {
        let field = self.0.get(name)?;
        field.get().starts_with('{').then(|| Fields::parse(field))
    }

    /// Returns the names of all fields, and the texts of those that hold a text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.0
            .iter()
            .filter_map(|(name, field)| Some((name.as_str(), serde_json::from_str(field.get()).ok()?)))
    }

    fn value(&self, name: &str) -> Value {
        let field = self.0.get(name).map(|field| serde_json::from_str(field.get()));
        field.and_then(Result::ok).unwrap_or_default()
    }

    fn is_text(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|field| field.get().starts_with('"'))
    }

    fn is_object(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|field| field.get().starts_with('{'))
    }
}

impl HeaderForm {
    /// Returns the form of the event's own headers. A REST API sends both forms and accepts both.
    fn of(event: &Fields) -> Self {
        match event.is_object("multiValueHeaders") && !event.is_object("headers") {
            true => Self::Lists,
            false => Self::Single,
        }
    }
}

impl Integration {
    /// Recognises the caller by its event.
    ///
    /// The event of a proxy integration has a `requestContext` and the request's method: beside it from a REST API, in
    /// payload format 1.0, from a load balancer and from VPC Lattice, in its `http` in payload format 2.0 and from a
    /// function URL. A WebSocket has a connection instead of a method, and VPC Lattice's event of version 1 no context.
    /// Everything else is a plain invocation, as is the event that a non-proxy integration makes with the passthrough
    /// template. So is an authorizer's event, although it looks like a proxy event: API Gateway expects a policy, and
    /// denies the request after any other response.
    pub(crate) fn of(event: &Fields) -> Self {
        let is_authorizer =
            event.is_text("type") && (event.is_text("methodArn") || event.is_text("routeArn"));
        let is_proxy = event.object("requestContext").is_some_and(|context| {
            event.is_text("httpMethod")
                || context.is_object("http")
                || context.is_text("connectionId")
                || (event.is_text("method") && context.is_text("serviceArn"))
        });
        let is_lattice_v1 =
            event.is_text("raw_path") && event.is_text("method") && event.is_object("headers");
        match !is_authorizer && (is_proxy || is_lattice_v1) {
            true => Self::Proxy(HeaderForm::of(event)),
            false => Self::Direct,
        }
    }
}

/// Returns the values that may be response options: the query, in proxy events and those of the passthrough template.
/// Only an event without a query may have options in `body-json`: behind a gateway, that is the JSON of a client.
pub(crate) fn option_values(event: &Fields) -> Value {
    const QUERIES: [&str; 3] = [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "query_string_parameters",
    ];
    match (Integration::of(event), event.object("params")) {
        (Integration::Proxy(_), _) => {
            let query = QUERIES.into_iter().find(|name| event.is_object(name));
            last_values(query.map(|name| event.value(name)))
        }
        (Integration::Direct, Some(parameters)) => parameters.value("querystring"),
        (Integration::Direct, None) => event.value("body-json"),
    }
}

/// Takes the last value of a list, as gateways do for `queryStringParameters`.
fn last_values(query: Option<Value>) -> Value {
    let Some(Value::Object(query)) = query else {
        return Value::Null;
    };
    let last = query.into_iter().filter_map(|(name, value)| match value {
        Value::Array(mut values) => Some((name, values.pop()?)),
        value => Some((name, value)),
    });
    Value::Object(last.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn raw(event: &Value) -> Box<RawValue> {
        serde_json::value::to_raw_value(event).expect("is JSON")
    }

    #[track_caller]
    fn check(event: Value, integration: Integration) {
        let text = raw(&event);
        assert_eq!(Integration::of(&Fields::parse(&text)), integration, "{event}");
    }

    #[test]
    fn recognises_proxy_events_by_their_request_context() {
        use HeaderForm::{Lists, Single};
        use Integration::{Direct, Proxy};
        check(json!({"httpMethod": "GET", "requestContext": {}}), Proxy(Single));
        check(
            json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}}}),
            Proxy(Single),
        );
        check(
            json!({"requestContext": {"eventType": "CONNECT", "connectionId": "a="}}),
            Proxy(Single),
        );
        let lists = json!({"httpMethod": "GET", "requestContext": {"elb": {}}, "multiValueHeaders": {}});
        check(lists.clone(), Proxy(Lists));
        let mut both = lists;
        both["headers"] = json!({});
        check(both, Proxy(Single));
        check(json!({"body-json": {}, "params": {}, "context": {}}), Direct);
        check(json!({"requestContext": "httpMethod"}), Direct);
        check(json!({"httpMethod": "GET"}), Direct);
        for plain in [json!(null), json!(7), json!("text"), json!([1]), json!({})] {
            check(plain, Direct);
        }
    }

    #[test]
    fn vpc_lattice_is_a_proxy_in_both_versions() {
        for case in ["lattice-v1", "lattice-v2"] {
            check(
                local_stack::event("api-loopback", case),
                Integration::Proxy(HeaderForm::Single),
            );
        }
    }

    #[test]
    fn an_authorizers_event_is_a_plain_invocation() {
        for case in [
            "authorizer-token",
            "authorizer-request",
            "authorizer-http-api",
            "authorizer-websocket",
        ] {
            check(local_stack::event("api-loopback", case), Integration::Direct);
        }
    }

    #[track_caller]
    fn check_options(event: Value, expected: Value) {
        assert_eq!(option_values(&Fields::parse(&raw(&event))), expected, "{event}");
    }

    #[test]
    fn a_body_behind_a_gateway_has_no_options() {
        let event = json!({"body-json": {"status": "shipped"}, "params": {"querystring": {"status": "404"}}});
        check_options(event, json!({"status": "404"}));
        check_options(json!({"body-json": {"status": 404}}), json!({"status": 404}));
    }

    #[test]
    fn the_last_of_several_values_counts() {
        let event = json!({"httpMethod": "GET", "requestContext": {}, "queryStringParameters": {"a": ["1", "2"], "b": []}});
        check_options(event, json!({"a": "2"}));
        let event = json!({"raw_path": "/", "method": "GET", "headers": {}, "query_string_parameters": {"status": "503"}});
        check_options(event, json!({"status": "503"}));
    }
}
