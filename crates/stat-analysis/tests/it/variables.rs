//! The effects of the function's variables.

use serde_json::json;

use crate::setup::{add_text, october, results, rows, small_month};

#[tokio::test]
async fn reads_word_lists_from_a_file_and_from_s3() {
    let month = small_month().await;
    let file = std::env::temp_dir().join(format!("nightshift-words-{}.csv", uuid::Uuid::new_v4()));
    std::fs::write(&file, "안에서담배,NNG,-6000\n").unwrap();
    month
        .moto
        .put_object(&month.bucket, "words/stop.txt", "엘리베이터\n")
        .await
        .unwrap();
    let function = month
        .stat_analysis()
        .variable("USER_DICTIONARY", file.display().to_string())
        .variable("STOP_WORDS", format!("s3://{}/words/stop.txt", month.bucket));
    month.emulator.deploy(month.stat_prep());
    month.emulator.deploy(function);
    add_text(&month, "B1", "2026-10", "안에서담배 냄새").await;
    month.run(&october()).await.unwrap();
    let terms = rows(&month, "select term from stat_term where building_id = 'B1'")
        .await
        .join(" ");
    assert!(terms.contains("안에서담배"), "{terms}");
    assert!(!terms.contains("엘리베이터"), "{terms}");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_malformed_user_dictionary_fails_the_init_with_the_line_number() {
    let month = small_month().await;
    month
        .moto
        .put_object(&month.bucket, "words.csv", "공용부,NNG\n주차권,NOUN\n")
        .await
        .unwrap();
    let function = month
        .stat_analysis()
        .variable("USER_DICTIONARY", format!("s3://{}/words.csv", month.bucket));
    month.emulator.deploy(function);
    let outcome = month.emulator.invoke("stat-analysis", &json!({})).await.unwrap();
    let local_stack::Outcome::InitFailed(error) = outcome else {
        panic!("{outcome:?}")
    };
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("USER_DICTIONARY is malformed") && message.contains("line 2"),
        "{message}"
    );
}

#[tokio::test]
async fn a_missing_stop_word_list_fails_the_init_with_its_path() {
    let month = small_month().await;
    month
        .emulator
        .deploy(month.stat_analysis().variable("STOP_WORDS", "/nowhere/stop.txt"));
    let outcome = month.emulator.invoke("stat-analysis", &json!({})).await.unwrap();
    let local_stack::Outcome::InitFailed(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .contains("STOP_WORDS: could not read /nowhere/stop.txt"),
        "{error}"
    );
}

#[tokio::test]
async fn a_presigned_link_is_open_to_anybody_and_has_an_expiry() {
    let month = small_month().await;
    month.emulator.deploy(month.stat_prep());
    let function = month
        .stat_analysis()
        .variable("REPORT_LINK", "presigned")
        .variable("REPORT_LOCALE", "en");
    month.emulator.deploy(function);
    month.run(&october()).await.unwrap();
    let mail = month.topic.mails().await.unwrap().remove(0);
    assert_eq!(mail.subject, "2026-10: statistics by building");
    assert!(
        mail.text.contains("Anybody can open the links until 20") && mail.text.contains(" KST."),
        "{}",
        mail.text
    );
    let link = mail
        .text
        .lines()
        .find_map(|line| line.strip_prefix("CSV: "))
        .unwrap();
    assert!(
        link.contains("X-Amz-Signature=") && link.contains("X-Amz-Expires="),
        "{link}"
    );
    assert!(link.contains("/stat/2026-10-01-2026-10-31.csv?"), "{link}");
}

#[tokio::test]
async fn page_and_mail_show_terms_of_as_many_texts_as_configured() {
    let month = small_month().await;
    month.deploy();
    month.run(&october()).await.unwrap();
    // Three texts of B1 have 승강기, in two spellings. No other term stands in three texts of a building.
    let report = results(&month).await;
    assert!(report.html.contains("<span class=\"terms\">승강기</span>"));
    assert_eq!(report.html.matches("class=\"terms\"").count(), 1);
    assert!(report.csv.contains(",층간소음,2,2,"), "the CSV has all terms");
    month
        .emulator
        .deploy(month.stat_analysis().variable("REPORT_MIN_DOCUMENTS", "2"));
    month
        .run(&json!({"period": "2026-10", "force": true}))
        .await
        .unwrap();
    let html = results(&month).await.html;
    assert!(html.contains("[\"층간소음\",\"소음\",2,2,null]"), "{html}");
}

#[tokio::test]
async fn keeps_as_many_keywords_as_configured() {
    let month = small_month().await;
    month.emulator.deploy(month.stat_prep());
    month
        .emulator
        .deploy(month.stat_analysis().variable("KEYWORDS_PER_BUILDING", "2"));
    month.run(&october()).await.unwrap();
    let most = rows(
        &month,
        "select building_id, count(*) from stat_keyword group by 1",
    )
    .await;
    assert_eq!(most, ["(B1,2)", "(B2,2)", "(B3,2)", "(B4,2)"]);
}
