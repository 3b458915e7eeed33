//! Review of cases by people: which ones to judge, and what their verdicts say of the phenotype.
