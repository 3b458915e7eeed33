//! Any bytes as a source: every record is a report within the limits or a rejection that says where.
#![no_main]

use laennec::source::{self, Options};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder").keep());

const NAMES: [&str; 6] = ["in.jsonl", "in.csv", "in.jsonl.gz", "in.jsonl.zst", "in.csv.gz", "notes/in.txt"];

// The first byte chooses the format; the rest is the file.
fuzz_target!(|data: &[u8]| {
    let Some((&kind, content)) = data.split_first() else { return };
    let name = NAMES[kind as usize % NAMES.len()];
    let file = FOLDER.join(name);
    let parent = file.parent().expect("the file is in a folder");
    std::fs::create_dir_all(parent).expect("the folder can be made");
    std::fs::write(&file, content).expect("the file can be written");
    let path = if name.ends_with(".txt") { parent } else { &file };
    let options = Options { max_document_bytes: 4096, keep_source_fields: kind >= 128 };
    let Ok(records) = source::open(path.to_str().expect("UTF-8"), &options) else { return };
    for record in records.map_while(Result::ok) {
        match record.read(&options) {
            Ok(received) => {
                assert!(!received.document.id.is_empty() && received.document.id.chars().count() <= 255);
                assert!(received.document.text.len() <= options.max_document_bytes);
                assert!(!received.document.text.contains('\0'));
            }
            Err(rejection) => assert!(rejection.origin.line > 0 && !rejection.reason.code().is_empty()),
        }
    }
});
