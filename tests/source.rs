//! Documents in: every format, every fault, and what faults must never do: take a neighbour along or quote a report.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use laennec::document::Document;
use laennec::source::{self, Options, Received, Rejection, SourceError};
use proptest::prelude::*;
use tempfile::TempDir;

/// Written inside faulty reports; must not come out in any message.
const SECRET: &str = "Zorglub";

struct Outcome {
    received: Vec<Received>,
    rejected: Vec<Rejection>,
    error: Option<SourceError>,
    bytes: u64,
}

impl Outcome {
    fn ids(&self) -> Vec<&str> {
        self.received.iter().map(|received| received.document.id.as_str()).collect()
    }

    fn codes(&self) -> Vec<&'static str> {
        self.rejected.iter().map(|rejection| rejection.reason.code()).collect()
    }

    fn lines(&self) -> Vec<u64> {
        self.rejected.iter().map(|rejection| rejection.origin.line).collect()
    }

    fn texts(&self) -> Vec<&str> {
        self.received.iter().map(|received| received.document.text.as_str()).collect()
    }
}

fn read(path: &Path, options: &Options) -> Outcome {
    let records = source::open(path.to_str().unwrap(), options).unwrap();
    let mut outcome = Outcome { received: vec![], rejected: vec![], error: None, bytes: 0 };
    for record in records {
        match record {
            Ok(record) => {
                outcome.bytes += record.bytes();
                match record.read(options) {
                    Ok(received) => outcome.received.push(received),
                    Err(rejection) => outcome.rejected.push(rejection),
                }
            }
            Err(error) => {
                assert!(outcome.error.is_none(), "the stream goes on after an error");
                outcome.error = Some(error);
            }
        }
    }
    assert_no_secret(&outcome);
    outcome
}

fn assert_no_secret(outcome: &Outcome) {
    for rejection in &outcome.rejected {
        for message in [rejection.to_string(), format!("{:?}", rejection.reason)] {
            assert!(!message.contains(SECRET), "{message}");
        }
    }
    if let Some(error) = &outcome.error {
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    }
}

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn read_bytes(name: &str, content: impl AsRef<[u8]>) -> Outcome {
    read_with(name, content, &Options::default())
}

fn read_with(name: &str, content: impl AsRef<[u8]>, options: &Options) -> Outcome {
    let folder = TempDir::new().unwrap();
    read(&file(&folder, name, content), options)
}

fn one(name: &str, content: impl AsRef<[u8]>) -> Received {
    let mut outcome = read_bytes(name, content);
    assert_eq!((outcome.received.len(), outcome.codes()), (1, vec![]), "{:?}", outcome.rejected);
    outcome.received.remove(0)
}

