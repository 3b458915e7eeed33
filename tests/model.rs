//! The transformer against its reference in Python, and every way a model can be damaged against its error.

use crate::support::{Bench, root};
use laennec::model::{Model, ModelError, ModelFiles, marked};
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest difference from Hugging Face that is accepted; the issue asks for 1e-3.
const CLOSE: f32 = 2e-5;

/// One sentence, with what `models/train/tiny.py` computed for it.
#[derive(Deserialize)]
struct Case {
    text: String,
    pieces: Vec<(u32, u32, u32)>,
    ids: Vec<u32>,
    states: Vec<f32>,
    mention: Vec<f32>,
    #[serde(default)]
    opening: usize,
    #[serde(default)]
    closing: usize,
    #[serde(default)]
    assertion: Vec<f32>,
    #[serde(default)]
    experiencer: Vec<f32>,
    #[serde(default)]
    temporality: Vec<f32>,
    #[serde(default)]
    link: Vec<f32>,
}

fn tiny(name: &str) -> PathBuf {
    root().join("tests/model").join(name)
}

fn cases(name: &str) -> Vec<Case> {
    serde_json::from_slice(&fs::read(tiny(name).join("expected.json")).unwrap()).unwrap()
}

fn load(folder: &Path) -> Result<Model, ModelError> {
    Model::load(folder.to_str().unwrap())
}

#[track_caller]
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference <= CLOSE, "{what}: {difference}");
}

fn states(model: &Model, ids: &[u32]) -> Vec<f32> {
    model.encoder().encode(&[ids]).unwrap().remove(0)
}

// ---------------------------------------------------------------- parity

#[test]
fn pieces_and_their_places_are_those_of_the_reference() {
    for name in ["tiny-bert", "tiny-camembert"] {
        let model = load(&tiny(name)).unwrap();
        for case in cases(name) {
            let found: Vec<_> =
                model.pieces(&case.text).unwrap().iter().map(|p| (p.id, p.start, p.end)).collect();
            assert_eq!(found, case.pieces, "{name}: {}", case.text);
        }
    }
}

#[test]
fn hidden_states_are_those_of_the_reference() {
    for name in ["tiny-bert", "tiny-camembert"] {
        let model = load(&tiny(name)).unwrap();
        for case in cases(name) {
            assert_close(&states(&model, &case.ids), &case.states, &format!("{name}: {}", case.text));
        }
    }
}

#[test]
fn heads_answer_as_the_reference() {
    let model = load(&tiny("tiny-bert")).unwrap();
    let (hidden, heads) = (model.encoder().hidden(), model.heads());
    for case in cases("tiny-bert") {
        let states = states(&model, &case.ids);
        let input = marked(&states, hidden, case.opening, case.closing).unwrap();
        for (head, expected) in [
            (&heads.assertion, &case.assertion),
            (&heads.experiencer, &case.experiencer),
            (&heads.temporality, &case.temporality),
        ] {
            let head = head.as_ref().unwrap();
            assert_close(&head.logits(&input).unwrap(), expected, head.name);
        }
        let span = &states[(case.opening + 1) * hidden..case.closing * hidden];
        assert_close(&heads.link.as_ref().unwrap().vector(span).unwrap(), &case.link, "link");
    }
}

#[test]
fn a_token_classifier_of_hugging_face_tags_as_the_reference() {
    for name in ["tiny-bert", "tiny-camembert"] {
        let model = load(&tiny(name)).unwrap();
        let head = model.heads().mention.as_ref().unwrap();
        assert_eq!(head.labels, ["O", "B-finding", "I-finding"]);
        for case in cases(name) {
            let states = states(&model, &case.ids);
            let tokens = states.chunks_exact(model.encoder().hidden());
            let logits: Vec<f32> = tokens.flat_map(|state| head.logits(state).unwrap()).collect();
            assert_close(&logits, &case.mention, &case.text);
        }
    }
}

#[test]
fn special_tokens_written_in_a_report_are_unknown_words() {
    let model = load(&tiny("tiny-bert")).unwrap();
    let (begin, marker) = (model.tokenizer().bos, model.tokenizer().token("<e>").unwrap());
    let pieces = model.pieces("a <s> b <e> c").unwrap();
    assert!(pieces.iter().all(|p| p.id != begin && p.id != marker), "{pieces:?}");
    assert!(pieces.iter().any(|p| p.id == model.tokenizer().unknown), "{pieces:?}");
    assert!(matches!(model.tokenizer().token("<none>"), Err(ModelError::NoToken { .. })));
}

