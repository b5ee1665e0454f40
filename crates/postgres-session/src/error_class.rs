//! Classes of errors, by SQLSTATE (PostgreSQL's manual, appendix "PostgreSQL Error Codes").

use tokio_postgres::error::SqlState;

/// Returns whether the database rejected the data of a statement, so that the same statement fails again:
/// SQLSTATE classes 21 to 23 (cardinality, data, integrity), 54 (a limit of the database) and P0 (raised by
/// a trigger).
///
/// Any other error, such as a lost connection, a deadlock, a full disk or a missing right, is no fault of
/// the data: the statement may succeed later.
pub fn is_rejected_data(error: &tokio_postgres::Error) -> bool {
    let classes = ["21", "22", "23", "54", "P0"];
    error
        .code()
        .is_some_and(|state| classes.iter().any(|class| state.code().starts_with(class)))
}

/// Returns whether the server refused the password.
pub(crate) fn is_refused_password(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<tokio_postgres::Error>()
        .and_then(tokio_postgres::Error::code)
        .is_some_and(|code| *code == SqlState::INVALID_PASSWORD)
}

/// Returns whether the server refused the user: RDS reports a refused IAM token as a failure of PAM.
pub(crate) fn is_refused_sign_in(error: &anyhow::Error) -> bool {
    let code = error
        .downcast_ref::<tokio_postgres::Error>()
        .and_then(tokio_postgres::Error::code);
    code.is_some_and(|code| code.code().starts_with("28"))
}

/// Returns whether the error of a connection came from the server or from its certificate, and not from a host that
/// cannot be reached or a server that accepts no connections at the moment.
pub fn is_answer_of_the_server(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    let Some(error) = causes.find_map(|cause| cause.downcast_ref::<tokio_postgres::Error>()) else {
        return false;
    };
    match error.code() {
        // 53: too many connections; 57: starting up or shutting down.
        Some(code) => !["53", "57"].iter().any(|class| code.code().starts_with(class)),
        None => error.to_string().contains("TLS"),
    }
}
