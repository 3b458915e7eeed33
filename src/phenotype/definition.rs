//! A definition as its author wrote it: one TOML file, every key named, unknown keys refused.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A phenotype definition. `docs/phenotypes.md` explains each key with examples.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Stable name, for instance `oesophageal_atresia` or `eurocat/vsd`.
    pub id: Spanned<String>,
    /// French name.
    pub title: String,
    /// The definition in prose, for people.
    #[serde(rename = "definition")]
    pub prose: String,
    /// Where it comes from.
    #[serde(default)]
    pub reference: String,
    /// Who answers for it.
    #[serde(default)]
    pub owner: String,
    /// How far it was validated.
    #[serde(default)]
    pub status: Status,
    /// Who is counted.
    #[serde(default)]
    pub subject: Subject,
    /// Names of the levels, strongest first.
    #[serde(default = "default_levels")]
    pub levels: Vec<String>,
    /// The date a case is dated by.
    #[serde(default)]
    pub index: Index,
    /// What counts as the finding.
    #[serde(default)]
    pub sets: BTreeMap<String, Spanned<Set>>,
    /// What must be found.
    #[serde(default)]
    pub rules: BTreeMap<String, Spanned<Rule>>,
    /// When a patient reaches a level, strongest first.
    #[serde(default, rename = "level")]
    pub steps: Vec<Spanned<Step>>,
    /// What removes a case.
    #[serde(default, rename = "exclude")]
    pub excludes: Vec<Spanned<Exclude>>,
    /// What cancels a suspicion afterwards.
    #[serde(default, rename = "veto")]
    pub vetoes: Vec<Spanned<Veto>>,
    /// Vignettes with the expected verdict.
    #[serde(default, rename = "case")]
    pub cases: Vec<Spanned<Vignette>>,
}

fn default_levels() -> Vec<String> {
    ["definite", "probable", "possible"].map(String::from).into()
}

/// How far a definition was validated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written.
    #[default]
    Draft,
    /// Read by a second person.
    Reviewed,
    /// Measured by chart review.
    Validated,
    /// No longer in use.
    Retired,
}

/// Who is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The patient of the record.
    #[default]
    Patient,
    /// The child: its own record, and what its mother's documents say of the fetus of this pregnancy.
    Child,
}

/// The date a case is dated by.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"birth\", \"conception\", \"first\", \"last\" or { rule = NAME, take = \"first\" | \"last\" }"
)]
pub enum Index {
    /// A day that does not depend on one rule.
    Of(Landmark),
    /// The first or last event of a rule.
    Rule(RuleIndex),
    /// First evidence.
    #[default]
    #[serde(skip)]
    Unset,
}

/// The first or last event of a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleIndex {
    /// Rule of evidence.
    pub rule: String,
    /// Which of its events.
    #[serde(default)]
    pub take: Take,
}

/// A day in the life of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Landmark {
    /// Day of birth; first evidence when it is not known.
    Birth,
    /// Birth minus gestational age plus 14 days; first evidence when it is not known.
    Conception,
    /// First evidence of the case.
    First,
    /// Last evidence of the case.
    Last,
}

/// Which of several events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// The earliest.
    #[default]
    First,
    /// The latest.
    Last,
    /// Whichever fits.
    Any,
}

/// What counts as a finding: structured events are matched by code, events of a text by subgroup or concept
/// when the set names one, by code otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Set {
    /// `SYSTEM:CODE` or `SYSTEM:FIRST-LAST`, closed under the hierarchy of the system.
    pub codes: Vec<String>,
    /// Codes taken out again.
    pub not_codes: Vec<String>,
    /// Subgroups of the lexicons, with what lies under them.
    pub subgroups: Vec<String>,
    /// Subgroups taken out again.
    pub not_subgroups: Vec<String>,
    /// Concepts of the lexicons; `name.*` takes all under a name.
    pub concepts: Vec<String>,
    /// Concepts taken out again.
    pub not_concepts: Vec<String>,
}

