use wacore::download::MediaType;
use whatsapp_rust::download::DownloadParams;

use super::upload::token_of;
use super::*;

fn stores() -> (tempfile::TempDir, [MediaStore; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let stores = [None, Some(directory.path())].map(|path| MediaStore::open(path, "host".to_owned()).unwrap());
    (directory, stores)
}

fn params(uploaded: &Uploaded, kind: MediaType) -> DownloadParams {
    DownloadParams::encrypted(
        uploaded.direct_path.clone(),
        &uploaded.media_key,
        &uploaded.file_sha256,
        &uploaded.file_enc_sha256,
        uploaded.file_length,
        kind,
    )
}

#[test]
fn a_phone_reads_what_a_phone_uploaded_until_somebody_changes_a_word_of_it() {
    let (_directory, stores) = stores();
    for store in stores {
        for content in [&b""[..], b"one", &vec![7; 100_000]] {
            let uploaded = store.phone_uploads(content, MediaType::Video).unwrap();
            assert_eq!(uploaded.url, format!("https://host{}", uploaded.direct_path));
            assert_eq!(store.phone_downloads(&params(&uploaded, MediaType::Video)).unwrap(), content);
            let of_another_kind = params(&uploaded, MediaType::Image);
            assert!(matches!(store.phone_downloads(&of_another_kind), Err(MediaError::Corrupt)));
            let longer =
                DownloadParams { file_length: uploaded.file_length + 1, ..params(&uploaded, MediaType::Video) };
            assert!(matches!(store.phone_downloads(&longer), Err(MediaError::Corrupt)));
        }
    }
}

#[test]
fn an_upload_that_broke_off_goes_on_where_it_ended() {
    let (_directory, stores) = stores();
    for store in stores {
        let token = token_of(b"half and half");
        let mut upload = store.begin(&token, 0).unwrap();
        upload.write(b"half ").unwrap();
        drop(upload);
        assert_eq!((store.interrupted_at(&token), store.uploaded(&token)), (Some(5), None));
        assert!(matches!(store.begin(&token, 4), Err(MediaError::BadOffset)));
        let mut upload = store.begin(&token, 5).unwrap();
        upload.write(b"and half").unwrap();
        let path = upload.finish().unwrap();
        assert_eq!((store.interrupted_at(&token), store.uploaded(&token)), (None, Some(path.clone())));
        assert_eq!(store.read(&path).unwrap().1, 13);
        assert_eq!(store.lock().used, 13);
    }
}

#[test]
fn what_does_not_have_its_hash_is_refused_and_leaves_nothing() {
    let (directory, stores) = stores();
    for store in stores {
        let mut upload = store.begin(&token_of(b"this"), 0).unwrap();
        upload.write(b"that").unwrap();
        assert!(matches!(upload.finish(), Err(MediaError::Mismatch)));
        for name in ["", "../../etc/passwd", &"A".repeat(42), &"A".repeat(44), &"/".repeat(43)] {
            assert!(matches!(store.begin(name, 0), Err(MediaError::BadToken)), "{name}");
        }
        assert_eq!(store.lock().used, 0);
    }
    assert_eq!(fs::read_dir(directory.path().join(FOLDER)).unwrap().count(), 0);
}

#[test]
fn an_expired_blob_is_published_again_under_another_path() {
    let (_directory, stores) = stores();
    for store in stores {
        let first = store.store(b"content").unwrap();
        assert_eq!(store.store(b"content").unwrap(), first, "the same bytes are the same blob");
        let picture = store.store_picture(b"face").unwrap();
        assert_eq!(store.expire(None).unwrap(), 1);
        assert!(matches!(store.expire(Some(&first)), Err(MediaError::Missing)));
        assert!(matches!(store.read(&first), Err(MediaError::Missing)));
        assert!(store.read(&picture).is_ok(), "pictures do not expire");
        let second = store.publish(&token_of(b"content")).unwrap();
        assert_ne!(second, first);
        assert!(store.read(&second).is_ok());
        assert!(matches!(store.read(&first), Err(MediaError::Missing)));
    }
}

#[test]
fn files_come_back_after_a_restart_and_unfinished_ones_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let open = || MediaStore::open(Some(directory.path()), "host".to_owned()).unwrap();
    let store = open();
    let (public, expired) = (store.store(b"public").unwrap(), store.store(b"expired").unwrap());
    let (shown, forgotten) = (store.store_picture(b"shown").unwrap(), store.store_picture(b"forgotten").unwrap());
    store.expire(Some(&expired)).unwrap();
    let mut half = store.begin(&token_of(b"whole"), 0).unwrap();
    half.write(b"wh").unwrap();
    drop(half);
    drop(store);
    fs::write(directory.path().join(FOLDER).join("killed.tmp"), b"wh").unwrap();
    let store = open();
    store.keep_pictures(|path| path == shown);
    assert!(store.read(&public).is_ok() && store.read(&shown).is_ok());
    assert!(store.read(&expired).is_err() && store.read(&forgotten).is_err());
    assert!(store.publish(&token_of(b"expired")).is_ok());
    assert_eq!(store.lock().used, 6 + 7 + 5);
    assert_eq!(fs::read_dir(directory.path().join(FOLDER)).unwrap().count(), 3);
}

#[test]
fn the_oldest_go_when_the_room_ends() {
    let store = MediaStore::default();
    let (first, second) = (store.store(b"first").unwrap(), store.store(b"second").unwrap());
    let picture = store.store_picture(b"face").unwrap();
    store.reserve(MAX_IN_MEMORY - 10).unwrap();
    assert!(store.read(&first).is_err() && store.read(&second).is_ok() && store.read(&picture).is_ok());
    assert!(matches!(store.reserve(MAX_IN_MEMORY), Err(MediaError::Full)));
    assert!(store.read(&second).is_err() && store.read(&picture).is_ok());
}
