//! Memberships of cohorts: one definition's are replaced whole, in one transaction.

use rusqlite::{TransactionBehavior, params};

use super::Warehouse;
use crate::warehouse::{Membership, WarehouseError};

impl Warehouse {
    /// Replaces the memberships of one version of a definition.
    pub fn put_cohort(
        &mut self,
        phenotype: &str,
        version: &str,
        members: &[Membership<'_>],
    ) -> Result<(), WarehouseError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached("DELETE FROM cohorts WHERE phenotype = ?1 AND phenotype_version = ?2")?
            .execute([phenotype, version])?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO cohorts (phenotype, phenotype_version, patient_id, case_level, index_date, evidence, class, run_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
            )?;
            for member in members {
                let evidence = super::keys::json(&member.evidence)?;
                insert.execute(params![
                    phenotype,
                    version,
                    member.patient_id,
                    member.case_level,
                    member.index_date,
                    evidence,
                    member.class
                ])?;
            }
        }
        Ok(transaction.commit()?)
    }
}
