//! The two actions of AWS's query protocol that the function calls: IAM's `GetRole` and SNS's `Publish`.

use std::collections::BTreeMap;
use std::time::Instant;

use local_stack::moto::ACCOUNT;
use url::form_urlencoded;

use super::state::State;
use super::{AwsError, ReceivedRequest};

impl State {
    /// Carries out the action of a form, and returns XML.
    pub(super) fn query(&mut self, body: &[u8]) -> Result<String, AwsError> {
        let parameters: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let parameter = |name: &str| parameters.get(name).cloned().unwrap_or_default();
        self.received.push(ReceivedRequest {
            at: Instant::now(),
            operation: parameter("Action"),
            is_write: parameter("Action") == "Publish",
            was_throttled: false,
        });
        match parameter("Action").as_str() {
            "GetRole" => self.get_role(&parameter("RoleName")),
            "Publish" => {
                self.published.push((parameter("Subject"), parameter("Message")));
                Ok(response("Publish", "<MessageId>m-1</MessageId>"))
            }
            action => Err(AwsError::new(400, "InvalidAction", action)),
        }
    }

    fn get_role(&self, name: &str) -> Result<String, AwsError> {
        let Some(service) = self.roles.get(name) else {
            let message = format!("The role with name {name} cannot be found.");
            return Err(AwsError::new(404, "NoSuchEntity", &message));
        };
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        let policy: String = form_urlencoded::byte_serialize(policy.as_bytes()).collect();
        let role = format!(
            "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROAEXAMPLE</RoleId>\
             <Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>{policy}</AssumeRolePolicyDocument></Role>"
        );
        Ok(response("GetRole", &role))
    }
}

fn response(action: &str, result: &str) -> String {
    format!(
        "<{action}Response><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{action}Response>"
    )
}

impl AwsError {
    /// Returns the error as XML.
    pub(super) fn xml(&self) -> String {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>r-1</RequestId></ErrorResponse>",
            self.code, self.message
        )
    }
}
