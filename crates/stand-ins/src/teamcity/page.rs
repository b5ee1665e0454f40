use local_stack::Fault;

/// Returns the response of a servlet container to a path outside of TeamCity's.
pub fn not_found_page() -> Fault {
    Fault::respond(404, NOT_FOUND_PAGE)
}

pub(super) const NOT_FOUND_PAGE: &str = "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 – Not Found</title>\
    <style type=\"text/css\">body {font-family:Tahoma,Arial,sans-serif;} h1, h2, h3, b {color:white;background-color:#525D76;}\
    </style></head><body><h1>HTTP Status 404 – Not Found</h1><hr class=\"line\" /><p><b>Type</b> Status Report</p>\
    <p><b>Description</b> The origin server did not find a current representation for the target resource.</p></body></html>";

/// Returns TeamCity's page while it is upgraded.
pub fn maintenance() -> Fault {
    let page = "<!DOCTYPE html><html><head><title>TeamCity Maintenance &mdash; TeamCity</title>\
        <style>.maintenance > h1 { color: #1f2326; margin: 0 }</style>\
        <script>BS.Maintenance = { check: function() { return 1 < 2; } };</script></head>\
        <body><div class=\"maintenance\"><h1>TeamCity is starting</h1><p>Please wait.</p></div></body></html>";
    Fault::respond(503, page)
}

/// Returns the page on which a proxy asks for a sign-in.
pub fn login_page() -> Fault {
    let page = "<html><head><title>Log in to TeamCity &ndash; TeamCity</title><style>#loginPage { display: none }</style>\
        </head><body><h1>Log in to TeamCity</h1><form><input name=\"password\"></form></body></html>";
    Fault::respond(200, page)
}

/// Returns a redirect.
pub fn redirect(status: u16, location: &str) -> Fault {
    Fault::Respond {
        status,
        headers: vec![("location".to_owned(), location.to_owned())],
        body: String::new(),
    }
}