/// One rule, in one of three forms: of evidence (`set`), of the person (`person`, `followed`), of other rules
/// (`any`, `all`, `none`, `at_least` with `of`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Set or sets whose events are looked for.
    pub set: Option<OneOrMore>,
    /// How they were found.
    pub method: Option<MethodFilter>,
    /// What the report concludes; `present` unless said.
    pub assertion: Option<Vec<String>>,
    /// How sure the report is.
    pub certainty: Option<Range>,
    /// Whose finding it is.
    pub experiencer: Option<Vec<String>>,
    /// When it holds; `current` and `past` unless said.
    pub temporality: Option<Vec<String>>,
    /// Types of report.
    pub document_types: Option<Vec<String>>,
    /// Types of report left out.
    pub not_document_types: Option<Vec<String>>,
    /// Sections of the report.
    pub sections: Option<Vec<String>>,
    /// Sections left out.
    pub not_sections: Option<Vec<String>>,
    /// Wards of the report or stay.
    pub wards: Option<Wards>,
    /// Sides.
    pub laterality: Option<Vec<String>>,
    /// `DP`, `DR` or `DAS` of a structured diagnosis.
    pub position: Option<Vec<String>>,
    /// The number measured.
    pub value: Option<ValueRange>,
    /// Gestational age at the event, in days.
    pub gestational_age_days: Option<Range>,
    /// Age at the event, in days.
    pub age_days: Option<Range>,
    /// Dates of the event.
    pub calendar: Option<Calendar>,
    /// Before or after birth.
    pub phase: Option<Phase>,
    /// Days from something else.
    pub within: Option<Within>,
    /// Only in the documents where this rule finds something.
    pub same_document: Option<String>,
    /// Only in the documents where this rule finds nothing.
    pub not_same_document: Option<String>,
    /// How many.
    pub at_least: Option<u32>,
    /// Of what.
    pub count: Option<Count>,
    /// Where they are counted together.
    pub per: Option<Per>,
    /// Findings of a multiple pregnancy whose child is not named.
    pub twins: Option<Twins>,
    /// Whose events: the subject's, or a relative's through the links.
    #[serde(rename = "as")]
    pub role: Option<Role>,
    /// What is known of the person.
    pub person: Option<PersonFilter>,
    /// For how long the person is known.
    pub followed: Option<Followed>,
    /// One of these.
    pub any: Option<Vec<Expression>>,
    /// All of these.
    pub all: Option<Vec<Expression>>,
    /// None of these; only beside a rule that affirms, in an `all`.
    pub none: Option<Vec<Expression>>,
    /// With `at_least`: so many of these.
    pub of: Option<Vec<Expression>>,
}

impl Set {
    /// How many words stand in its lists.
    pub fn words(&self) -> usize {
        let named = self.codes.len() + self.subgroups.len() + self.concepts.len();
        named + self.not_codes.len() + self.not_subgroups.len() + self.not_concepts.len()
    }
}

impl Rule {
    /// How many words stand in its lists.
    pub fn words(&self) -> usize {
        let lists = [
            &self.assertion,
            &self.experiencer,
            &self.temporality,
            &self.document_types,
            &self.not_document_types,
            &self.sections,
            &self.not_sections,
            &self.laterality,
            &self.position,
        ];
        let person = self.person.iter().flat_map(|person| [&person.outcome, &person.residence]);
        let listed: usize = lists.into_iter().chain(person).flatten().map(Vec::len).sum();
        let sets = self.set.as_ref().map_or(0, |sets| sets.as_slice().len());
        listed + sets + self.wards.as_ref().map_or(0, |wards| wards.like.len())
    }

    /// True when it accepts structured events, or events of a text.
    pub fn reads(&self, structured: bool) -> bool {
        match self.method.unwrap_or_default() {
            MethodFilter::Any => true,
            MethodFilter::Structured => structured,
            _ => !structured,
        }
    }
}