// ---------------------------------------------------------------- the same bytes, whatever the batch

/// Sequences of all lengths from 1 to the longest, of ids that are there.
fn sequences(model: &Model) -> Vec<Vec<u32>> {
    let rows = model.config().vocabulary as u32;
    (1..=model.max_length() as u32).map(|n| (0..n).map(|i| (i * 37 + n * 11) % rows).collect()).collect()
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn a_sequence_is_the_same_alone_and_among_others_on_one_thread_and_on_many() {
    for name in ["tiny-bert", "tiny-camembert"] {
        let model = load(&tiny(name)).unwrap();
        let sequences = sequences(&model);
        let batch: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
        let alone: Vec<Vec<f32>> = on_threads(1, || batch.iter().map(|ids| states(&model, ids)).collect());
        for threads in [1, 2, 7] {
            let together = on_threads(threads, || model.encoder().encode(&batch).unwrap());
            assert!(same_bytes(&alone, &together), "{name}, {threads} threads");
            let mut reversed: Vec<&[u32]> = batch.iter().rev().copied().collect();
            reversed.extend(batch.iter().copied());
            let mixed = on_threads(threads, || model.encoder().encode(&reversed).unwrap());
            assert!(same_bytes(&alone, &mixed[batch.len()..]), "{name}, {threads} threads, reversed");
        }
    }
}

fn same_bytes(a: &[Vec<f32>], b: &[Vec<f32>]) -> bool {
    let bits = |v: &[Vec<f32>]| v.iter().flatten().map(|x| x.to_bits()).collect::<Vec<_>>();
    bits(a) == bits(b)
}

#[test]
fn sequences_that_the_network_cannot_take_are_refused_by_place() {
    let model = load(&tiny("tiny-camembert")).unwrap();
    assert_eq!(model.max_length(), 64, "66 positions, of which two are of padding");
    let (fine, long) = (vec![0_u32, 2], vec![5_u32; 65]);
    let encode = |sequences: &[&[u32]]| model.encoder().encode(sequences);
    assert!(matches!(
        encode(&[&fine, &long]),
        Err(ModelError::TooLong { sequence: 1, limit: 64, found: 65 })
    ));
    assert!(matches!(
        encode(&[&fine, &[0, 100_000]]),
        Err(ModelError::NoRow { sequence: 1, found: 100_000, .. })
    ));
    assert_eq!(encode(&[&[], &fine]).unwrap()[0], Vec::<f32>::new());
    assert_eq!(encode(&[]).unwrap().len(), 0);
}

// ---------------------------------------------------------------- damage

/// A copy of a tiny model that a test may spoil.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["manifest.toml", "config.json", "tokenizer.json", "model.safetensors"] {
            if tiny(name).join(file).exists() {
                fs::copy(tiny(name).join(file), folder.path().join(file)).unwrap();
            }
        }
        Self { folder }
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(file)).unwrap()
    }

    fn write(&self, file: &str, bytes: &[u8]) -> &Self {
        fs::write(self.folder.path().join(file), bytes).unwrap();
        self
    }

    fn replace(&self, file: &str, from: &str, to: &str) -> &Self {
        let text = String::from_utf8(self.read(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        self.write(file, text.replacen(from, to, 1).as_bytes())
    }

    /// Writes the hashes of the files as they are now into the manifest.
    fn restate(&self) -> &Self {
        let manifest = String::from_utf8(self.read("manifest.toml")).unwrap();
        let (before, rest) = manifest.split_once("[files]").unwrap();
        let (_, after) = rest.split_once("[heads]").unwrap();
        let files: String =
            ["config.json", "model.safetensors", "tokenizer.json"].iter().map(|f| self.stated(f)).collect();
        self.write("manifest.toml", format!("{before}[files]\n{files}\n[heads]{after}").as_bytes())
    }

    fn stated(&self, file: &str) -> String {
        use sha2::{Digest, Sha256};
        let bytes = self.read(file);
        let hash: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        format!("\"{file}\" = {{ sha256 = \"{hash}\", bytes = {} }}\n", bytes.len())
    }

    /// The error of loading, which must name a file and say something.
    #[track_caller]
    fn error(&self) -> ModelError {
        let error = load(self.folder.path()).err().expect("a damaged model loads");
        let text = error.to_string();
        assert!(text.contains(self.folder.path().to_str().unwrap()) && text.len() > 40, "{text}");
        error
    }
}

/// The file of weights with another header, and other bytes.
fn edit_weights(copy: &Copy, edit: impl FnOnce(&mut Value, &mut Vec<u8>)) {
    let bytes = copy.read("model.safetensors");
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut data = bytes[8 + length..].to_vec();
    edit(&mut header, &mut data);
    let header = serde_json::to_vec(&header).unwrap();
    let bytes = [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat();
    copy.write("model.safetensors", &bytes);
    if copy.folder.path().join("manifest.toml").exists() {
        copy.restate();
    }
}

fn rename(header: &mut Value, from: &str, to: &str) {
    let tensors = header.as_object_mut().unwrap();
    let tensor = tensors.remove(from).expect(from);
    tensors.insert(to.to_string(), tensor);
}

const QUERY: &str = "encoder.layer.1.attention.self.query.weight";

#[test]
fn a_copy_loads_and_names_itself() {
    let copy = Copy::of("tiny-bert");
    copy.restate();
    let (a, b) = (load(copy.folder.path()).unwrap(), load(&tiny("tiny-bert")).unwrap());
    assert!(a.id_and_hash().starts_with("tiny-bert@1+"), "{}", a.id_and_hash());
    assert_eq!(a.id_and_hash(), b.id_and_hash());
    assert_eq!(a.id_and_hash().len(), "tiny-bert@1+".len() + 12);
    assert_eq!(a.calibration("assertion_temperature"), Some(1.5));
    let bare = load(&tiny("tiny-camembert")).unwrap();
    assert!(bare.manifest().is_none() && bare.id_and_hash().starts_with("tiny-camembert@0+"));
}

#[test]
fn every_byte_counts() {
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let length = Copy::of("tiny-bert").read(file).len();
        for at in (0..length).step_by(length / 40 + 1).chain([length - 1]) {
            let copy = Copy::of("tiny-bert");
            let mut bytes = copy.read(file);
            bytes[at] ^= 1;
            let error = copy.write(file, &bytes).error();
            assert!(
                matches!(&error, ModelError::Hash { file: f, .. } if f.ends_with(file)),
                "{file} {at}: {error}"
            );
        }
    }
}

#[test]
fn every_byte_of_the_manifest_is_refused_or_changes_the_hash() {
    let original = load(&tiny("tiny-bert")).unwrap().id_and_hash();
    let length = Copy::of("tiny-bert").read("manifest.toml").len();
    for at in 0..length {
        let copy = Copy::of("tiny-bert");
        let mut bytes = copy.read("manifest.toml");
        bytes[at] ^= 1;
        copy.write("manifest.toml", &bytes);
        if let Ok(model) = load(copy.folder.path()) {
            assert_ne!(model.id_and_hash(), original, "{at}");
        }
    }
}

#[test]
fn files_that_lack_or_are_cut_are_refused() {
    for name in ["tiny-bert", "tiny-camembert"] {
        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            let copy = Copy::of(name);
            fs::remove_file(copy.folder.path().join(file)).unwrap();
            assert!(matches!(copy.error(), ModelError::NoFile { .. }), "{name} {file}");
            let bytes = tiny(name).join(file);
            let bytes = fs::read(bytes).unwrap();
            for length in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 3] {
                let error = copy.write(file, &bytes[..length]).error();
                let fits = if name == "tiny-bert" {
                    matches!(error, ModelError::Size { .. })
                } else {
                    matches!(error, ModelError::Malformed { .. })
                };
                assert!(fits, "{name} {file} {length}: {error}");
            }
        }
    }
    let none = load(Path::new("no/such/folder")).err().unwrap();
    assert!(matches!(none, ModelError::NoModel { .. }), "{none}");
    let files = ModelFiles::read(&tiny("tiny-bert")).unwrap();
    let encoder = Model::from_files(&files, Some("abacus")).err().unwrap();
    assert!(matches!(encoder, ModelError::NoEncoder { .. }), "{encoder}");
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    let missing = Copy::of("tiny-bert");
    edit_weights(&missing, |header, _| rename(header, QUERY, "encoder.layer.1.attention.self.kwery.weight"));
    assert!(matches!(missing.error(), ModelError::NoTensor { tensor, .. } if tensor == QUERY));

    let spare = Copy::of("tiny-bert");
    spare.replace("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1").restate();
    assert!(
        matches!(spare.error(), ModelError::SpareTensor { tensor, .. } if tensor.starts_with("encoder.layer.1."))
    );

    let shape = Copy::of("tiny-bert");
    edit_weights(&shape, |header, _| header[QUERY]["shape"] = serde_json::json!([16, 64]));
    assert!(matches!(shape.error(), ModelError::Shape { found, .. } if found == [16, 64]));

    let kind = Copy::of("tiny-bert");
    edit_weights(&kind, |header, _| header[QUERY]["dtype"] = "I16".into());
    assert!(matches!(kind.error(), ModelError::Type { tensor, .. } if tensor == QUERY));
}

