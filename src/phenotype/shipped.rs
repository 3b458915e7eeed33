//! The definitions shipped inside the program, so that it runs from any folder.

/// Embeds files under `phenotypes/`.
macro_rules! files {
    ($($file:literal),+ $(,)?) => {
        &[$((concat!("phenotypes/", $file), include_str!(concat!("../../phenotypes/", $file)))),+]
    };
}

/// A template with its table.
pub(super) struct Family {
    pub template_file: &'static str,
    pub template: &'static str,
    pub table_file: &'static str,
    pub table: &'static str,
}

/// Definitions with a file of their own.
pub(super) const FILES: &[(&str, &str)] = files!(
    "chd_severe.toml",
    "cleft_palate_isolated.toml",
    "fasd.toml",
    "limb_transverse_upper.toml",
    "oesophageal_atresia.toml",
    "eurocat/class.toml",
    "eurocat/pda_term.toml",
);

/// Families.
pub(super) const FAMILIES: &[Family] = &[Family {
    template_file: "phenotypes/eurocat/family.toml",
    template: include_str!("../../phenotypes/eurocat/family.toml"),
    table_file: "phenotypes/eurocat/subgroups.tsv",
    table: include_str!("../../phenotypes/eurocat/subgroups.tsv"),
}];