/// The name of a rule, or rules put together on the spot.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected the name of a rule, or a table with any, all, none, or at_least and of"
)]
pub enum Expression {
    /// A rule of this definition.
    Name(String),
    /// Rules put together.
    Inline(Box<Logic>),
}

/// Rules put together on the spot.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logic {
    /// One of these.
    pub any: Option<Vec<Expression>>,
    /// All of these.
    pub all: Option<Vec<Expression>>,
    /// None of these.
    pub none: Option<Vec<Expression>>,
    /// So many of `of`.
    pub at_least: Option<u32>,
    /// With `at_least`.
    pub of: Option<Vec<Expression>>,
}

/// One word or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a name or a list of names")]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    /// The words.
    pub fn as_slice(&self) -> &[String] {
        match self {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        }
    }
}

/// `structured`, `text`, `any`, or the methods themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodFilter {
    /// Codes of the hospital.
    Structured,
    /// Read in a report, by whatever means.
    Text,
    /// Read in a report by a term of a lexicon.
    Dictionary,
    /// Read in a report by a pattern.
    Pattern,
    /// Read in a report by a model.
    Neural,
    /// Either.
    #[default]
    Any,
}

/// A range of numbers; `from` is in, `below` is out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Range {
    /// At least this.
    pub from: Option<f64>,
    /// Less than this.
    pub below: Option<f64>,
    /// What is done when the number is not known; it is refused unless said.
    pub missing: Missing,
}

/// What is done when a fact is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The event does not count.
    #[default]
    Refuse,
    /// The event counts.
    Accept,
}

/// A measured number in a unit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValueRange {
    /// At least this.
    pub from: Option<f64>,
    /// Less than this.
    pub below: Option<f64>,
    /// Unit as the events have it.
    pub unit: Option<String>,
}

/// Wards, by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wards {
    /// Pieces of the name, any of them, whatever the case.
    pub like: Vec<String>,
    /// When the ward is not known.
    pub missing: Missing,
}

/// Dates; both ends are in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// First day, ISO.
    pub from: Option<String>,
    /// Last day, ISO.
    pub until: Option<String>,
}

/// Before or after birth, by date when birth is known, by type of report otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before birth.
    Prenatal,
    /// From the day of birth, or in a report that is only made after it.
    Postnatal,
}

/// Days from a landmark or from the events of another rule; both ends are in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// `birth`, `conception`, `index`, or a rule of evidence.
    pub of: String,
    /// Which event of the rule.
    #[serde(default)]
    pub take: Take,
    /// Earliest, in days.
    pub from: Option<i32>,
    /// Latest, in days.
    pub until: Option<i32>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Mentions and codes.
    Events,
    /// Distinct reports.
    Documents,
    /// Distinct types of report.
    DocumentTypes,
    /// Distinct days.
    Days,
    /// Distinct stays.
    Stays,
    /// Distinct sets, of those the rule names.
    Sets,
}

/// Where events are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Inside one report.
    Document,
}

/// Findings of a multiple pregnancy whose child is not named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Twins {
    /// Only findings of a named child count.
    #[default]
    Named,
    /// A finding of "one of the twins" counts for each.
    Any,
}

/// Whose events a rule looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The subject's.
    #[default]
    Subject,
    /// The mother's: her own record during this pregnancy, and what the child's record says of her.
    Mother,
    /// The co-twin's.
    Twin,
}

/// What is known of a person.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersonFilter {
    /// `live_birth`, `fetal_death`, `topfa`.
    pub outcome: Option<Vec<String>>,
    /// Sex, as loaded.
    pub sex: Option<String>,
    /// Gestational age at birth, in days.
    pub gestational_age_days: Option<Range>,
    /// Born of a multiple pregnancy.
    pub multiple: Option<bool>,
    /// Days of birth.
    pub birth: Option<Calendar>,
    /// Area codes, or their first characters.
    pub residence: Option<Vec<String>>,
    /// Her or his mother is known.
    pub mother_known: Option<bool>,
}

/// For how long a person is known after birth.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Followed {
    /// Days from birth to the last report or code, at least.
    pub days: u32,
}