#[test]
fn a_weight_that_is_not_finite_is_refused_by_name_and_place() {
    for (name, number) in [
        ("tiny-bert", &[0x00, 0x7E][..]),
        ("tiny-bert", &[0x00, 0xFC]),
        ("tiny-camembert", &[0, 0, 0xC0, 0x7F]),
    ] {
        let copy = Copy::of(name);
        let tensor = if name == "tiny-bert" { QUERY.to_string() } else { format!("roberta.{QUERY}") };
        edit_weights(&copy, |header, data| {
            let start = header[&tensor]["data_offsets"][0].as_u64().unwrap() as usize + 5 * number.len();
            data[start..start + number.len()].copy_from_slice(number);
        });
        let error = copy.error();
        assert!(
            matches!(&error, ModelError::WeightNotFinite { tensor: t, index: 5, .. } if *t == tensor),
            "{error}"
        );
    }
}

#[test]
fn weights_that_overflow_give_an_error_and_no_answer() {
    let copy = Copy::of("tiny-camembert");
    edit_weights(&copy, |header, data| {
        let offsets = &header[format!("roberta.{QUERY}")]["data_offsets"];
        let range = offsets[0].as_u64().unwrap() as usize..offsets[1].as_u64().unwrap() as usize;
        data[range].chunks_exact_mut(4).for_each(|number| number.copy_from_slice(&3e38_f32.to_le_bytes()));
    });
    let model = load(copy.folder.path()).unwrap();
    let error = model.encoder().encode(&[&[0, 5, 6, 2]]).err().unwrap();
    assert!(matches!(error, ModelError::NotFinite { sequence: 0 }), "{error}");
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let large = Copy::of("tiny-camembert");
    edit_weights(&large, |header, data| {
        let name = "roberta.embeddings.word_embeddings.weight";
        let rows = header[name]["shape"][0].as_u64().unwrap();
        header[name]["shape"][0] = 100.into();
        let end = header[name]["data_offsets"][1].as_u64().unwrap();
        let cut = (rows - 100) * 48 * 4;
        data.drain((end - cut) as usize..end as usize);
        for (_, tensor) in header.as_object_mut().unwrap().iter_mut().filter(|(n, _)| *n != "__metadata__") {
            for i in 0..2 {
                let offset = tensor["data_offsets"][i].as_u64().unwrap();
                if offset >= end {
                    tensor["data_offsets"][i] = (offset - cut).into();
                }
            }
        }
    });
    large.replace("config.json", "\"vocab_size\": 191", "\"vocab_size\": 100");
    assert!(matches!(large.error(), ModelError::Vocabulary { rows: 100, found: 190, .. }));

    let nameless = Copy::of("tiny-camembert");
    let text = String::from_utf8(nameless.read("tokenizer.json")).unwrap();
    let text = text.replace("\"<s>\"", "\"<begin>\"");
    assert!(matches!(nameless.write("tokenizer.json", text.as_bytes()).error(), ModelError::NoToken { .. }));
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let few = Copy::of("tiny-bert");
    few.replace("manifest.toml", "\"possible\", ", "");
    assert!(matches!(few.error(), ModelError::Labels { expected: 4, found: 5, .. }));
    let twice = Copy::of("tiny-bert");
    twice.replace("manifest.toml", "\"possible\"", "\"absent\"");
    assert!(matches!(twice.error(), ModelError::Value { field, .. } if field == "heads.assertion"));
    let unnamed = Copy::of("tiny-bert");
    unnamed.replace("manifest.toml", "link = 16", "");
    assert!(
        matches!(unnamed.error(), ModelError::SpareTensor { tensor, .. } if tensor.starts_with("heads.link"))
    );
    let default = Copy::of("tiny-camembert");
    default.replace("config.json", "B-finding", "LABEL_1");
    assert!(matches!(default.error(), ModelError::Value { field, .. } if field == "id2label"));
    let fewer = Copy::of("tiny-camembert");
    fewer.replace("config.json", "\"B-finding\",\n    \"2\": \"I-finding\"", "\"B-finding\"");
    assert!(matches!(fewer.error(), ModelError::Labels { expected: 2, found: 3, .. }));
}

