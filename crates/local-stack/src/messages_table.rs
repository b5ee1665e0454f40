use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Moto;

/// Table of `codebuild-slack` in moto's DynamoDB, with the keys and the index that its template gives it.
#[derive(Debug, Clone)]
pub struct MessagesTable {
    moto: Moto,
    /// Name for `MESSAGES_TABLE`.
    pub name: String,
}

impl MessagesTable {
    /// Creates a table.
    pub async fn create(moto: &Moto, name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let table = json!({
            "TableName": name,
            "KeySchema": [{"AttributeName": "build_id", "KeyType": "HASH"}],
            "AttributeDefinitions": [
                {"AttributeName": "build_id", "AttributeType": "S"},
                {"AttributeName": "state", "AttributeType": "S"},
                {"AttributeName": "expires_at", "AttributeType": "N"},
            ],
            "GlobalSecondaryIndexes": [{
                "IndexName": "unfinished",
                "KeySchema": [
                    {"AttributeName": "state", "KeyType": "HASH"},
                    {"AttributeName": "expires_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        moto.json("dynamodb", "DynamoDB_20120810.CreateTable", &table)
            .await?;
        Ok(Self {
            moto: moto.clone(),
            name,
        })
    }

    /// Reads all items, each attribute with its type.
    pub async fn items(&self) -> Result<Vec<Value>> {
        let (mut items, mut scan) = (Vec::new(), json!({"TableName": self.name}));
        loop {
            let page = self
                .moto
                .json("dynamodb", "DynamoDB_20120810.Scan", &scan)
                .await?;
            let found = page["Items"].as_array().context("a page without items")?;
            items.extend(found.iter().cloned());
            let Some(last) = page.get("LastEvaluatedKey") else {
                return Ok(items);
            };
            scan["ExclusiveStartKey"] = last.clone();
        }
    }
}