/// When a level is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// One of the levels; several steps may lead to one.
    pub name: String,
    /// The condition.
    pub when: Expression,
    /// What this step is called, when several lead to one level.
    #[serde(default)]
    pub label: String,
    /// Where the step comes from.
    #[serde(default)]
    pub source: String,
    /// Written from memory: to be checked against its source.
    #[serde(default)]
    pub review: bool,
}

/// What removes a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclude {
    /// Its name, as explanations give it.
    pub name: String,
    /// The condition.
    pub when: Expression,
    /// Only from these levels; all unless said.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Why, and where it comes from.
    #[serde(default)]
    pub source: String,
    /// Written from memory.
    #[serde(default)]
    pub review: bool,
}

/// A later exclusion cancels an earlier suspicion.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    /// Its name.
    pub name: String,
    /// Rule of evidence: the exclusion.
    pub when: String,
    /// Rule of evidence: what it may cancel, when reported no later.
    pub after: String,
    /// Rule of evidence: an event of it, reported the same day or later, keeps the case.
    pub unless: String,
}

/// A patient with events, and the verdict expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vignette {
    /// What is tried.
    pub name: String,
    /// Level, or `none`.
    pub expect: String,
    /// Expected index date, ISO.
    #[serde(default)]
    pub index: Option<String>,
    /// Expected name of the rule, exclusion or veto that fails.
    #[serde(default)]
    pub failed: Option<String>,
    /// The patient.
    #[serde(default)]
    pub person: Option<VignettePerson>,
    /// Others: the mother's other children, a twin.
    #[serde(default)]
    pub persons: Vec<VignettePerson>,
    /// What was read and coded.
    #[serde(default)]
    pub events: Vec<VignetteEvent>,
}

/// A person of a vignette; the patient is `P` unless said.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VignettePerson {
    /// Name of the person in the vignette.
    pub patient_id: Option<String>,
    /// Day of birth, ISO.
    pub birth_date: Option<String>,
    /// Sex.
    pub sex: Option<String>,
    /// Gestational age at birth, in days.
    pub gestational_age_days_at_birth: Option<u16>,
    /// Outcome of the pregnancy.
    pub outcome: Option<String>,
    /// The mother.
    pub mother_id: Option<String>,
    /// Rank in a multiple birth.
    pub multiple_birth_rank: Option<u8>,
    /// Area.
    pub residence: Option<String>,
    /// Day of conception, ISO.
    pub conception_date: Option<String>,
}

/// An event of a vignette; structured unless it names a document.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VignetteEvent {
    /// Whose record; the patient's unless said.
    pub patient: Option<String>,
    /// Report it was read in.
    pub document: Option<String>,
    /// Type of the report.
    #[serde(rename = "type")]
    pub document_type: Option<String>,
    /// Date of the report or of the code, ISO.
    pub date: Option<String>,
    /// Date of the event when it is another.
    pub event_date: Option<String>,
    /// Section of the report.
    pub section: Option<String>,
    /// Ward.
    pub ward: Option<String>,
    /// Stay.
    pub visit: Option<String>,
    /// Codes, `SYSTEM:CODE`.
    pub codes: Vec<String>,
    /// Subgroups, parents included.
    pub subgroups: Vec<String>,
    /// Concept.
    pub concept: Option<String>,
    /// What the report concludes; `present` unless said.
    pub assertion: Option<String>,
    /// How sure it is; 1 unless said.
    pub certainty: Option<f64>,
    /// Whose finding; `patient` unless said.
    pub experiencer: Option<String>,
    /// Which fetus.
    pub fetus_index: Option<u8>,
    /// `current` unless said.
    pub temporality: Option<String>,
    /// Side.
    pub laterality: Option<String>,
    /// `DP`, `DR`, `DAS`.
    pub position: Option<String>,
    /// Measured number.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Option<String>,
    /// Gestational age at the event, in days.
    pub gestational_age_days: Option<u16>,
}