#[test]
fn a_manifest_and_a_configuration_that_cannot_be_are_refused() {
    let manifest: &[(&str, &str, &str)] = &[
        ("max_length = 64", "max_length = 65", "max_length"),
        ("architecture = \"bert\"", "architecture = \"camembert\"", "architecture"),
        ("architecture = \"bert\"", "architecture = \"gpt\"", "manifest.toml:6"),
        ("licence = \"MIT OR Apache-2.0\"", "licence = \"\"", "manifest.toml:4: licence is empty"),
        ("id = \"tiny-bert\"", "id = \"Tiny\"", "manifest.toml:1"),
        ("version = \"1\"", "version = \"1+2\"", "manifest.toml:3"),
        ("title =", "titel =", "manifest.toml:2: unknown field `titel`"),
        ("assertion_temperature = 1.5", "assertion_temperature = nan", "finite"),
        ("\"config.json\" =", "\"weights.bin\" =", "weights.bin: file is missing"),
    ];
    for (from, to, expected) in manifest {
        let copy = Copy::of("tiny-bert");
        let error = copy.replace("manifest.toml", from, to).error().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    let config: &[(&str, &str, &str)] = &[
        ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"gelu_new\"", "hidden_act"),
        ("\"num_attention_heads\": 3", "\"num_attention_heads\": 5", "num_attention_heads"),
        ("\"hidden_size\": 48", "\"hidden_size\": 0", "hidden_size"),
        ("\"hidden_size\": 48", "\"hidden_size\": 99999999999", "hidden_size"),
        ("\"model_type\": \"camembert\"", "\"model_type\": \"deberta\"", "model_type"),
        ("\"is_decoder\": false", "\"is_decoder\": true", "is_decoder"),
        ("\"pad_token_id\": 1", "\"pad_token_id\": 1000", "pad_token_id"),
        ("\"layer_norm_eps\": 1e-05", "\"layer_norm_eps\": 0.0", "layer_norm_eps"),
    ];
    for (from, to, field) in config {
        let copy = Copy::of("tiny-camembert");
        let error = copy.replace("config.json", from, to).error();
        assert!(matches!(&error, ModelError::Value { field: f, .. } if f == field), "{to}: {error}");
    }
}

