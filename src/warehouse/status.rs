//! What a warehouse tells of itself: runs, versions, what is set aside and why.

use super::database::{Row, params};
use super::{EngineRecord, SetAside, Warehouse, WarehouseError};

type Result<T> = std::result::Result<T, WarehouseError>;

impl Warehouse {
    /// The engines that made what is stored, with the number of documents of each, the latest first.
    pub fn engines(&self) -> Result<Vec<EngineRecord>> {
        let sql =
            "SELECT g.engine, g.name, g.lexicons, g.model, g.options, coalesce(n.documents, 0) FROM engines g
            LEFT JOIN (SELECT engine, count(*) AS documents FROM documents
                WHERE status = 'annotated' AND withdrawn IS NULL GROUP BY engine) AS n ON n.engine = g.engine
            ORDER BY g.engine DESC";
        self.database.list(sql, &[], |row: &mut Row<'_>| {
            let _: i64 = row.next()?;
            Ok(EngineRecord {
                name: row.next()?,
                lexicons: row.json("engines.lexicons")?,
                model: row.next()?,
                options: row.next()?,
                documents: row.count()?,
            })
        })
    }

    /// How many inputs are set aside for each reason, and are not read since; the most frequent first.
    pub fn reasons(&self) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT code, count(*) FROM v_rejections WHERE NOT document_annotated OR code = 'conflict' GROUP BY code ORDER BY 2 DESC, 1";
        self.database.list(sql, &[], |row: &mut Row<'_>| Ok((row.next()?, row.count()?)))
    }

    /// Inputs set aside and not read since, by file and line.
    pub fn set_aside(&self, limit: u32) -> Result<Vec<SetAside>> {
        let sql =
            "SELECT file, line, code, reason, document_id FROM v_rejections WHERE NOT document_annotated OR code = 'conflict'
            ORDER BY file, line, code LIMIT ?1";
        self.database.list(sql, params![limit], |row: &mut Row<'_>| {
            Ok(SetAside {
                file: row.next()?,
                line: row.count()?,
                code: row.next()?,
                reason: row.next()?,
                document_id: row.next()?,
            })
        })
    }

    /// How many reports their source no longer has, and how many events the history holds.
    pub fn history(&self) -> Result<(u64, u64)> {
        let withdrawn = "SELECT count(*) FROM documents WHERE withdrawn IS NOT NULL";
        let retired = self.database.scalar::<i64>("SELECT count(*) FROM retired", &[])?;
        Ok((self.database.scalar::<i64>(withdrawn, &[])? as u64, retired as u64))
    }

    /// How far a followed source was read.
    pub fn watermark(&self, source: &str) -> Result<Option<String>> {
        self.database
            .first("SELECT value FROM watermarks WHERE source = ?1", params![source], |row| row.next())
    }
}
