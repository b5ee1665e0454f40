//! The cause of a rejected request that TeamCity's own message leaves open, and its remedy.

use url::Url;

use super::error_body::ErrorBody;

/// Returns the cause in parentheses, or nothing. `rest` is the address of the REST API, and `location` the target of a
/// redirect.
pub(super) fn hint(status: u16, body: &ErrorBody, rest: &Url, location: Option<&str>) -> String {
    let hint = match status {
        300..=399 => redirect(rest, location),
        401 => Some("the token is not valid".to_owned()),
        403 => Some(forbidden(&body.message)),
        404 if !body.is_rest => Some(format!(
            "no TeamCity REST API at {rest}, TEAMCITY_URL may lack a path such as /teamcity"
        )),
        404 => Some("the build configuration does not exist, or the token may not see it".to_owned()),
        _ => None,
    };
    hint.map(|hint| format!(" ({hint})")).unwrap_or_default()
}

fn redirect(rest: &Url, location: Option<&str>) -> Option<String> {
    let mut target = rest.join(location?).ok()?;
    // A query may hold a session or a return address with secrets.
    target.set_query(None);
    target.set_fragment(None);
    target.set_username("").ok();
    target.set_password(None).ok();
    let path = target.path().to_owned();
    if let Some(end) = path.find("/app/rest") {
        target.set_path(&path[..end]);
        let base = target.as_str().trim_end_matches('/');
        return Some(format!(
            "it redirects to {base}; set TEAMCITY_URL to that address"
        ));
    }
    let address = target.as_str().to_lowercase();
    let is_login = ["login", "signin", "auth", "sso", "saml"]
        .iter()
        .any(|word| address.contains(word));
    Some(match is_login {
        true => format!(
            "it redirects to {target}, a login page; TEAMCITY_URL must lead to TeamCity itself, without a sign-in before it"
        ),
        false => format!("it redirects to {target}; set TEAMCITY_URL to the address of TeamCity itself"),
    })
}

fn forbidden(message: &str) -> String {
    let permission = message
        .split_once("do not have \"")
        .and_then(|(_, after)| after.split_once('"'))
        .map(|(permission, _)| permission);
    match permission {
        Some("Comment build") => {
            "grant \"Comment build\" to the token's role in that project, or set BUILD_COMMENT to \
                                  an empty text"
                .to_owned()
        }
        Some(permission) => format!("grant \"{permission}\" to the token's role in that project"),
        None if message.contains("CSRF") => "TeamCity took the request for one of a browser".to_owned(),
        None => "the token lacks a permission".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::teamcity::error_body;

    #[track_caller]
    fn check(status: u16, body: &str, location: Option<&str>, expected: &str) {
        let rest = Url::parse("http://ci.example.com/app/rest").expect("a good address");
        let hint = hint(status, &error_body::read(body), &rest, location);
        assert_eq!(hint, expected);
    }

    #[test]
    fn a_redirect_names_its_target_without_its_query() {
        let target = "https://ci.example.com/teamcity/app/rest/buildQueue?session=secret";
        check(
            301,
            "",
            Some(target),
            " (it redirects to https://ci.example.com/teamcity; set TEAMCITY_URL to that address)",
        );
        check(
            302,
            "",
            Some("/login.html?back=x"),
            " (it redirects to http://ci.example.com/login.html, a login page; TEAMCITY_URL must lead to TeamCity itself, \
             without a sign-in before it)",
        );
        check(
            307,
            "",
            Some("https://ci.example.com/"),
            " (it redirects to https://ci.example.com/; set TEAMCITY_URL to the address of TeamCity itself)",
        );
        check(302, "", None, "");
    }

    #[test]
    fn a_404_of_another_server_is_about_the_address() {
        let expected = " (no TeamCity REST API at http://ci.example.com/app/rest, TEAMCITY_URL may lack a path such as /teamcity)";
        check(404, "<html><title>HTTP Status 404</title></html>", None, expected);
        check(404, "404 page not found", None, expected);
        check(404, "", None, expected);
        let rest = r#"{"errors":[{"message":"No build type nor template is found by id 'X'."}]}"#;
        check(
            404,
            rest,
            None,
            " (the build configuration does not exist, or the token may not see it)",
        );
    }

    #[test]
    fn a_403_names_the_permission_and_the_remedy() {
        let body = |permission| {
            format!(
                r#"{{"errors":[{{"message":"You do not have \"{permission}\" permission in project X"}}]}}"#
            )
        };
        let expected = " (grant \"Run build\" to the token's role in that project)";
        check(403, &body("Run build"), None, expected);
        let expected = " (grant \"Comment build\" to the token's role in that project, or set BUILD_COMMENT to an empty text)";
        check(403, &body("Comment build"), None, expected);
        check(403, "no", None, " (the token lacks a permission)");
    }
}
