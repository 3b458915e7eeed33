//! Memberships of cohorts: one definition's are replaced whole, in one transaction.

use super::database::{Access, params};
use super::store::json;
use super::{Membership, Warehouse, WarehouseError};

impl Warehouse {
    /// Replaces the memberships of one version of a definition.
    pub fn put_cohort(
        &mut self,
        phenotype: &str,
        version: &str,
        members: &[Membership<'_>],
    ) -> Result<(), WarehouseError> {
        let transaction = self.database.begin(Access::Write)?;
        let delete = "DELETE FROM cohorts WHERE phenotype = ?1 AND phenotype_version = ?2";
        transaction.execute(delete, params![phenotype, version])?;
        let now = super::store::now();
        for member in members {
            let evidence = json(&member.evidence)?;
            transaction.execute(
                "INSERT INTO cohorts (phenotype, phenotype_version, patient_id, case_level, index_date, evidence, class, run_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    phenotype,
                    version,
                    member.patient_id,
                    member.case_level,
                    member.index_date,
                    &evidence,
                    member.class,
                    &now
                ],
            )?;
        }
        transaction.commit()
    }
}
