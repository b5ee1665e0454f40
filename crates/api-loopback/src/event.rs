//! Events: any JSON.

use serde_json::{Map, Value};
use std::borrow::Cow;

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

impl HeaderForm {
    /// Returns the form of the event's own headers. A REST API sends both forms and accepts both.
    fn of(event: &Value) -> Self {
        match event["multiValueHeaders"].is_object() && !event["headers"].is_object() {
            true => Self::Lists,
            false => Self::Single,
        }
    }
}

impl Integration {
    /// Recognises the caller by its event.
    ///
    /// The event of a proxy integration has a `requestContext` and the request's method: beside it from a REST API, in
    /// payload format 1.0 and from a load balancer, in its `http` in payload format 2.0 and from a function URL. A
    /// WebSocket has a connection instead of a method. Everything else is a plain invocation, as is the event that a
    /// non-proxy integration makes with the passthrough template.
    pub(crate) fn of(event: &Value) -> Self {
        let context = &event["requestContext"];
        let is_proxy = context.is_object()
            && (event["httpMethod"].is_string()
                || context["http"].is_object()
                || context["connectionId"].is_string());
        match is_proxy {
            true => Self::Proxy(HeaderForm::of(event)),
            false => Self::Direct,
        }
    }
}

/// Returns the object that may hold response options: the query, in proxy events and those of the passthrough template.
/// Only an event without a query may have options in `body-json`: behind a gateway, that is the JSON of a client.
pub(crate) fn option_values(event: &Value) -> Cow<'_, Value> {
    let multi_value = &event["multiValueQueryStringParameters"];
    Cow::Borrowed(match (Integration::of(event), multi_value) {
        (Integration::Proxy(_), Value::Object(lists)) if event["queryStringParameters"].is_null() => {
            return Cow::Owned(last_values(lists).into());
        }
        (Integration::Proxy(_), _) => &event["queryStringParameters"],
        (Integration::Direct, _) if event["params"].is_object() => &event["params"]["querystring"],
        (Integration::Direct, _) => &event["body-json"],
    })
}

/// Takes the last value of each parameter, as gateways do for `queryStringParameters`.
fn last_values(lists: &Map<String, Value>) -> Map<String, Value> {
    let last = |value: &Value| value.as_array().and_then(|values| values.last()).cloned();
    lists
        .iter()
        .filter_map(|(name, values)| Some((name.clone(), last(values)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(event: Value, integration: Integration) {
        assert_eq!(Integration::of(&event), integration, "{event}");
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
    fn a_body_behind_a_gateway_has_no_options() {
        let event = json!({"body-json": {"status": "shipped"}, "params": {"querystring": {"status": "404"}}});
        assert_eq!(*option_values(&event), json!({"status": "404"}));
        assert_eq!(
            *option_values(&json!({"body-json": {"status": 404}})),
            json!({"status": 404})
        );
    }
}