#[test]
fn a_file_beside_the_stated_ones_is_refused() {
    let copy = Copy::of("tiny-bert");
    copy.write("README.md", b"# a card");
    assert!(matches!(copy.error(), ModelError::Unlisted { .. }));
    let bare = Copy::of("tiny-camembert");
    let before = load(bare.folder.path()).unwrap().id_and_hash();
    bare.write("README.md", b"# a card").write("optimizer.pt", b"x");
    assert_eq!(load(bare.folder.path()).unwrap().id_and_hash(), before);
}

// ---------------------------------------------------------------- the command

#[test]
fn models_are_listed_checked_shown_and_measured() {
    let bench = Bench::new();
    let run = |words: &[&str]| bench.run(&[&["model"], words].concat());
    let (ours, bare) = (tiny("tiny-bert"), tiny("tiny-camembert"));
    let (ours, bare) = (ours.to_str().unwrap(), bare.to_str().unwrap());
    run(&["list"]).ends_with(0);
    let check = run(&["check", ours, bare]).ends_with(0).out;
    assert!(check.contains("tiny-bert@1+") && check.contains("3 hashes as stated: no problem"), "{check}");
    assert!(check.contains("no hash is stated"), "{check}");
    let show = run(&["show", ours]).ends_with(0).out;
    for word in ["2 layers × 32", "MIT OR Apache-2.0", "not_assessed", "assertion_temperature = 1.5", "seed"]
    {
        assert!(show.contains(word), "{word}: {show}");
    }
    let speed =
        run(&["bench", bare, "--length", "16", "--sequences", "4", "--encoder", "candle"]).ends_with(0).out;
    assert!(speed.contains("tokens a CPU-second") && speed.contains("the same to the byte"), "{speed}");
    assert!(run(&["bench", bare, "--length", "65"]).ends_with(1).err.contains("at most 64"));
    assert!(run(&["check", "nowhere"]).ends_with(1).err.contains("no model \"nowhere\""));
    run(&["bench", bare, "--encoder", "abacus"]).ends_with(2);
    let damaged = Copy::of("tiny-bert");
    damaged.write("tokenizer.json", b"{}");
    let said = run(&["check", damaged.folder.path().to_str().unwrap()]).ends_with(1).err;
    assert!(said.contains("tokenizer.json: expected 6758 bytes (manifest.toml), found 2"), "{said}");
    assert!(run(&["--help"]).ends_with(0).out.contains("Examples:"));
}
