//! Everything that the simulation knows, read from its data files and checked: conditions, traps, documents, sentences.

use super::tables::Reader;
use super::template::{Block, Line, Names, Part};
use super::words::{Articles, Concepts};
use crate::lexicon::{Folder, Problems, parse_toml};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A condition that is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    pub id: String,
    pub concepts: Vec<usize>,
    /// Cases per birth, all outcomes.
    pub prevalence: f64,
    pub non_chromosomal: bool,
    pub death: f64,
    pub topfa: f64,
    pub prenatal: f64,
    /// `M`, `F`, or a space for both.
    pub sex: char,
    pub family: usize,
    pub has_side: bool,
    pub class: Class,
    pub from_age: i32,
    pub operated: f64,
    /// Frame that goes with it, if there is one.
    pub with: Option<usize>,
    pub associations: Vec<Association>,
}

/// What comes beside a condition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Association {
    pub condition: usize,
    pub probability: f64,
    pub sequence: bool,
}

/// What a condition makes of a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    #[default]
    Plain,
    /// Counted from 37 weeks only.
    Term,
    Minor,
    /// Drawn for births before 37 weeks.
    Preterm,
    Teratogenic,
    Genetic,
    Chromosomal,
}

impl Class {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "" => Class::Plain,
            "term" => Class::Term,
            "minor" => Class::Minor,
            "preterm" => Class::Preterm,
            "teratogenic" => Class::Teratogenic,
            "genetic" => Class::Genetic,
            "chromosomal" => Class::Chromosomal,
            _ => return None,
        })
    }

    /// True for what counts as an anomaly.
    pub fn is_major(self) -> bool {
        !matches!(self, Class::Minor | Class::Preterm)
    }
}

/// A sentence that names what the child does not have.
#[derive(Clone, Debug)]
pub(super) struct Trap {
    pub id: String,
    pub per_birth: f64,
    pub frame: usize,
    pub block: Block,
    pub conditions: Vec<usize>,
    pub documents: Vec<usize>,
    pub extra: Option<usize>,
}

/// What a document may deny.
#[derive(Clone, Debug)]
pub(super) struct Denial {
    pub sex: char,
    pub concept: usize,
    pub family: Option<usize>,
    pub beside: Vec<usize>,
}

/// A kind of document.
pub(super) struct Kind {
    pub id: String,
    pub type_name: String,
    pub holder: Holder,
    pub titles: Vec<usize>,
    pub texts: Vec<usize>,
    pub denials: Vec<Denial>,
}

/// In whose record a kind of document is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Holder {
    Mother,
    Child,
    Fetus,
}

/// One text of a kind of document.
pub(super) struct Text {
    pub register: usize,
    pub lines: Vec<Line>,
    /// Families with a line of their own, one bit each.
    pub organs: u64,
}

/// A family of findings: what it brings after birth.
#[derive(Default)]
pub(super) struct Family {
    pub id: String,
    pub specialty: String,
    pub exam: String,
    /// Code of the mother's stay when a condition of the family is seen before birth.
    pub mother_code: String,
    pub documents: Vec<(usize, f64)>,
    /// Phrases of a normal organ, before and after birth.
    pub normal: [Option<usize>; 2],
}

/// A definition beside the subgroups.
pub(super) struct Definition {
    pub id: String,
    pub any: Vec<String>,
    pub none: Vec<String>,
    pub isolated: bool,
}

/// Templates by kind, register and phase.
#[derive(Default)]
pub(super) struct Frames {
    pub by_name: FxHashMap<String, usize>,
    /// `[kind][register * 2 + phase]`: numbers of templates.
    pub of: Vec<[Vec<usize>; 8]>,
}

/// A template and where it stands, so that an unused one can be named.
pub(super) struct Template {
    pub place: String,
    pub parts: Vec<Part>,
}

