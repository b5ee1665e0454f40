//! moto, through the requests that tests use.

use local_stack::Moto;
use serde_json::json;

#[tokio::test]
async fn keeps_objects_under_keys_in_any_script() {
    let moto = Moto::start().await.unwrap();
    moto.create_bucket("bucket").await.unwrap();
    let keys = ["a/b & <c>.txt", "보고서/2026 10.csv"];
    for key in keys {
        moto.put_object("bucket", key, "내용").await.unwrap();
    }
    assert_eq!(moto.objects("bucket").await.unwrap(), keys);
    assert_eq!(
        moto.object("bucket", keys[1]).await.unwrap(),
        Some("내용".as_bytes().to_vec())
    );
    assert_eq!(moto.object("bucket", "none").await.unwrap(), None);
    moto.shutdown().await;
}

#[tokio::test]
async fn a_topic_returns_all_notifications_each_time() {
    let moto = Moto::start().await.unwrap();
    let topic = moto.create_topic("report").await.unwrap();
    assert_eq!(topic.arn, "arn:aws:sns:ap-northeast-2:123456789012:report");
    assert_eq!(topic.mails().await.unwrap(), []);

    let published = reqwest::Client::new()
        .post(moto.endpoint())
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=x/20260101/ap-northeast-2/sns/aws4_request, Signature=x",
        )
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "Action=Publish&TopicArn={}&Subject=Monthly&Message=done%20%26%20dusted\
             &MessageAttributes.entry.1.Name=run_id&MessageAttributes.entry.1.Value.DataType=String\
             &MessageAttributes.entry.1.Value.StringValue=r1",
            topic.arn
        ))
        .send()
        .await
        .unwrap();
    let response = published.text().await.unwrap();

    for _ in 0..2 {
        let [mail] = topic.mails().await.unwrap().try_into().unwrap();
        assert_eq!(
            (mail.subject.as_str(), mail.text.as_str()),
            ("Monthly", "done & dusted")
        );
        assert_eq!(mail.attributes["run_id"], "r1");
        assert!(
            response.contains(&format!("<MessageId>{}</MessageId>", mail.message_id)),
            "{response}"
        );
    }
}

#[tokio::test]
async fn a_secret_can_be_updated() {
    let moto = Moto::start().await.unwrap();
    for value in ["old", "new"] {
        moto.put_secret("token", value).await.unwrap();
        let secret = moto
            .json(
                "secretsmanager",
                "secretsmanager.GetSecretValue",
                &json!({"SecretId": "token"}),
            )
            .await
            .unwrap();
        assert_eq!(secret["SecretString"], value);
    }
}
