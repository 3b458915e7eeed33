//! `surveillance.toml`: what is watched, in which areas, and how much may be a false alarm. Unknown keys are refused.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// No public report shows counts under this, whatever a configuration says.
const LEAST_CELL: u64 = 5;

/// What stands for keys that a configuration leaves out.
pub const DEFAULT: &str = include_str!("../../surveillance/default.toml");

/// A configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Runs of one name follow one another.
    pub name: String,
    /// French title of the reports.
    pub title: String,
    /// Ids, families, files or folders of definitions.
    pub phenotypes: Vec<String>,
    /// Levels that are counted.
    pub levels: Vec<String>,
    /// The date that counts a case.
    pub dated_by: DatedBy,
    /// First characters of a code of residence that are the code of an area; 0 for all.
    pub residence_prefix: u8,
    /// Length of the study, in years.
    pub years: u16,
    /// Whole months before the cut-off that are left out.
    pub delay_months: u16,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Smallest count that is shown without patients.
    pub least_cell: u64,
    /// Areas of the study with their names; empty for those of the births.
    #[serde(default)]
    pub areas: BTreeMap<String, String>,
    /// Coordinates of areas, in kilometres on any plane; taken from the map when left out.
    #[serde(default)]
    pub centroids: BTreeMap<String, (f64, f64)>,
    /// The map of the areas.
    pub map: Option<MapFile>,
    /// Published rates; those shipped when left out.
    pub reference: Option<PathBuf>,
    /// Known associations of phenotypes; those shipped when left out.
    pub associations: Option<PathBuf>,
    /// How much may be a false alarm.
    pub limits: Limits,
    /// CUSUM charts.
    pub cusum: Cusum,
    /// Clusters in time.
    pub temporal_scan: TemporalScan,
    /// Excess of a month.
    pub farrington: Farrington,
    /// Clusters in space.
    pub spatial_scan: SpatialScan,
    /// Clusters in space and time.
    pub space_time: SpaceTime,
    /// Trends.
    pub trend: TrendOver,
    /// Rare combinations.
    pub combinations: CombinationsOf,
}

/// The date that counts a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatedBy {
    /// Birth, or the end of the pregnancy; first evidence when it is not known.
    Birth,
    /// Estimated conception: birth less gestational age plus 14 days.
    Conception,
    /// First evidence of the case.
    FirstEvidence,
}

impl DatedBy {
    /// The spelling of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Birth => "birth",
            Self::Conception => "conception",
            Self::FirstEvidence => "first_evidence",
        }
    }
}

/// A GeoJSON file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapFile {
    /// The file; a relative path is relative to the configuration.
    pub file: PathBuf,
    /// Property that holds the code of the area.
    pub property: Option<String>,
}

/// How much may be a false alarm, and what is drawn.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Share of the signals of a detector.
    pub false_discovery_rate: f64,
    /// Signals a year of all CUSUM charts together.
    pub false_signals_per_year: f64,
    /// Months before the end of the study in which an excess is news.
    pub watch_months: u16,
    /// Replications of what is drawn.
    pub replications: u32,
}

/// CUSUM charts.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cusum {
    /// The excess that the chart is made to find.
    pub ratio: f64,
    /// Cases of the region that the rate of an area leans on.
    pub prior_cases: f64,
}

/// Clusters in time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporalScan {
    /// Years looked at.
    pub years: u16,
    /// Cases in them.
    pub least_cases: u32,
    /// Cases above which it is not asked: a shortest run says little of what is frequent.
    pub most_cases: u32,
    /// Cases in the cluster.
    pub least_in_cluster: u32,
    /// Longest cluster, in days.
    pub longest_days: u32,
}

/// Excess of a month.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Farrington {
    /// Years of history.
    pub years_back: u16,
    /// Months on either side of the same month of those years.
    pub window: u16,
    /// Parts of the year with a level of their own; 1 for none.
    pub seasons: u16,
    /// Cases a year under which the method is not asked.
    pub least_yearly: u32,
}

/// Clusters in space.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpatialScan {
    /// Years looked at.
    pub years: u16,
    /// Cases in them.
    pub least_cases: u32,
    /// Largest share of the expected cases in a circle.
    pub largest_share: f64,
}

/// Clusters in space and time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceTime {
    /// Years looked at.
    pub years: u16,
    /// Cases in them.
    pub least_cases: u32,
    /// Longest cluster, in months.
    pub longest_months: u32,
}

/// Trends.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendOver {
    /// Years looked at.
    pub years: u16,
    /// Cases in them.
    pub least_cases: u32,
}

/// Rare combinations.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CombinationsOf {
    /// Children with both.
    pub least_children: u32,
}

impl Config {
    /// A configuration with every key, as TOML: what a run keeps, since later programs may have other defaults.
    ///
    /// # Errors
    /// See [`Config::read`].
    pub fn complete(file: &str, text: &str) -> Result<String, String> {
        toml::to_string(&merged(file, text)?).map_err(|error| format!("{file}: {error}"))
    }

    /// The shipped configuration.
    ///
    /// # Errors
    /// A fault of the shipped file.
    pub fn shipped() -> Result<Self, String> {
        Self::read("surveillance/default.toml", "")
    }

    /// Reads a configuration; keys that it leaves out are those of [`DEFAULT`].
    ///
    /// # Errors
    /// File and line, what was expected.
    pub fn read(file: &str, text: &str) -> Result<Self, String> {
        let config: Self = merged(file, text)?.try_into().map_err(|error| told(file, text, &error))?;
        config.check().map_err(|(key, problem)| format!("{}: {key} {problem}", place(file, text, key)))?;
        Ok(config)
    }