/// Words of the values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Values {
    pub months: Vec<String>,
    pub vowels: String,
    /// Parts of terms that deny something themselves: nobody writes their absence.
    pub negating: Vec<String>,
    pub boy: Vec<String>,
    pub girl: Vec<String>,
    pub pronoun: Vec<String>,
    pub this_child: Vec<String>,
    pub girl_ending: String,
    pub week: Vec<String>,
    pub week_one: Vec<String>,
    pub week_whole: Vec<String>,
    pub age_day: Vec<String>,
    pub age_month: Vec<String>,
    pub twin: Vec<String>,
    pub twin_pregnancy: Vec<String>,
    pub parity: Vec<String>,
    pub sides: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhrasesFile {
    articles: FxHashMap<String, Articles>,
    values: Values,
    phrases: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentsFile {
    document: Vec<DocumentEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentEntry {
    id: String,
    #[serde(rename = "type")]
    type_name: String,
    holder: Holder,
    titles: Vec<String>,
    text: Vec<TextEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextEntry {
    register: String,
    body: String,
}

/// All of it.
pub(super) struct Data {
    pub concepts: Concepts,
    pub conditions: Vec<Condition>,
    pub condition_ids: FxHashMap<String, usize>,
    pub families: Vec<Family>,
    pub traps: Vec<Trap>,
    pub kinds: Vec<Kind>,
    pub kind_ids: FxHashMap<String, usize>,
    pub texts: Vec<Text>,
    pub frames: Frames,
    pub templates: Vec<Template>,
    pub phrases: Vec<Vec<usize>>,
    pub phrase_ids: FxHashMap<String, usize>,
    pub values: Values,
    pub wrong_codes: FxHashMap<String, Vec<String>>,
    pub weeks: Vec<(i32, f64)>,
    pub areas: Vec<(String, f64)>,
    pub definitions: Vec<Definition>,
}

/// Letters of the registers in the data files.
const REGISTERS: [&str; 4] = ["t", "s", "d", "l"];

const FAMILIES: [&str; 5] = ["family", "specialty", "exam", "documents", "mother_code"];

impl Data {
    /// Reads the data of a folder against the lexicon of malformations.
    pub fn read(folder: &Folder, lexicon: &Folder) -> Result<Self, Problems> {
        let mut reader = Reader { folder, problems: Vec::new() };
        let path = folder.path("phrases.toml");
        let phrases: PhrasesFile =
            parse_toml(&path, reader.text("phrases.toml")).map_err(|p| Problems(vec![p]))?;
        let path = folder.path("documents.toml");
        let documents: DocumentsFile =
            parse_toml(&path, reader.text("documents.toml")).map_err(|p| Problems(vec![p]))?;
        let concepts = Concepts::read(&mut reader, lexicon, &phrases.articles, &phrases.values);
        let mut data = Data::empty(concepts, phrases.values);
        let names = data.names(&mut reader, &phrases.phrases);
        data.read_phrases(&mut reader, &phrases.phrases, &names);
        data.read_frames(&mut reader, &names);
        data.read_documents(&mut reader, documents, &names);
        data.read_families(&mut reader);
        data.read_conditions(&mut reader);
        data.read_associations(&mut reader);
        data.read_traps(&mut reader);
        data.read_denials(&mut reader);
        data.read_small(&mut reader);
        if reader.problems.is_empty() { Ok(data) } else { Err(Problems(reader.problems)) }
    }

    fn empty(concepts: Concepts, values: Values) -> Self {
        Data {
            concepts,
            conditions: Vec::new(),
            condition_ids: FxHashMap::default(),
            families: Vec::new(),
            traps: Vec::new(),
            kinds: Vec::new(),
            kind_ids: FxHashMap::default(),
            texts: Vec::new(),
            frames: Frames::default(),
            templates: Vec::new(),
            phrases: Vec::new(),
            phrase_ids: FxHashMap::default(),
            values,
            wrong_codes: FxHashMap::default(),
            weeks: Vec::new(),
            areas: Vec::new(),
            definitions: Vec::new(),
        }
    }

    /// The names of slots: phrases in alphabetical order, families in file order.
    fn names(&mut self, reader: &mut Reader, phrases: &BTreeMap<String, Vec<String>>) -> Names {
        self.phrase_ids = phrases.keys().enumerate().map(|(i, name)| (name.clone(), i)).collect();
        let mut names = Names { phrases: self.phrase_ids.clone(), families: FxHashMap::default() };
        if let Some(rows) = reader.rows("families.tsv", FAMILIES) {
            for (_, [id, specialty, exam, _, mother_code]) in rows.cells() {
                names.families.insert(id.to_string(), self.families.len());
                let normal =
                    ["b", "p"].map(|phase| self.phrase_ids.get(&format!("organ_{phase}_{id}")).copied());
                self.families.push(Family {
                    id: id.to_string(),
                    specialty: specialty.to_string(),
                    exam: exam.to_string(),
                    mother_code: mother_code.to_string(),
                    documents: Vec::new(),
                    normal,
                });
            }
        }
        names
    }

    fn add_template(&mut self, text: &str, names: &Names, place: String) -> Result<usize, String> {
        self.templates.push(Template { parts: names.cut(text)?, place });
        Ok(self.templates.len() - 1)
    }

    fn read_phrases(&mut self, reader: &mut Reader, phrases: &BTreeMap<String, Vec<String>>, names: &Names) {
        let file = reader.folder.path("phrases.toml");
        for (name, texts) in phrases {
            let mut list = Vec::new();
            for text in texts {
                match self.add_template(text, names, format!("{file}: {name}: {text}")) {
                    Ok(number) => list.push(number),
                    Err(message) => reader.fault(&file, 1, format!("phrase {name:?}: {message}")),
                }
            }
            self.phrases.push(list);
        }
    }

    fn read_frames(&mut self, reader: &mut Reader, names: &Names) {
        let Some(rows) = reader.rows("frames.tsv", ["kind", "registers", "phase", "text"]) else { return };
        for (line, [kind, registers, phase, text]) in rows.cells() {
            let place = format!("{}:{line}: {text}", rows.file);
            match self.add_template(text, names, place) {
                Ok(number) => self.file_frame(kind, registers, phase, number),
                Err(message) => reader.fault(&rows.file, line, message),
            }
        }
    }

    fn file_frame(&mut self, kind: &str, registers: &str, phase: &str, number: usize) {
        let count = self.frames.by_name.len();
        let kind = *self.frames.by_name.entry(kind.to_string()).or_insert(count);
        if kind == self.frames.of.len() {
            self.frames.of.push(Default::default());
        }
        for (register, letter) in REGISTERS.iter().enumerate() {
            for (at, name) in ["b", "p"].iter().enumerate() {
                if registers.contains(letter) && (phase == "a" || phase == *name) {
                    self.frames.of[kind][register * 2 + at].push(number);
                }
            }
        }
    }

    fn read_documents(&mut self, reader: &mut Reader, documents: DocumentsFile, names: &Names) {
        let file = reader.folder.path("documents.toml");
        for entry in documents.document {
            let mut kind = Kind {
                id: entry.id.clone(),
                type_name: entry.type_name,
                holder: entry.holder,
                titles: Vec::new(),
                texts: Vec::new(),
                denials: Vec::new(),
            };
            for title in &entry.titles {
                match self.add_template(title, names, format!("{file}: {}: {title}", entry.id)) {
                    Ok(number) => kind.titles.push(number),
                    Err(message) => reader.fault(&file, 1, format!("document {:?}: {message}", entry.id)),
                }
            }
            for (number, text) in entry.text.iter().enumerate() {
                match read_text(text, names) {
                    Ok(text) => {
                        kind.texts.push(self.texts.len());
                        self.texts.push(text);
                    }
                    Err(message) => {
                        let message = format!("document {:?}, text {}: {message}", entry.id, number + 1);
                        reader.fault(&file, 1, message);
                    }
                }
            }
            self.kind_ids.insert(entry.id, self.kinds.len());
            self.kinds.push(kind);
        }
    }

    fn read_families(&mut self, reader: &mut Reader) {
        let Some(rows) = reader.rows("families.tsv", FAMILIES) else {
            return;
        };
        for (number, (line, [_, _, _, documents, _])) in rows.cells().into_iter().enumerate() {
            for item in documents.split_whitespace() {
                let (id, share) = item.split_once(':').unwrap_or((item, "1"));
                let share = reader.number(&rows.file, line, share);
                if let Some(kind) = self.kind(reader, &rows.file, line, id) {
                    self.families[number].documents.push((kind, share));
                }
            }
        }
    }

    fn kind(&self, reader: &mut Reader, file: &str, line: usize, id: &str) -> Option<usize> {
        let kind = self.kind_ids.get(id).copied();
        if kind.is_none() {
            reader.fault(file, line, format!("no document {id:?} in documents.toml"));
        }
        kind
    }

    fn concept(&self, reader: &mut Reader, file: &str, line: usize, id: &str) -> Option<usize> {
        let concept = self.concepts.by_id.get(id).copied();
        if concept.is_none_or(|c| self.concepts.all[c].terms.is_empty()) {
            let message =
                format!("concept {id:?} is not in the lexicon, or words.tsv has no head of its terms");
            reader.fault(file, line, message);
            return None;
        }
        concept
    }

    fn condition(&self, reader: &mut Reader, file: &str, line: usize, id: &str) -> Option<usize> {
        let condition = self.condition_ids.get(id).copied();
        if condition.is_none() {
            reader.fault(file, line, format!("no condition {id:?} in prevalence.tsv"));
        }
        condition
    }

    fn read_conditions(&mut self, reader: &mut Reader) {
        const COLUMNS: [&str; 16] = [
            "id",
            "group",
            "concepts",
            "per_10000",
            "scope",
            "live",
            "death",
            "topfa",
            "prenatal",
            "sex",
            "family",
            "side",
            "class",
            "from_age",
            "operated",
            "source",
        ];
        let Some(rows) = reader.rows("prevalence.tsv", COLUMNS) else { return };
        for (line, cells) in rows.cells() {
            let condition = self.read_condition(reader, &rows.file, line, cells);
            self.condition_ids.insert(condition.id.clone(), self.conditions.len());
            self.conditions.push(condition);
        }
    }

    fn read_condition(&self, reader: &mut Reader, file: &str, line: usize, cells: [&str; 16]) -> Condition {
        let [
            id,
            _,
            concepts,
            per,
            scope,
            live,
            death,
            topfa,
            prenatal,
            sex,
            family,
            side,
            class,
            from,
            operated,
            _,
        ] = cells;
        let mut number = |text| reader.number(file, line, text);
        let [per, live, death, topfa] = [per, live, death, topfa].map(&mut number);
        let [prenatal, from, operated] = [prenatal, from, operated].map(&mut number);
        if (live + death + topfa - 1.0).abs() > 1e-6 {
            reader.fault(file, line, "live, death and topfa do not sum to 1");
        }
        let family_number = self.families.iter().position(|f| f.id == family);
        if family_number.is_none() {
            reader.fault(file, line, format!("no family {family:?} in families.tsv"));
        }
        if Class::named(class).is_none() {
            reader.fault(file, line, format!("unknown class {class:?}"));
        }
        let concepts: Vec<&str> = concepts.split_whitespace().collect();
        Condition {
            id: id.to_string(),
            concepts: concepts.iter().filter_map(|c| self.concept(reader, file, line, c)).collect(),
            prevalence: per / 10_000.0,
            non_chromosomal: scope == "non_chromosomal",
            death,
            topfa,
            prenatal,
            sex: sex.chars().next().unwrap_or(' '),
            family: family_number.unwrap_or(0),
            has_side: side == "yes",
            class: Class::named(class).unwrap_or_default(),
            from_age: from as i32,
            operated,
            with: self.frames.by_name.get(&format!("with_{id}")).copied(),
            associations: Vec::new(),
        }
    }

    fn read_associations(&mut self, reader: &mut Reader) {
        let columns = ["condition", "with", "probability", "kind"];
        let Some(rows) = reader.rows("associations.tsv", columns) else { return };
        for (line, [id, with, probability, kind]) in rows.cells() {
            let probability = reader.number(&rows.file, line, probability);
            let condition = self.condition(reader, &rows.file, line, id);
            let with = self.condition(reader, &rows.file, line, with);
            if let (Some(condition), Some(with)) = (condition, with) {
                let association = Association { condition: with, probability, sequence: kind == "sequence" };
                self.conditions[condition].associations.push(association);
            }
        }
    }

    fn read_traps(&mut self, reader: &mut Reader) {
        let columns = ["trap", "per_10000", "frame", "block", "conditions", "documents", "extra"];
        let Some(rows) = reader.rows("traps.tsv", columns) else { return };
        for (line, [id, per, frame, block, conditions, documents, extra]) in rows.cells() {
            let per_birth = reader.number(&rows.file, line, per) / 10_000.0;
            let (Some(frame), Some(block)) = (self.frames.by_name.get(frame).copied(), Block::named(block))
            else {
                reader.fault(&rows.file, line, "unknown frame or block");
                continue;
            };
            let file = rows.file.as_str();
            let conditions =
                conditions.split_whitespace().filter_map(|c| self.condition(reader, file, line, c)).collect();
            let documents =
                documents.split_whitespace().filter_map(|d| self.kind(reader, file, line, d)).collect();
            let extra = if extra.is_empty() { None } else { self.kind(reader, file, line, extra) };
            let id = id.to_string();
            self.traps.push(Trap { id, per_birth, frame, block, conditions, documents, extra });
        }
    }

    fn read_denials(&mut self, reader: &mut Reader) {
        let columns = ["documents", "sex", "concepts", "beside"];
        let Some(rows) = reader.rows("denials.tsv", columns) else { return };
        for (line, [documents, sex, concepts, beside]) in rows.cells() {
            let file = rows.file.as_str();
            let beside: Vec<usize> =
                beside.split_whitespace().filter_map(|c| self.condition(reader, file, line, c)).collect();
            for concept in concepts.split_whitespace() {
                let Some(concept) = self.concept(reader, file, line, concept) else { continue };
                let family = self.conditions.iter().find(|c| c.concepts.contains(&concept)).map(|c| c.family);
                let sex = sex.chars().next().unwrap_or(' ');
                for document in documents.split_whitespace() {
                    if let Some(kind) = self.kind(reader, file, line, document) {
                        let beside = beside.clone();
                        self.kinds[kind].denials.push(Denial { sex, concept, family, beside });
                    }
                }
            }
        }
    }

    fn read_small(&mut self, reader: &mut Reader) {
        if let Some(rows) = reader.rows("wrong_codes.tsv", ["code", "wrong"]) {
            for (_, [code, wrong]) in rows.cells() {
                self.wrong_codes.entry(code.to_string()).or_default().push(wrong.to_string());
            }
        }
        if let Some(rows) = reader.rows("gestation.tsv", ["weeks", "weight"]) {
            for (line, [weeks, weight]) in rows.cells() {
                let weeks = reader.number(&rows.file, line, weeks) as i32;
                self.weeks.push((weeks, reader.number(&rows.file, line, weight)));
            }
        }
        if let Some(rows) = reader.rows("areas.tsv", ["area", "weight"]) {
            for (line, [area, weight]) in rows.cells() {
                self.areas.push((area.to_string(), reader.number(&rows.file, line, weight)));
            }
        }
        if let Some(rows) = reader.rows("phenotypes.tsv", ["phenotype", "any", "none", "isolated"]) {
            let list = |text: &str| text.split_whitespace().map(str::to_string).collect();
            for (_, [id, any, none, isolated]) in rows.cells() {
                let isolated = isolated == "yes";
                let definition = Definition { id: id.into(), any: list(any), none: list(none), isolated };
                self.definitions.push(definition);
            }
        }
    }
}

fn read_text(entry: &TextEntry, names: &Names) -> Result<Text, String> {
    use super::template::Slot;
    let register = REGISTERS.iter().position(|r| *r == entry.register);
    let register = register.ok_or_else(|| format!("unknown register {:?}", entry.register))?;
    let lines = entry.body.trim().lines().map(|line| Line::read(line, names));
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    let parts = lines.iter().flat_map(|line| &line.parts);
    let organs = parts.fold(0, |bits, part| match part {
        Part::Slot(Slot::Organ(family)) => bits | 1 << family,
        _ => bits,
    });
    Ok(Text { register, lines, organs })
}