fn open_error(path: &str) -> String {
    match source::open(path, &Options::default()) {
        Ok(_) => panic!("{path} was opened"),
        Err(error) => error.to_string(),
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zst(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).unwrap()
}

// ---------------------------------------------------------------- JSON Lines

#[test]
fn jsonl_reads_every_field_in_both_spellings() {
    let short = r#"{"document_id":"d1","text":"Fœtus eutrophe.","patient_id":42,"document_date":"2024-03-12","document_type":"CRH","version":"3","visit_id":7,"title":"Compte rendu","birth_date":"2001-02-03","language":"fr","ward":"Pavillon B"}"#;
    let omop = r#"{"note_id":"d1","note_text":"Fœtus eutrophe.","person_id":"42","note_datetime":"2024-03-12T10:00:00","note_class":"CRH","version":3,"visit_occurrence_id":"7","note_title":"Compte rendu","birth_date":"2001-02-03","language":"fr","care_site":[1],"unit_name":"Pavillon B"}"#;
    let expected = Document {
        id: "d1".into(),
        version: 3,
        patient_id: Some("42".into()),
        visit_id: Some("7".into()),
        document_type: Some("CRH".into()),
        title: Some("Compte rendu".into()),
        ward: Some("Pavillon B".into()),
        date: Some(jiff::civil::date(2024, 3, 12)),
        birth_date: Some(jiff::civil::date(2001, 2, 3)),
        language: Some("fr".into()),
        text: "Fœtus eutrophe.".into(),
        source_fields: Default::default(),
    };
    for line in [short, omop] {
        let received = one("a.jsonl", line);
        assert_eq!(received.document, expected);
        assert_eq!((received.encoding, received.mojibake, received.origin.line), ("utf-8", false, 1));
    }
}

#[test]
fn jsonl_accepts_what_is_harmless() {
    let cases: &[(&str, &[u8])] = &[
        ("byte order mark", b"\xEF\xBB\xBF{\"document_id\":\"a\",\"text\":\"t\"}\n"),
        ("windows line end", b"{\"document_id\":\"a\",\"text\":\"t\"}\r\n"),
        ("no last newline", b"{\"document_id\":\"a\",\"text\":\"t\"}"),
        ("blank lines", b"\n \t\r\n{\"document_id\":\"a\",\"text\":\"t\"}\n\n\r\n"),
        ("integer identifier", b"{\"document_id\":18446744073709551615,\"text\":\"t\"}"),
        ("escapes", br#"{"document_id":"a","text":"\ud83d\ude00 \\ud800 \u00e9"}"#),
        ("equal spellings", br#"{"document_id":"5","note_id":5,"text":"t","note_text":"t"}"#),
        ("date and datetime", br#"{"note_id":1,"note_text":"t","note_date":"2024-03-12","note_datetime":"2024-03-12 23:59:59"}"#),
        ("null optional", br#"{"note_id":1,"note_text":"t","title":null,"note_title":"T","patient_id":null}"#),
        ("empty optional", br#"{"note_id":1,"note_text":"t","title":"","document_date":"","version":"","patient_id":""}"#),
        ("unknown fields", br#"{"note_id":1,"note_text":"t","x":{"a":1,"a":2},"y":[[[1]]],"z":"\ud800"}"#),
        ("255 characters", format!("{{\"note_id\":\"{}\",\"note_text\":\"t\"}}", "é".repeat(255)).leak().as_bytes()),
    ];
    for (name, content) in cases {
        let received = one("a.jsonl", content);
        assert!(!received.document.id.is_empty(), "{name}");
    }
    assert_eq!(one("a.jsonl", r#"{"note_id":1,"note_text":""}"#).document.text, "");
    assert_eq!(
        one("a.jsonl", r#"{"note_id":1,"note_text":"\ud83d\ude00 \\ud800"}"#).document.text,
        "😀 \\ud800"
    );
    assert!(read_bytes("a.jsonl", "").received.is_empty());
}

/// A faulty line, the code expected, what its message must say, the identifier that is still known.
type Fault = (&'static str, &'static str, &'static str, Option<&'static str>);

const JSON_FAULTS: &[Fault] = &[
    ("Zorglub", "not_json", "syntax error at column 1", None),
    (r#"["Zorglub"]"#, "not_json", "top level is not an object", None),
    (r#""Zorglub""#, "not_json", "top level is not an object", None),
    ("null", "not_json", "top level is not an object", None),
    (r#"{"document_id":"x","text":"Zorglub"#, "not_json", "ends before", Some("x")),
    (r#"{"document_id":"x","text":"Zorglub"} {"a":1}"#, "not_json", "syntax error", Some("x")),
    (r#"{"document_id":"x","text":"Zorglub",}"#, "not_json", "syntax error", Some("x")),
    ("{\"document_id\":\"x\",\"text\":\"Zorglub\tbrut\"}", "not_json", "syntax error", Some("x")),
    (r#"{"document_id":"x","text":NaN,"z":"Zorglub"}"#, "not_json", "syntax error", Some("x")),
    (r#"{"text":"Zorglub"}"#, "missing_field", "document_id", None),
    (r#"{"document_id":"x","title":"Zorglub"}"#, "missing_field", "text", Some("x")),
    (r#"{"document_id":null,"text":"Zorglub"}"#, "missing_field", "document_id", None),
    (r#"{"document_id":"x","text":null,"title":"Zorglub"}"#, "missing_field", "text", Some("x")),
    (
        r#"{"document_id":"x","text":"Zorglub","text":"Zorglub"}"#,
        "duplicate_key",
        "text occurs twice",
        Some("x"),
    ),
    (r#"{"document_id":"x","document_id":"y","text":"Zorglub"}"#, "duplicate_key", "document_id", None),
    (
        r#"{"document_id":"x","Zorglub":1,"text":"t","Zorglub":1}"#,
        "duplicate_key",
        "outside the contract",
        Some("x"),
    ),
    (r#"{"document_id":"x","text":"Zorglub\u0000"}"#, "nul_character", "text", Some("x")),
    (r#"{"document_id":"x","title":"\u0000Zorglub","text":"t"}"#, "nul_character", "title", Some("x")),
    (r#"{"document_id":"x\u0000Zorglub","text":"t"}"#, "nul_character", "document_id", None),
    (r#"{"document_id":"x","text":"Zorglub \ud800 suite"}"#, "lone_surrogate", "column 36", Some("x")),
    (r#"{"document_id":"x","text":"Zorglub \udc00"}"#, "lone_surrogate", "column", Some("x")),
    (r#"{"document_id":"x","text":"Zorglub \ud83d\u0041"}"#, "lone_surrogate", "column", Some("x")),
    (r#"{"document_id":"","text":"Zorglub"}"#, "bad_identifier", "is empty", None),
    (r#"{"document_id":"  ","text":"Zorglub"}"#, "bad_identifier", "is empty", None),
    (r#"{"document_id":"Zorglub\n","text":"t"}"#, "bad_identifier", "control", None),
    (r#"{"note_id":1.0,"text":"Zorglub"}"#, "wrong_type", "note_id must be a string or an integer", None),
    (r#"{"note_id":18446744073709551616,"text":"Zorglub"}"#, "wrong_type", "note_id", None),
    (r#"{"note_id":["Zorglub"],"text":"t"}"#, "wrong_type", "an array", None),
    (r#"{"note_id":true,"text":"Zorglub"}"#, "wrong_type", "a boolean", None),
    (r#"{"document_id":"x","text":12,"title":"Zorglub"}"#, "wrong_type", "text must be a string", Some("x")),
    (r#"{"document_id":"x","text":{"Zorglub":1}}"#, "wrong_type", "an object", Some("x")),
    (r#"{"document_id":"x","text":"t","version":"Zorglub"}"#, "wrong_type", "version", Some("x")),
    (r#"{"document_id":"x","text":"Zorglub","version":1.5}"#, "wrong_type", "version", Some("x")),
    (
        r#"{"document_id":"x","text":"Zorglub","note_date":1710201600000}"#,
        "wrong_type",
        "note_date",
        Some("x"),
    ),
    (
        r#"{"document_id":"x","text":"Zorglub","note_date":"2024-02-30"}"#,
        "impossible_date",
        "note_date",
        Some("x"),
    ),
    (
        r#"{"document_id":"x","text":"Zorglub","birth_date":"2023-02-29"}"#,
        "impossible_date",
        "birth_date",
        Some("x"),
    ),
    (r#"{"document_id":"x","text":"Zorglub","date":"12/03/2024"}"#, "impossible_date", "date", Some("x")),
    (
        r#"{"document_id":"x","text":"t","document_date":"2024-03-12 Zorglub"}"#,
        "impossible_date",
        "document_date",
        Some("x"),
    ),
    (
        r#"{"document_id":"x","text":"t","document_date":"2024-03-12T25:00"}"#,
        "impossible_date",
        "document_date",
        Some("x"),
    ),
    (
        r#"{"document_id":"x","text":"Zorglub","note_text":"t"}"#,
        "conflicting_fields",
        "text and note_text",
        Some("x"),
    ),
    (r#"{"document_id":"x","note_id":"y","text":"Zorglub"}"#, "conflicting_fields", "note_id", None),
    (
        r#"{"document_id":"x","text":"Zorglub","note_date":"2024-03-12","note_datetime":"2024-03-13T00:00"}"#,
        "conflicting_fields",
        "note_datetime",
        Some("x"),
    ),
];

#[test]
fn jsonl_faults_are_named_and_leave_neighbours_alone() {
    for (line, code, says, id) in JSON_FAULTS {
        let content = format!(
            "{{\"document_id\":\"avant\",\"text\":\"t\"}}\n{line}\n{{\"document_id\":\"apres\",\"text\":\"t\"}}\n"
        );
        let outcome = read_bytes("a.jsonl", content);
        assert_eq!(outcome.ids(), ["avant", "apres"], "{line}");
        assert_eq!((outcome.codes(), outcome.lines()), (vec![*code], vec![2]), "{line}");
        let rejection = &outcome.rejected[0];
        assert!(rejection.to_string().contains(says), "{line}: {rejection}");
        assert!(rejection.to_string().contains("a.jsonl:2: "), "{rejection}");
        assert_eq!(rejection.document_id.as_deref(), *id, "{line}");
    }
}

#[test]
fn jsonl_identifier_of_256_characters_is_refused() {
    let outcome =
        read_bytes("a.jsonl", format!("{{\"note_id\":\"{}\",\"note_text\":\"t\"}}", "é".repeat(256)));
    assert_eq!(outcome.codes(), ["bad_identifier"]);
}

#[test]
fn dates_are_kept_as_written() {
    let cases = [
        "2024-03-12",
        " 2024-03-12 ",
        "2024-03-12T10:00",
        "2024-03-12T23:30:00Z",
        "2024-03-12 00:30:00+01:00",
        "2024-03-12T00:30:00.123-05",
        "2024-03-12 00:30:00 +0100",
        "2024-03-12 10:00:00 UTC",
    ];
    for written in cases {
        let line = format!("{{\"note_id\":1,\"note_text\":\"t\",\"note_datetime\":\"{written}\"}}");
        assert_eq!(one("a.jsonl", line).document.date, Some(jiff::civil::date(2024, 3, 12)), "{written}");
    }
    let refused = [
        "2024-3-12",
        "20240312",
        "12/03/2024",
        "2024-13-01",
        "0000-00-00",
        "2024-03-12T",
        "2024-03-12+",
        "2024-03-12T10:00+1",
        "é024-03-12",
        "2024-03-1é",
    ];
    for written in refused {
        let line = format!("{{\"note_id\":1,\"note_text\":\"t\",\"note_date\":\"{written}\"}}");
        assert_eq!(read_bytes("a.jsonl", line).codes(), ["impossible_date"], "{written}");
    }
}

#[test]
fn date_alias_counts_only_without_an_official_date() {
    let keep = Options { keep_source_fields: true, ..Options::default() };
    let alone = r#"{"note_id":1,"note_text":"t","date":"2011-10-10"}"#;
    let both = r#"{"note_id":1,"note_text":"t","date":"hier","note_date":"2011-10-10"}"#;
    for (line, carried) in [(alone, false), (both, true)] {
        let document = &read_with("a.jsonl", line, &keep).received[0].document;
        assert_eq!(document.date, Some(jiff::civil::date(2011, 10, 10)));
        assert_eq!(document.source_fields.contains_key("date"), carried);
        assert_eq!(one("a.jsonl", line).document.date, Some(jiff::civil::date(2011, 10, 10)));
    }
}

#[test]
fn unknown_fields_are_carried_only_when_asked_for() {
    let line = r#"{"note_id":1,"note_text":"t","service":"CPDPN","x":{"a":[1,-2.5,null,true]}}"#;
    assert!(one("a.jsonl", line).document.source_fields.is_empty());
    let keep = Options { keep_source_fields: true, ..Options::default() };
    let outcome = read_with("a.jsonl", line, &keep);
    let fields = serde_json::to_string(&outcome.received[0].document.source_fields).unwrap();
    assert_eq!(fields, r#"{"service":"CPDPN","x":{"a":[1,-2.5,null,true]}}"#);
    let nested = r#"{"note_id":1,"note_text":"t","x":{"Zorglub":1,"Zorglub":2}}"#;
    assert_eq!(read_with("a.jsonl", nested, &keep).codes(), ["duplicate_key"]);
}

#[test]
fn jsonl_nesting_without_end_is_harmless() {
    let deep = format!("{{\"note_id\":1,\"note_text\":\"t\",\"x\":{}", "[".repeat(200_000));
    assert_eq!(read_bytes("a.jsonl", &deep).codes(), ["not_json"]);
    let keep = Options { keep_source_fields: true, ..Options::default() };
    assert_eq!(read_with("a.jsonl", &deep, &keep).codes(), ["not_json"]);
    let text = format!("{{\"note_id\":1,\"note_text\":{}", "{\"a\":".repeat(200_000));
    assert_eq!(read_bytes("a.jsonl", &text).codes(), ["not_json"]);
}

#[test]
fn utf16_json_and_csv_say_how_to_convert() {
    let folder = TempDir::new().unwrap();
    for name in ["a.jsonl", "a.csv"] {
        let path = file(&folder, name, b"\xFF\xFE{\x00}\x00");
        assert!(open_error(path.to_str().unwrap()).contains("iconv"), "{name}");
    }
}

// ---------------------------------------------------------------- sizes

#[test]
fn too_large_records_are_skipped_not_buffered() {
    let options = Options { max_document_bytes: 1000, ..Options::default() };
    let cap = 2 * 1000 + (64 << 10);
    for length in [1001, cap, cap * 20] {
        let text = SECRET.repeat(length / SECRET.len() + 1);
        let json = format!(
            "{{\"note_id\":\"a\",\"note_text\":\"{}\"}}\n{{\"note_id\":\"x\",\"note_text\":\"{text}\"}}\n{{\"note_id\":\"b\",\"note_text\":\"t\"}}",
            "t".repeat(1000)
        );
        let csv = format!("note_id,note_text\na,t\nx,\"{text}\n\"\"{text}\"\nb,t\n");
        for (name, content) in [("a.jsonl", json), ("a.csv", csv)] {
            let outcome = read_with(name, content, &options);
            assert_eq!(
                (outcome.ids(), outcome.codes()),
                (vec!["a", "b"], vec!["too_large"]),
                "{name} {length}"
            );
            assert_eq!(outcome.rejected[0].origin.line, if name == "a.csv" { 3 } else { 2 });
            let is_read = length == 1001;
            assert_eq!(outcome.rejected[0].document_id.is_some(), is_read, "{name} {length}");
        }
        let folder = TempDir::new().unwrap();
        for (name, content) in [("a.txt", "t"), ("b.txt", "t"), ("b-x.txt", &text)] {
            file(&folder, name, content);
        }
        let outcome = read(folder.path(), &options);
        assert_eq!((outcome.ids(), outcome.codes()), (vec!["a", "b"], vec!["too_large"]));
        assert_eq!(outcome.rejected[0].document_id.as_deref(), Some("b-x"));
    }
}

#[test]
fn a_compressed_endless_line_stays_within_bounds() {
    let mut content = b"{\"note_id\":\"x\",\"note_text\":\"".to_vec();
    content.resize(200 << 20, b'a');
    content.extend_from_slice(b"\n{\"note_id\":\"b\",\"note_text\":\"t\"}\n");
    let options = Options { max_document_bytes: 1 << 20, ..Options::default() };
    let outcome = read_with("bomb.jsonl.zst", zst(&content), &options);
    assert_eq!((outcome.ids(), outcome.codes()), (vec!["b"], vec!["too_large"]));
}

// ---------------------------------------------------------------- encodings

#[test]
fn encodings_are_recognised_line_by_line() {
    let cases: &[(&[u8], &str, &str)] = &[
        ("Œdème du fœtus".as_bytes(), "Œdème du fœtus", "utf-8"),
        (b"H\xE9matome \xE0 gauche", "Hématome à gauche", "windows-1252"),
        (b"l\x92\x9Cd\xE8me \x80", "l’œdème €", "windows-1252"),
        (b"c\xBDur du f\xBDtus, opac\xE9", "cœur du fœtus, opacé", "iso-8859-15"),
        (b"\xBDd\xE8me", "œdème", "iso-8859-15"),
        (b"un \xBDsophage", "un œsophage", "iso-8859-15"),
        (b"F\xBCTUS", "FŒTUS", "iso-8859-15"),
        (b"12 \xA4", "12 €", "iso-8859-15"),
        (b"\xBD cp \xE0 midi, 1\xBD h", "½ cp à midi, 1½ h", "windows-1252"),
        (b"OP\xC9R\xC9\xA0: r\xE9sum\xE9", "OPÉRÉ\u{A0}: résumé", "windows-1252"),
    ];
    let folder = TempDir::new().unwrap();
    for (bytes, text, encoding) in cases {
        let json = [b"{\"note_id\":1,\"note_text\":\"", *bytes, b"\"}\n"].concat();
        let csv = [b"note_id,note_text\n1,\"", *bytes, b"\"\n"].concat();
        file(&folder, "a.txt", bytes);
        for outcome in
            [read_bytes("a.jsonl", json), read_bytes("a.csv", csv), read(folder.path(), &Options::default())]
        {
            assert_eq!((outcome.texts(), outcome.received[0].encoding), (vec![*text], *encoding));
        }
    }
    let mixed = b"{\"note_id\":1,\"note_text\":\"\xE9\"}\n{\"note_id\":2,\"note_text\":\"\xC3\xA9\"}\n";
    assert_eq!(read_bytes("a.jsonl", mixed).texts(), ["é", "é"]);
}

#[test]
fn undecodable_records_are_set_aside() {
    let cut_utf8 = "Zorglub opéré à cœur ouvert \u{e9}".as_bytes();
    let cut_utf8 = &cut_utf8[..cut_utf8.len() - 1];
    for bytes in [cut_utf8, b"Zorglub \x81\xE9"] {
        let line = [
            b"{\"note_id\":\"a\",\"note_text\":\"t\"}\n{\"note_id\":1,\"note_text\":\"",
            bytes,
            b"\"}\n{\"note_id\":\"b\",\"note_text\":\"t\"}",
        ]
        .concat();
        let outcome = read_bytes("a.jsonl", line);
        assert_eq!((outcome.ids(), outcome.codes()), (vec!["a", "b"], vec!["undecodable"]));
    }
}

#[test]
fn mojibake_is_reported_and_not_repaired() {
    let cases = [
        ("OpÃ©rÃ© hier", true),
        ("lâ€™enfant nâ€™a pas", true),
        ("cÅ“ur et fÅ“tus", true),
        ("37Â°C, 38Â°C", true),
        ("Ã\u{A0} gauche, prÃ¨s", true),
        ("opÃ©ré une fois", false),
        ("Opéré à l’hôpital, âgé de 3 ans, Ångström, SÃO TOMÃO", false),
    ];
    for (text, expected) in cases {
        let received = one("a.jsonl", format!("{{\"note_id\":1,\"note_text\":\"{text}\"}}"));
        assert_eq!((received.document.text.as_str(), received.mojibake), (text, expected));
    }
}

// ---------------------------------------------------------------- CSV

#[test]
fn csv_delimiters_quotes_and_line_ends() {
    let cases = [
        "document_id,text,title\na,\"ligne 1\nligne 2, \"\"citée\"\"\",T\nb,simple,\n",
        "document_id;text;title\r\na;\"ligne 1\nligne 2, \"\"citée\"\"\";T\r\nb;simple;\r\n",
        "document_id\ttext\ttitle\na\t\"ligne 1\nligne 2, \"\"citée\"\"\"\tT\n\n\r\nb\tsimple\t",
        "\u{FEFF}\"NOTE_ID\"; \"Note_Text\" ;\"title\";;\n\"a\";\"ligne 1\nligne 2, \"\"citée\"\"\";\"T\";;\n\"b\";\"simple\";\"\";;",
    ];
    for content in &cases[..3] {
        assert_csv(content);
    }
    assert_csv(&cases[3].replace(" \"Note_Text\" ", "\"Note_Text\""));
}

fn assert_csv(content: &str) {
    let outcome = read_bytes("a.csv", content);
    assert_eq!(outcome.texts(), ["ligne 1\nligne 2, \"citée\"", "simple"], "{content}");
    assert_eq!(outcome.ids(), ["a", "b"]);
    assert_eq!(outcome.received[0].document.title.as_deref(), Some("T"));
    assert_eq!(outcome.received[1].document.title, None);
    assert!(outcome.rejected.is_empty());
}

#[test]
fn csv_keeps_bare_quotes_and_carriage_returns_as_text() {
    let outcome =
        read_bytes("a.csv", "note_id,note_text\n1,dit \"oui\" puis\r\n2,\"a\r\nb\"\r\n3,a\rb\n4,\n");
    assert_eq!(outcome.texts(), ["dit \"oui\" puis", "a\r\nb", "a\rb", ""]);
}

#[test]
fn csv_faults_are_named_and_leave_neighbours_alone() {
    let cases: &[(&str, &str, &str)] = &[
        ("x,Zorglub,trop,de champs", "field_count", "4 fields where the header has 3"),
        ("x", "field_count", "1 fields"),
        ("x,\"Zorglub\" suite,2024-01-01", "malformed_quotes", "lines up to 4"),
        ("x,\"dit \"Zorglub\", puis\",2024-01-01", "malformed_quotes", "lines up to 4"),
        ("x,\"ligne\nil a \"Zorglub\" hier\nfin\",2024-01-01", "malformed_quotes", "lines up to 6"),
        ("x,Zorglub\" tronqué,2024-01-01", "malformed_quotes", "lines up to 4"),
        ("x,\"Zorglub\",2024-02-30", "impossible_date", "note_date"),
        (",Zorglub,", "missing_field", "document_id"),
        ("x,Zorglub\0,", "nul_character", "note_text"),
    ];
    for (row, code, says) in cases {
        let content = format!("note_id,note_text,note_date\na,\"sur\ndeux\",\n{row}\nb,t,2024-03-12\n");
        let outcome = read_bytes("a.csv", content);
        assert_eq!(outcome.ids(), ["a", "b"], "{row}");
        assert_eq!((outcome.codes(), outcome.lines()), (vec![*code], vec![4]), "{row}");
        assert!(outcome.rejected[0].to_string().contains(says), "{row}: {}", outcome.rejected[0]);
    }
}

/// A usual CSV reader makes one document of these two patients.
#[test]
fn csv_never_joins_two_records_across_a_missing_quote() {
    let outcome = read_bytes("a.csv", "note_id,note_text\n1,\"Zorglub\n2,\"autre\"\n3,\"fin\"\n");
    assert_eq!(
        (outcome.ids(), outcome.codes(), outcome.lines()),
        (vec!["3"], vec!["malformed_quotes"], vec![2])
    );
}

#[test]
fn csv_stray_quotes_cost_only_their_line_when_no_other_end_fits() {
    let clean = |n: usize| format!("b{n},un texte propre,2024-03-12\n");
    let content: String = (0..3000)
        .map(|n| if n % 3 == 0 { format!("x{n},\"Zorglub\" suite,2024-01-01\n") } else { clean(n) })
        .collect();
    let outcome = read_bytes("a.csv", format!("note_id,note_text,note_date\n{content}"));
    let expected: Vec<String> = (0..3000).filter(|n| n % 3 != 0).map(|n| format!("b{n}")).collect();
    assert_eq!(outcome.ids(), expected);
    assert!(outcome.codes().iter().all(|code| *code == "malformed_quotes"));
    assert_eq!(outcome.lines(), (0..1000).map(|n| 2 + 3 * n).collect::<Vec<_>>());
    assert!(
        outcome
            .received
            .iter()
            .enumerate()
            .all(|(n, r)| r.origin.line == n as u64 / 2 * 3 + n as u64 % 2 + 3)
    );
}

#[test]
fn csv_quote_left_open_says_up_to_where() {
    for end in ["", "\n"] {
        let outcome = read_bytes("a.csv", format!("note_id,note_text\n1,t\n2,\"Zorglub\n3,t\n4,t{end}"));
        assert_eq!(
            (outcome.ids(), outcome.codes(), outcome.lines()),
            (vec!["1"], vec!["unclosed_quote"], vec![3])
        );
        assert!(outcome.rejected[0].to_string().contains("up to 5"), "{}", outcome.rejected[0]);
    }
}

#[test]
fn csv_headers_are_checked() {
    let cases = [
        ("", "document_id or note_id"),
        ("Zorglub,fente\n", "document_id or note_id"),
        ("document_id|text\n", "document_id or note_id"),
        ("document_id,titre Zorglub\n", "text or note_text"),
        ("document_id,text,text\n", "columns 2 and 3"),
        ("document_id,text,Zorglub,Zorglub\n", "columns 3 and 4"),
    ];
    for (content, says) in cases {
        let folder = TempDir::new().unwrap();
        let message = open_error(file(&folder, "a.csv", content).to_str().unwrap());
        assert!(message.contains(says) && !message.contains(SECRET), "{message}");
    }
    let keep = Options { keep_source_fields: true, ..Options::default() };
    let outcome = read_with("a.csv", "document_id,Service,text,date\n1,CPDPN,t,2024-03-12\n", &keep);
    assert_eq!(
        serde_json::to_string(&outcome.received[0].document.source_fields).unwrap(),
        r#"{"Service":"CPDPN"}"#
    );
    assert_eq!(outcome.received[0].document.date, Some(jiff::civil::date(2024, 3, 12)));
}

// ---------------------------------------------------------------- folders

#[test]
fn folder_gives_its_texts_in_order() {
    let folder = TempDir::new().unwrap();
    file(&folder, "b.txt", "\u{FEFF}Deux\r\nlignes");
    file(&folder, "a.2.TXT", "");
    file(&folder, "lisezmoi.md", SECRET);
    file(&folder, ".cache.txt", SECRET);
    fs::create_dir(folder.path().join("c.txt")).unwrap();
    let outcome = read(folder.path(), &Options::default());
    assert_eq!((outcome.ids(), outcome.texts()), (vec!["a.2", "b"], vec!["", "Deux\r\nlignes"]));
    assert!(outcome.rejected.is_empty());
    assert!(outcome.received[1].origin.file.ends_with("b.txt"));
    assert_eq!(Some(outcome.bytes), source::size_hint_bytes(folder.path().to_str().unwrap()));
}

#[test]
fn folder_reads_utf16_and_refuses_binary() {
    let folder = TempDir::new().unwrap();
    let wide = |text: &str, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(to_bytes).collect()
    };
    file(&folder, "a.txt", wide("Fœtus à terme", u16::to_le_bytes));
    file(&folder, "b.txt", wide("Fœtus à terme", u16::to_be_bytes));
    file(&folder, "c.txt", b"PK\x03\x04\x01\x02\x05\x06Zorglub");
    file(&folder, "d.txt", b"Zorglub\x00");
    file(&folder, "e.txt", &wide(SECRET, u16::to_le_bytes)[2..]);
    file(&folder, "f.txt", b"Page 1\x0CPage 2\x1B");
    file(&folder, "g.txt", b"\xFF\xFEZ\x00\x00\xD8");
    let outcome = read(folder.path(), &Options::default());
    assert_eq!(outcome.ids(), ["a", "b", "f"]);
    let encodings: Vec<_> = outcome.received.iter().map(|received| received.encoding).collect();
    assert_eq!(encodings, ["utf-16le", "utf-16be", "utf-8"]);
    assert_eq!(outcome.texts()[..2], ["Fœtus à terme"; 2]);
    assert_eq!(outcome.codes(), ["not_text", "not_text", "not_text", "undecodable"]);
    let ids: Vec<_> =
        outcome.rejected.iter().filter_map(|rejection| rejection.document_id.as_deref()).collect();
    assert_eq!(ids, ["c", "d", "e", "g"]);
}

#[test]
fn folder_file_that_vanishes_is_set_aside() {
    let folder = TempDir::new().unwrap();
    let (path, options) = (file(&folder, "a.txt", "t"), Options::default());
    let mut records = source::open(folder.path().to_str().unwrap(), &options).unwrap();
    let record = records.next().unwrap().unwrap();
    fs::remove_file(path).unwrap();
    assert_eq!(record.read(&options).unwrap_err().reason.code(), "unreadable");
}

#[cfg(unix)]
#[test]
fn folder_file_name_must_be_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let folder = TempDir::new().unwrap();
    file(&folder, "b.txt", "t");
    if fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"a\xE9.txt")), "t").is_err() {
        return; // some file systems refuse such names themselves
    }
    let outcome = read(folder.path(), &Options::default());
    assert_eq!((outcome.ids(), outcome.codes()), (vec!["b"], vec!["bad_identifier"]));
}

// ---------------------------------------------------------------- compression

#[test]
fn compressed_files_of_several_members_are_one_stream() {
    let (first, second) =
        (b"{\"note_id\":1,\"note_text\":\"t\"}\n{\"note_id\":2,", b"\"note_text\":\"u\"}\n");
    let contents = [
        ("a.jsonl.gz", [gzip(first), gzip(second)].concat()),
        ("A.JSONL.GZ", [gzip(first), gzip(second)].concat()),
        ("a.ndjson.zst", [zst(first), zst(second)].concat()),
        ("a.json.zst", [zst(first), zst(second)].concat()),
        ("a.csv.gz", [gzip(b"note_id,note_text\n1,t\n2,"), gzip(b"\"u\"")].concat()),
        ("a.csv.zst", zst(b"note_id,note_text\n1,t\n2,u")),
    ];
    for (name, content) in contents {
        let outcome = read_bytes(name, &content);
        assert_eq!((outcome.ids(), outcome.texts()), (vec!["1", "2"], vec!["t", "u"]), "{name}");
        assert_eq!(outcome.bytes, content.len() as u64, "{name}");
        assert!(outcome.error.is_none() && outcome.rejected.is_empty());
    }
}

#[test]
fn damaged_compressed_files_give_what_precedes_then_fail() {
    let lines: String = (0..40_000)
        .map(|n| format!("{{\"note_id\":{n},\"note_text\":\"Zorglub {:x}\"}}\n", n * 2_654_435_761_u64))
        .collect();
    for (name, whole) in [("a.jsonl.gz", gzip(lines.as_bytes())), ("a.jsonl.zst", zst(lines.as_bytes()))] {
        let mut flipped = whole.clone();
        let middle = flipped.len() * 3 / 4;
        flipped[middle..middle + 64].fill(0xA5);
        for content in [&whole[..whole.len() * 3 / 4], &whole[..whole.len() - 3], &flipped] {
            let outcome = read_bytes(name, content);
            let message = outcome.error.as_ref().expect(name).to_string();
            assert!(message.contains(name) && message.contains(" -t`"), "{message}");
            assert!(outcome.received.len() > 1000, "{name}: {}", outcome.received.len());
            for (n, id) in outcome.ids().iter().enumerate() {
                assert_eq!(*id, n.to_string());
            }
            assert!(message.contains(&format!("after line {}", outcome.received.len())), "{message}");
        }
        let folder = TempDir::new().unwrap();
        let message = open_error(file(&folder, name, SECRET).to_str().unwrap());
        assert!(message.contains(" -t`") && !message.contains(SECRET), "{message}");
    }
}

// ---------------------------------------------------------------- sources that are none

#[test]
fn sources_that_cannot_be_read_say_what_to_do() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["a.txt", "a.xlsx", "a.gz", "jsonl"] {
        file(&folder, name, "t");
        assert!(open_error(&at(name)).contains("folder of .txt"), "{name}");
    }
    assert!(open_error(&at("absent.jsonl")).contains("no such file"));
    assert!(open_error(&at("absent.parquet")).contains("Parquet sources are not in this build"));
    fs::create_dir(at("vide")).unwrap();
    assert!(read(Path::new(&at("vide")), &Options::default()).received.is_empty());
    fs::create_dir(at("autre")).unwrap();
    fs::write(at("autre/a.jsonl"), "").unwrap();
    assert!(open_error(&at("autre")).contains("no .txt file"));
}

#[test]
fn urls_are_refused_without_their_password() {
    for (url, says) in [
        ("postgres://u:Zorglub@/b?host=/nowhere&table=note", "cannot connect"),
        ("postgres://u:Zorglub@h/b", "name of a table"),
        ("mysql://u:Zorglub@h/b", "mysql://…: not a source"),
    ] {
        let message = open_error(url);
        assert!(message.contains(says) && !message.contains(SECRET), "{message}");
    }
    assert_eq!((source::size_hint_bytes("-"), source::size_hint_bytes("postgres://h/b")), (None, None));
}

// ---------------------------------------------------------------- properties

#[test]
fn records_can_be_read_by_other_threads() {
    fn is_send<T: Send>(_: &T) {}
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "a.jsonl", "{\"note_id\":1,\"note_text\":\"t\"}");
    let options = Options::default();
    let mut records = source::open(path.to_str().unwrap(), &options).unwrap();
    is_send(&records);
    let record = records.next().unwrap().unwrap();
    let received = std::thread::spawn(move || record.read(&options)).join().unwrap().unwrap();
    assert_eq!(received.document.id, "1");
}

#[test]
fn large_quoted_texts_cross_buffers_unharmed() {
    let texts: Vec<String> =
        (0..7).map(|n| format!("dit \"oui\";\r\n{}", "é\"\"\n,".repeat(30_000 + n))).collect();
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    writer.write_record(["note_id", "note_text"]).unwrap();
    for (n, text) in texts.iter().enumerate() {
        writer.write_record([&n.to_string(), text]).unwrap();
    }
    let outcome = read_bytes("a.csv", writer.into_inner().unwrap());
    assert_eq!(outcome.texts(), texts);
    let lines = texts.iter().map(|text| text.matches('\n').count() as u64 + 1);
    let starts: Vec<u64> =
        lines.scan(2, |next, count| Some(std::mem::replace(next, *next + count))).collect();
    assert_eq!(outcome.received.iter().map(|r| r.origin.line).collect::<Vec<_>>(), starts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_give_an_answer(content in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"\"\"\",;\n\r\\u{}[]:"[..])], 0..400)) {
        let csv = [b"note_id,note_text\n", content.as_slice()].concat();
        for (name, bytes) in [("a.jsonl", &content), ("a.csv", &csv)] {
            if !bytes.starts_with(b"\xFF\xFE") && !bytes.starts_with(b"\xFE\xFF") {
                prop_assert!(read_bytes(name, bytes).error.is_none());
            }
        }
        let folder = TempDir::new().unwrap();
        file(&folder, "a.txt", &content);
        let outcome = read(folder.path(), &Options::default());
        prop_assert_eq!(outcome.received.len() + outcome.rejected.len(), 1);
    }

    #[test]
    fn well_formed_csv_reads_back(texts in prop::collection::vec("[a-zé\",;\t\r\n ]{0,30}", 1..12), delimiter in prop::sample::select(vec![b',', b';', b'\t'])) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["note_text", "note_id"]).unwrap();
        for (n, text) in texts.iter().enumerate() {
            writer.write_record([text, &n.to_string()]).unwrap();
        }
        let outcome = read_bytes("a.csv", writer.into_inner().unwrap());
        prop_assert_eq!(outcome.texts(), texts);
    }

    #[test]
    fn any_text_survives_json(text in "\\PC{0,60}|[^\0]{0,60}") {
        let line = serde_json::json!({ "note_id": "a", "note_text": text }).to_string();
        prop_assert_eq!(one("a.jsonl", line).document.text, text);
    }
}
