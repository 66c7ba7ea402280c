//! The bucket that media goes to, over the S3 protocol. It owns the connection and the bucket's existence.

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;

use crate::config::{InvalidSetting, invalid};

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

/// The bucket cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the media bucket cannot be used: {0}")]
pub struct MediaUnavailable(String);

/// The bucket.
#[derive(Clone)]
pub struct Media {
    client: Client,
    bucket: String,
}

impl Media {
    /// Connects, and creates the bucket when it does not exist.
    pub async fn connect(config: &S3Config) -> Result<Self, MediaUnavailable> {
        let credentials = Credentials::new(&config.access_key, &config.secret_key, None, None, "settings");
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&config.endpoint)
            .region(Region::new(config.region.clone()))
            .credentials_provider(credentials)
            .force_path_style(true)
            .build();
        let media = Self { client: Client::from_conf(settings), bucket: config.bucket.clone() };
        if !media.exists().await? {
            let created = media.client.create_bucket().bucket(&media.bucket).send().await;
            created.map_err(|error| MediaUnavailable(DisplayErrorContext(&error).to_string()))?;
        }
        Ok(media)
    }

    /// Whether the bucket is there.
    pub async fn exists(&self) -> Result<bool, MediaUnavailable> {
        match self.client.head_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => Ok(false),
            Err(error) => Err(MediaUnavailable(DisplayErrorContext(&error).to_string())),
        }
    }
}
