//! What storage servers answer: lists, rules and refusals as XML, policies and B2's API as JSON.

use horde_validator::objects::{
    AccessBlock, Lifecycle, ObjectsError, Page, b2_server, is_public_read, public_read_policy,
};
use horde_validator::settings::BucketName;

use super::assert_line;

const REGION: &str = "eu-west-1";

fn bucket() -> BucketName {
    "prompts".parse().expect("a name")
}

/// One answer, taken for each of those that may come.
pub(super) fn answer(input: &[u8]) {
    let refused = ObjectsError::refused("s3.example".to_owned(), "try", 400, input);
    assert_line(&refused.to_string());
    let _ = (refused.is_passing(), refused.advice());
    let Ok(xml) = std::str::from_utf8(input) else {
        return;
    };
    let fits = |texts: usize| assert!(texts <= xml.len(), "more is read than is there");
    if let Ok(page) = Page::of_objects(xml) {
        fits(page.entries.iter().map(|entry| entry.key.len()).sum());
    }
    if let Ok(page) = Page::of_uploads(xml) {
        fits(
            page.entries
                .iter()
                .map(|one| one.key.len() + one.id.len())
                .sum(),
        );
    }
    let _ = (Lifecycle::parse(xml), AccessBlock::parse(xml));
    if is_public_read(xml, &bucket(), REGION) {
        assert!(xml.contains("prompts") && xml.contains("Allow"));
    }
}

pub(super) fn answer_seeds() -> Vec<Vec<u8>> {
    let policy = public_read_policy(&bucket(), REGION).to_string();
    let texts = [
        "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <IsTruncated>true</IsTruncated><NextContinuationToken>x&amp;y</NextContinuationToken>\
         <Contents><Key>a&#x41;&#66;</Key><LastModified>2024-01-02T03:04:05.678Z</LastModified>\
         <Size>5</Size></Contents></ListBucketResult>",
        "<ListMultipartUploadsResult><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>i\
         </NextUploadIdMarker><IsTruncated>true</IsTruncated><Upload><Key>a</Key><UploadId>1\
         </UploadId><Initiated>2024-01-02T03:04:05Z</Initiated></Upload>\
         </ListMultipartUploadsResult>",
        "<LifecycleConfiguration><Rule><ID>horde-expire</ID><Filter><Prefix></Prefix></Filter>\
         <Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule>\
         </LifecycleConfiguration>",
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
         <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy>\
         <RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
        "<Error><Code>NoSuchBucket</Code><Message>The bucket &lt;x&gt; does not exist\u{7f}\
         </Message></Error>",
        policy.as_str(),
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

pub(super) fn b2(input: &[u8]) {
    for status in [200, 401] {
        match b2_server("https://b2.example".to_owned(), status, input) {
            Ok((endpoint, region)) => {
                assert_eq!(status, 200);
                assert!(endpoint.len() <= input.len() && region.len() <= endpoint.len().max(9));
            }
            Err(error) => assert_line(&error.to_string()),
        }
    }
}

pub(super) fn b2_seeds() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"apiInfo": {"storageApi": {"s3ApiUrl": "https://s3.us-west-002.backblazeb2.com"}}}"#,
        r#"{"s3ApiUrl": "https://s3.us-west-002.backblazeb2.com", "allowed": {"bucketId": null}}"#,
        r#"{"code": "unauthorized", "message": "a\nb", "status": 401}"#,
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}
