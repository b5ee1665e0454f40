//! The smallest function with a database: signs in for every event and returns it.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio_postgres::NoTls;

#[tokio::main(flavor = "current_thread")]
#[allow(
    clippy::disallowed_methods,
    reason = "a program without a configuration of its own"
)]
async fn main() -> Result<(), Error> {
    let database = std::env::var("DATABASE_URL")?;
    let database = database.as_str();
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let (client, connection) = tokio_postgres::connect(database, NoTls).await?;
        let connection = tokio::spawn(connection);
        drop(client);
        connection.await??;
        Ok::<_, Error>(event.payload)
    }))
    .await
}
