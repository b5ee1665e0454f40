//! A secret in each place of an event where one was seen, and the text that the echo shows there.

use serde_json::{Value, json};

use crate::setup::{Setup, body};

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMQ";

/// Pointer to the place, and the text there in the echo.
const PLACES: [(&str, &str); 44] = [
    ("/headers/authorization", "***"),
    ("/headers/proxy-authorization", "***"),
    ("/headers/cookie", "***"),
    ("/headers/x-api-key", "***"),
    ("/headers/x-auth-token", "***"),
    ("/headers/private-token", "***"),
    ("/headers/x-amz-security-token", "***"),
    ("/headers/x-amzn-oidc-accesstoken", "***"),
    ("/headers/x-amzn-oidc-data", "***"),
    ("/headers/x-forwarded-access-token", "***"),
    ("/headers/x-hub-signature-256", "***"),
    ("/headers/x-session-id", "***"),
    ("/headers/client-assertion", "***"),
    ("/headers/sec-websocket-protocol", "***"),
    ("/headers/x-forwarded-user", "***"),
    ("/headers/x-upstream", "***"),
    ("/headers/referer", "https://a.example.com/cb?code=***&state=s"),
    ("/headers/location", "https://a.example.com/#id_token=***"),
    ("/headers/x-database", "postgres://stat:***@db.example.com/stat"),
    ("/multiValueHeaders/Set-Cookie/0", "***"),
    ("/multiValueHeaders/X-Auth-Token/1", "***"),
    ("/cookies/0", "***"),
    (
        "/rawQueryString",
        "page=2&code=***&password=***&X-Amz-Signature=***&to=***",
    ),
    ("/queryStringParameters/code", "***"),
    ("/queryStringParameters/password", "***"),
    ("/queryStringParameters/clientSecret", "***"),
    ("/queryStringParameters/sig", "***"),
    ("/queryStringParameters/redirect", "***"),
    ("/multiValueQueryStringParameters/id_token/0", "***"),
    ("/pathParameters/resetToken", "***"),
    ("/rawPath", "/reset/***/confirm"),
    ("/stageVariables/dbPassword", "***"),
    ("/requestContext/authorizer/lambda/tenant", "***"),
    ("/requestContext/authorizer/jwt/claims/email", "***"),
    ("/requestContext/identity/apiKey", "***"),
    ("/requestContext/identity/accessKey", "***"),
    (
        "/body",
        r#"{"user":"u","password":"***","nested":[{"privateKey":"***"}],"amount":12.50}"#,
    ),
    (
        "/form/body",
        "grant_type=authorization_code&code=***&client_secret=***",
    ),
    ("/encodedForm/body", "YT0xJnBhc3N3b3JkPSoqKg=="),
    ("/edge/headers/authorization/0/value", "***"),
    ("/message/body", r#"{"headers":{"Authorization":"***"}}"#),
    ("/note", "the header was Bearer *** and the token ***"),
    ("/key", "***"),
    ("/basic", "***"),
];

fn event() -> Value {
    json!({
        "headers": {
            "authorization": "Bearer PLANTED", "proxy-authorization": "Basic PLANTED", "cookie": "id=PLANTED",
            "x-api-key": "PLANTED", "x-auth-token": "PLANTED", "private-token": "PLANTED",
            "x-amz-security-token": "PLANTED", "x-amzn-oidc-accesstoken": "PLANTED", "x-amzn-oidc-data": "PLANTED",
            "x-forwarded-access-token": "PLANTED", "x-hub-signature-256": "sha256=PLANTED", "x-session-id": "PLANTED",
            "client-assertion": "PLANTED", "sec-websocket-protocol": "chat, PLANTED", "x-forwarded-user": JWT,
            "x-upstream": "Bearer PLANTED", "referer": "https://a.example.com/cb?code=PLANTED&state=s",
            "location": "https://a.example.com/#id_token=PLANTED",
            "x-database": "postgres://stat:PLANTED@db.example.com/stat",
        },
        "multiValueHeaders": {"Set-Cookie": ["id=PLANTED"], "X-Auth-Token": ["", "PLANTED"]},
        "cookies": ["id=PLANTED"],
        "rawQueryString":
            "page=2&code=PLANTED&password=PLANTED&X-Amz-Signature=PLANTED&to=https%3A%2F%2Fu%3APLANTED%40h",
        "queryStringParameters": {
            "code": "PLANTED", "password": "PLANTED", "clientSecret": "PLANTED", "sig": "PLANTED",
            "redirect": "https%3A%2F%2Fa%3Faccess_token%3DPLANTED",
        },
        "multiValueQueryStringParameters": {"id_token": ["PLANTED"]},
        "pathParameters": {"resetToken": "PLANTED"},
        "rawPath": "/reset/PLANTED/confirm",
        "stageVariables": {"dbPassword": "PLANTED"},
        "requestContext": {
            "http": {"method": "POST"},
            "authorizer": {"lambda": {"tenant": "PLANTED"}, "jwt": {"claims": {"email": "PLANTED"}}},
            "identity": {"apiKey": "PLANTED", "accessKey": "PLANTED"},
        },
        "body": r#"{"user":"u","password":"PLANTED","nested":[{"privateKey":"PLANTED"}],"amount":12.50}"#,
        "form": {"body": "grant_type=authorization_code&code=PLANTED&client_secret=PLANTED"},
        // a=1&password=PLANTED
        "encodedForm": {"body": "YT0xJnBhc3N3b3JkPVBMQU5URUQ=", "isBase64Encoded": true},
        "edge": {"headers": {"authorization": [{"key": "Authorization", "value": "Bearer PLANTED"}]}},
        "message": {"body": r#"{"headers":{"Authorization":"PLANTED"}}"#},
        "note": format!("the header was Bearer PLANTED-1234 and the token {JWT}"),
        "key": "-----BEGIN RSA PRIVATE KEY-----\nPLANTED\n-----END RSA PRIVATE KEY-----",
        // user:PLANTED
        "basic": "Basic dXNlcjpQTEFOVEVE",
    })
}

#[tokio::test]
async fn none_is_echoed() {
    let function = Setup::new().await;
    let planted = event();
    let echo = body(&function.invoke(&planted).await);
    let mut table = vec![format!("{:<46} {:<72} echo", "place", "planted")];
    for (place, expected) in PLACES {
        let shown = echo["event"].pointer(place).unwrap().as_str().unwrap();
        assert_eq!(shown, expected, "{place}");
        let planted = planted.pointer(place).unwrap().as_str().unwrap();
        table.push(format!("{place:<46} {:<72} {shown}", planted.replace('\n', " ")));
    }
    #[expect(clippy::print_stdout, reason = "the table of the test")]
    {
        println!("{}", table.join("\n"));
    }
    let text = echo.to_string();
    for secret in ["PLANTED", "UExBTlRFR", "QTEFOVEVE", "VBMQU5URUQ", JWT] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
