//! The operations that the host asks for, by `s3s-fs`. That keeps two small files beside each object, named after its key, and leaves them
//! and empty folders behind when the object goes; here they go with it, since the key names a session and a chat.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput,
    HeadBucketInput, HeadBucketOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use tokio::fs;

/// A folder as buckets.
pub(super) struct Store {
    files: FileSystem,
    folder: PathBuf,
}

impl Store {
    pub(super) fn open(folder: &Path) -> Result<Self, s3s_fs::Error> {
        Ok(Self { files: FileSystem::new(folder)?, folder: folder.to_owned() })
    }

    /// Removes what stays of an erased object.
    async fn tidy(&self, bucket: &str, key: &str) {
        for name in beside(bucket, key) {
            gone(fs::remove_file(self.folder.join(name)).await);
        }
        let bucket = self.folder.join(bucket);
        let object = bucket.join(key);
        for folder in object.ancestors().skip(1).take_while(|folder| *folder != bucket && folder.starts_with(&bucket)) {
            // It is not empty, or somebody was quicker.
            if fs::remove_dir(folder).await.is_err() {
                break;
            }
        }
    }
}

/// The names of what lies beside an object.
fn beside(bucket: &str, key: &str) -> [String; 2] {
    let (bucket, key) = (URL_SAFE_NO_PAD.encode(bucket), URL_SAFE_NO_PAD.encode(key));
    ["internal", "metadata"].map(|what| format!(".bucket-{bucket}.object-{key}.{what}.json"))
}

fn gone(removed: std::io::Result<()>) {
    if let Err(error) = removed
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "what lies beside an erased file stays");
    }
}

#[async_trait]
impl S3 for Store {
    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        self.files.create_bucket(request).await
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.files.put_object(request).await
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.files.get_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
        let answer = self.files.delete_object(request).await?;
        self.tidy(&bucket, &key).await;
        Ok(answer)
    }
}
