//! What wakes the function: any JSON at all.

use serde_json::Value;

/// What the caller does with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integration {
    /// It makes an HTTP answer of `statusCode`, `headers` and `body`.
    Proxy,
    /// It takes the answer as it is; only an error can say another status than 200.
    Direct,
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
        if is_proxy { Self::Proxy } else { Self::Direct }
    }
}

/// Where the request says how it wants its answer: the query, as proxy events and the passthrough template have
/// it. Only an event without a query may say it in `body-json`: behind a gateway that is somebody's own JSON.
pub fn parameters(event: &Value) -> &Value {
    match Integration::of(event) {
        Integration::Proxy => &event["queryStringParameters"],
        Integration::Direct if event["params"].is_object() => &event["params"]["querystring"],
        Integration::Direct => &event["body-json"],
    }
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
        use Integration::{Direct, Proxy};
        check(json!({"httpMethod": "GET", "requestContext": {}}), Proxy);
        check(
            json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}}}),
            Proxy,
        );
        check(
            json!({"requestContext": {"eventType": "CONNECT", "connectionId": "a="}}),
            Proxy,
        );
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
        assert_eq!(parameters(&event), &json!({"status": "404"}));
        assert_eq!(
            parameters(&json!({"body-json": {"status": 404}})),
            &json!({"status": 404})
        );
    }
}
