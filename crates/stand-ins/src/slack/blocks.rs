use serde_json::Value;

/// Limit of all texts together; more is `msg_blocks_too_long`.
const ALL_TEXTS: usize = 13_200;

/// Checks blocks against Slack's limits.
///
/// # Errors
/// Returns Slack's error code, and the message and JSON pointer of `response_metadata.messages`.
pub(super) fn check(blocks: &Value) -> Result<(), (&'static str, String)> {
    let invalid = |place: String| ("invalid_blocks", place);
    let Some(list) = blocks.as_array() else {
        return Err((
            "invalid_blocks_format",
            "[ERROR] must be an array [json-pointer:/blocks]".to_owned(),
        ));
    };
    if list.len() > 50 {
        return Err(invalid(
            "[ERROR] no more than 50 items allowed [json-pointer:/blocks]".to_owned(),
        ));
    }
    let mut length = 0;
    for (number, block) in list.iter().enumerate() {
        length += check_block(block).map_err(|(path, fault)| {
            invalid(format!("[ERROR] {fault} [json-pointer:/blocks/{number}{path}]"))
        })?;
    }
    match length > ALL_TEXTS {
        true => Err(("msg_blocks_too_long", format!("{length} characters"))),
        false => Ok(()),
    }
}

/// JSON pointer and message.
type Violation = (String, String);

/// Returns the length of the block's texts.
fn check_block(block: &Value) -> Result<usize, Violation> {
    let fault = |fault: &str| Err((String::new(), fault.to_owned()));
    let fields = match block["type"].as_str() {
        Some("header") => {
            only(block, &["type", "block_id", "text"])?;
            return text(&block["text"], "/text", 150, &["plain_text"]);
        }
        Some("divider") => {
            only(block, &["type", "block_id"])?;
            return Ok(0);
        }
        Some("context") => {
            only(block, &["type", "block_id", "elements"])?;
            let elements = many(block, "elements", 10)?;
            return sum(elements, "elements", 2000);
        }
        Some("section") => {
            only(
                block,
                &["type", "block_id", "text", "fields", "accessory", "expand"],
            )?;
            block.get("fields")
        }
        _ => return fault("unsupported type"),
    };
    let mut length = 0;
    match (block.get("text"), fields) {
        (None, None) => return fault("missing required field: text or fields"),
        (some_text, some_fields) => {
            if let Some(value) = some_text {
                length += text(value, "/text", 3000, &["plain_text", "mrkdwn"])?;
            }
            if some_fields.is_some() {
                length += sum(many(block, "fields", 10)?, "fields", 2000)?;
            }
        }
    }
    Ok(length)
}

fn many<'b>(block: &'b Value, name: &str, most: usize) -> Result<&'b [Value], Violation> {
    let path = format!("/{name}");
    match block[name].as_array() {
        None => Err((path, "must be an array".to_owned())),
        Some(list) if list.is_empty() => Err((path, "no fewer than 1 items allowed".to_owned())),
        Some(list) if list.len() > most => Err((path, format!("no more than {most} items allowed"))),
        Some(list) => Ok(list),
    }
}

fn sum(texts: &[Value], name: &str, most: usize) -> Result<usize, Violation> {
    let mut length = 0;
    for (number, value) in texts.iter().enumerate() {
        length += text(
            value,
            &format!("/{name}/{number}"),
            most,
            &["plain_text", "mrkdwn"],
        )?;
    }
    Ok(length)
}

/// Checks a text object and returns its length in UTF-16 units, the strictest way of counting.
fn text(value: &Value, path: &str, most: usize, kinds: &[&str]) -> Result<usize, Violation> {
    let fault = |place: &str, fault: String| Err((format!("{path}{place}"), fault));
    let kind = value["type"].as_str().unwrap_or_default();
    if !kinds.contains(&kind) {
        return fault("/type", format!("must be one of: {}", kinds.join(", ")));
    }
    let allowed: &[&str] = match kind {
        "plain_text" => &["type", "text", "emoji"],
        _ => &["type", "text", "verbatim"],
    };
    only(value, allowed).map_err(|(_, said)| (path.to_owned(), said))?;
    let length = value["text"]
        .as_str()
        .map_or(0, |text| text.encode_utf16().count());
    if length == 0 {
        return fault("/text", "must be more than 0 characters".to_owned());
    }
    if length > most {
        return fault("/text", format!("must be less than {} characters", most + 1));
    }
    Ok(length)
}

fn only(value: &Value, allowed: &[&str]) -> Result<(), Violation> {
    let Some(fields) = value.as_object() else {
        return Err((String::new(), "must be an object".to_owned()));
    };
    match fields.keys().find(|name| !allowed.contains(&name.as_str())) {
        Some(name) => Err((String::new(), format!("invalid additional property: {name}"))),
        None => Ok(()),
    }
}