    /// Values that no run could use: the key, and what is wrong.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let (limits, years) = (&self.limits, i64::from(self.years));
        let share = |value: f64| value > 0.0 && value < 1.0;
        let known = |years: u16| (1..=i64::from(self.years)).contains(&i64::from(years));
        let longest = i64::from(self.temporal_scan.years) * 365;
        let finite = self.centroids.values().all(|(x, y)| x.is_finite() && y.is_finite());
        let rules: [(&'static str, bool, &str); 18] = [
            ("centroids", finite, "are finite kilometres"),
            ("name", is_name(&self.name), "is one to 64 letters, digits, hyphens or underscores"),
            ("phenotypes", !self.phenotypes.is_empty(), "names at least one definition"),
            ("levels", !self.levels.is_empty(), "names at least one level"),
            ("years", (3..=50).contains(&years), "is from 3 to 50"),
            ("delay_months", i64::from(self.delay_months) < years * 12 - 24, "leaves at least two years"),
            ("least_cell", (LEAST_CELL..=1000).contains(&self.least_cell), "is from 5 to 1000"),
            ("false_discovery_rate", share(limits.false_discovery_rate), "is between 0 and 1"),
            (
                "false_signals_per_year",
                (1e-6..=1000.0).contains(&limits.false_signals_per_year),
                "is from 0.000001 to 1000",
            ),
            (
                "watch_months",
                (1..=i64::from(self.years) * 12 - 24).contains(&limits.watch_months.into()),
                "is at least 1 and leaves two years before",
            ),
            ("replications", (19..=1_000_000).contains(&limits.replications), "is from 19 to 1000000"),
            ("ratio", (1.05..=100.0).contains(&self.cusum.ratio), "is from 1.05 to 100"),
            ("prior_cases", (0.0..=1e6).contains(&self.cusum.prior_cases), "is from 0 to 1000000"),
            (
                "longest_days",
                (1..=longest).contains(&self.temporal_scan.longest_days.into()),
                "is within the years of the scan",
            ),
            ("least_in_cluster", self.temporal_scan.least_in_cluster >= 2, "is at least 2"),
            (
                "years",
                [self.temporal_scan.years, self.spatial_scan.years, self.space_time.years]
                    .into_iter()
                    .all(known),
                "of a detector is within the study",
            ),
            (
                "years_back",
                self.farrington.years_back >= 1 && self.farrington.seasons >= 1,
                "and seasons are at least 1",
            ),
            ("largest_share", share(self.spatial_scan.largest_share), "is between 0 and 1"),
        ];
        match rules.iter().find(|(_, holds, _)| !holds) {
            None => Ok(()),
            Some((key, _, rule)) => Err((key, (*rule).to_string())),
        }
    }
}

/// The keys of a text over those of [`DEFAULT`].
fn merged(file: &str, text: &str) -> Result<toml::Table, String> {
    let own: toml::Table = text.parse().map_err(|error| told(file, text, &error))?;
    let mut all: toml::Table = DEFAULT.parse().map_err(|error| told("default.toml", DEFAULT, &error))?;
    for (key, value) in own {
        match (all.get_mut(&key), value) {
            (Some(toml::Value::Table(known)), toml::Value::Table(own)) => known.extend(own),
            (_, value) => drop(all.insert(key, value)),
        }
    }
    Ok(all)
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&name.chars().count()) && name.chars().all(fits)
}

/// A fault of TOML with its line: the parser's when it has one, else that of the first key the message names.
fn told(file: &str, text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    if let Some(span) = error.span() {
        let line = text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1);
        return format!("{file}:{line}: {message}");
    }
    // A merged table has no lines; what it says names the key in backquotes.
    let shown = error.to_string();
    let key = shown.split('`').nth(1).unwrap_or_default();
    format!(
        "{}: {}",
        place(file, text, key.rsplit('.').next().unwrap_or_default()),
        shown.trim().replace('\n', " ")
    )
}

/// File and line of a key; the file alone when the key is not written in it.
fn place(file: &str, text: &str, key: &str) -> String {
    let is_it = |line: &str| {
        let rest = line.trim_start().strip_prefix(key).map(str::trim_start);
        !key.is_empty() && rest.is_some_and(|rest| rest.starts_with('='))
    };
    match text.lines().position(is_it) {
        Some(line) => format!("{file}:{}", line + 1),
        None => file.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_says_what_differs() {
        let config = Config::read("own.toml", "years = 8\n[limits]\nwatch_months = 6\n").unwrap();
        assert_eq!((config.years, config.limits.watch_months, config.limits.replications), (8, 6, 9999));
        assert_eq!(config.name, "eurocat");
        Config::shipped().unwrap();
    }

    #[test]
    fn faults_have_a_line() {
        for (text, told) in [
            ("years = 8\nyeers = 3\n", "own.toml:2: "),
            ("years = 8\n[limits]\nwatch = 3\n", "own.toml:3: "),
            ("years = 1\n", "own.toml:1: years is from 3 to 50"),
            ("# c\nyears = \"ten\"\n", "own.toml:2: "),
            ("dated_by = \"death\"\n", "own.toml"),
            ("[limits]\nfalse_discovery_rate = 2\n", "own.toml:2: false_discovery_rate is between 0 and 1"),
            ("name = \"a b\"\n", "own.toml:1: name is one to 64"),
            ("years = \n", "own.toml:1: "),
        ] {
            let error = Config::read("own.toml", text).unwrap_err();
            assert!(error.starts_with(told), "{text:?}: {error}");
        }
    }
}
