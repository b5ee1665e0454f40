//! What wakes the function: any JSON at all.

use serde_json::{Map, Value};
use std::borrow::Cow;

/// What the caller does with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integration {
    /// It makes an HTTP answer of `statusCode`, headers and `body`.
    Proxy(Headers),
    /// It takes the answer as it is; only an error can say another status than 200.
    Direct,
}

/// Where a proxy integration looks for the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// In `headers`, one value for each.
    Single,
    /// In `multiValueHeaders`, a list for each, and nowhere else: a load balancer whose target group has
    /// multi-value headers. Source: "Use Lambda functions as targets of an Application Load Balancer".
    Lists,
}

impl Headers {
    /// Who sends headers as lists alone wants them so. A REST API sends both and takes both.
    fn of(event: &Value) -> Self {
        match event["multiValueHeaders"].is_object() && !event["headers"].is_object() {
            true => Self::Lists,
            false => Self::Single,
        }
    }
}

impl Integration {
    /// A proxy integration's event has a `requestContext` with the request's method: beside it in a REST API's
    /// event, in payload format 1.0 and behind a load balancer, in `http` in payload format 2.0 and at a
    /// function URL. A WebSocket has no method, but a connection. Everything else is a plain invoke, also what
    /// the passthrough template of a non-proxy integration makes.
    pub fn of(event: &Value) -> Self {
        let context = &event["requestContext"];
        let is_proxy = context.is_object()
            && (event["httpMethod"].is_string()
                || context["http"].is_object()
                || context["connectionId"].is_string());
        match is_proxy {
            true => Self::Proxy(Headers::of(event)),
            false => Self::Direct,
        }
    }
}

/// Where the request says how it wants its answer: the query, as proxy events and the passthrough template have
/// it. Only an event without a query may say it in `body-json`: behind a gateway that is somebody's own JSON.
pub fn parameters(event: &Value) -> Cow<'_, Value> {
    let multi_value = &event["multiValueQueryStringParameters"];
    Cow::Borrowed(match (Integration::of(event), multi_value) {
        (Integration::Proxy(_), Value::Object(lists)) if event["queryStringParameters"].is_null() => {
            return Cow::Owned(last_of_each(lists).into());
        }
        (Integration::Proxy(_), _) => &event["queryStringParameters"],
        (Integration::Direct, _) if event["params"].is_object() => &event["params"]["querystring"],
        (Integration::Direct, _) => &event["body-json"],
    })
}

/// As gateways make `queryStringParameters`.
fn last_of_each(lists: &Map<String, Value>) -> Map<String, Value> {
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
    fn tells_proxy_events_by_what_only_they_have() {
        use Headers::{Lists, Single};
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
    fn a_gateways_body_asks_for_nothing() {
        let event = json!({"body-json": {"status": "shipped"}, "params": {"querystring": {"status": "404"}}});
        assert_eq!(*parameters(&event), json!({"status": "404"}));
        assert_eq!(
            *parameters(&json!({"body-json": {"status": 404}})),
            json!({"status": 404})
        );
    }
}
