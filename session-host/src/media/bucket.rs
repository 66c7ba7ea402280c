//! The bucket, over the S3 protocol. It owns the connection, its limits of time, and the bucket's existence. Files pass through in
//! pieces, in both directions.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::primitives::{ByteStream, FsBuilder, Length};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::config::{InvalidSetting, invalid};

/// Time to reach the server.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Longest silence of the server while it is asked.
const SILENCE: Duration = Duration::from_secs(30);

/// Longest time of one request: the largest file over a slow line.
const REQUEST_WITHIN: Duration = Duration::from_mins(15);

/// Attempts to store a file before it is fetched again later.
const PUT_ATTEMPTS: usize = 3;

/// Objects erased at once: round trips overlap, and readers find the server free.
const ERASURES_AT_ONCE: usize = 8;

/// Where the bucket is.
#[derive(Clone)]
pub struct S3Config {
    /// `S3_ENDPOINT`: the server.
    pub endpoint: String,
    /// `S3_BUCKET`.
    pub bucket: String,
    /// `S3_REGION`.
    pub region: String,
    /// `S3_ACCESS_KEY`.
    pub access_key: String,
    /// `S3_SECRET_KEY`.
    pub secret_key: String,
}

impl S3Config {
    pub(crate) fn from_env(get: &impl Fn(&str) -> Option<String>) -> Result<Option<Self>, InvalidSetting> {
        let Some(endpoint) = get("S3_ENDPOINT") else { return Ok(None) };
        let (Some(access_key), Some(secret_key)) = (get("S3_ACCESS_KEY"), get("S3_SECRET_KEY")) else {
            return Err(invalid("S3_ENDPOINT", "needs S3_ACCESS_KEY and S3_SECRET_KEY"));
        };
        Ok(Some(Self {
            endpoint,
            bucket: get("S3_BUCKET").unwrap_or_else(|| "chatery-media".to_owned()),
            region: get("S3_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
            access_key,
            secret_key,
        }))
    }
}

/// The bucket did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// It has no such object.
    #[error("there is no such object")]
    Missing,
    /// It cannot be reached, or refuses.
    #[error("the media bucket cannot be used: {0}")]
    Unavailable(String),
    /// The file to be stored cannot be read.
    #[error("the file cannot be read: {0}")]
    Disk(#[from] std::io::Error),
}

fn unavailable<E: std::error::Error + Send + Sync + 'static, R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<E, R>,
) -> BucketError {
    BucketError::Unavailable(DisplayErrorContext(error).to_string())
}

/// The bucket.
#[derive(Clone)]
pub(crate) struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The way to it; nothing is asked yet.
    pub(crate) fn new(config: &S3Config) -> Self {
        let credentials = Credentials::new(&config.access_key, &config.secret_key, None, None, "settings");
        let times = TimeoutConfig::builder()
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENCE)
            .operation_timeout(REQUEST_WITHIN)
            .build();
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&config.endpoint)
            .region(Region::new(config.region.clone()))
            .credentials_provider(credentials)
            .timeout_config(times)
            // Servers other than Amazon's know the newer checksums in different degrees.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(true)
            .build();
        Self { client: Client::from_conf(settings), name: config.bucket.clone() }
    }

    /// Looks whether the bucket is there, and creates it when it is not.
    pub(crate) async fn ensure(&self) -> Result<(), BucketError> {
        match self.client.head_bucket().bucket(&self.name).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => {
                let created = self.client.create_bucket().bucket(&self.name).send().await;
                created.map(drop).map_err(unavailable)
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Stores a file under a key, in place of what was there.
    pub(crate) async fn put(&self, key: &str, file: &File, size: u64, content_type: &str) -> Result<(), BucketError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut again = file.try_clone()?;
            again.seek(SeekFrom::Start(0))?;
            let body =
                FsBuilder::new().file(tokio::fs::File::from_std(again)).length(Length::Exact(size)).build().await;
            let body = body.map_err(std::io::Error::other)?;
            let length = i64::try_from(size).unwrap_or(i64::MAX);
            let put = self.client.put_object().bucket(&self.name).key(key).content_type(content_type);
            match put.content_length(length).body(body).send().await {
                Ok(_) => return Ok(()),
                Err(error) if attempt == PUT_ATTEMPTS => return Err(unavailable(error)),
                Err(error) => tracing::debug!(error = %DisplayErrorContext(&error), "a file is stored again"),
            }
        }
    }

    /// Reads an object, or the part of it from the first byte to the last.
    pub(crate) async fn get(&self, key: &str, part: Option<(u64, u64)>) -> Result<ByteStream, BucketError> {
        let range = part.map(|(first, last)| format!("bytes={first}-{last}"));
        match self.client.get_object().bucket(&self.name).key(key).set_range(range).send().await {
            Ok(object) => Ok(object.body),
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                Err(BucketError::Missing)
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Erases objects. Those that are not there are erased. One by one, since servers differ in what they ask for when it is a list.
    pub(crate) async fn erase(&self, keys: Vec<String>) -> Result<(), BucketError> {
        let erasures = stream::iter(keys.into_iter().map(|key| async move {
            self.client.delete_object().bucket(&self.name).key(key).send().await.map(drop).map_err(unavailable)
        }));
        erasures.buffer_unordered(ERASURES_AT_ONCE).try_collect().await
    }

    /// The keys that begin so, after one of them; as many as the server gives at once, and whether there are more.
    pub(crate) async fn list(&self, prefix: &str, after: Option<String>) -> Result<(Vec<String>, bool), BucketError> {
        let list = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).set_start_after(after);
        let page = list.send().await.map_err(unavailable)?;
        let keys = page.contents().iter().filter_map(|object| object.key()).map(str::to_owned).collect();
        Ok((keys, page.is_truncated().unwrap_or_default()))
    }
}
