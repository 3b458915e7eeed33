//! A report as received: identifiers, type, dates and text. Never changed afterwards.

use jiff::civil::Date;

/// One report. `text` is exactly what was received; every span of the engine refers to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Key of the report, at most 255 characters.
    pub id: String,
    /// A higher version replaces a lower one; 0 when the source has none.
    pub version: i64,
    /// Pseudonym of the patient whose record holds the report.
    pub patient_id: Option<String>,
    /// Pseudonym of the stay.
    pub visit_id: Option<String>,
    /// Type as the source writes it; `lexicons/documents` says what each type means.
    pub document_type: Option<String>,
    /// Title of the report.
    pub title: Option<String>,
    /// Ward or unit of care that made the report, as the source writes it.
    pub ward: Option<String>,
    /// Date of the act.
    pub date: Option<Date>,
    /// Birth date of the patient.
    pub birth_date: Option<Date>,
    /// Language tag given by the source; not interpreted.
    pub language: Option<String>,
    /// The report, as received.
    pub text: String,
    /// Fields the contract does not name, kept only when asked for.
    pub source_fields: serde_json::Map<String, serde_json::Value>,
}
