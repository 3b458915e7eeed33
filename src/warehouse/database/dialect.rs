//! The few things that PostgreSQL spells otherwise than the SQL of this crate.

#![cfg_attr(not(feature = "postgres"), allow(dead_code))]

use std::borrow::Cow;

/// The statement for PostgreSQL: `?1` is `$1`; joins need no fixed order, indexes no names.
pub(super) fn translated(sql: &str) -> Cow<'_, str> {
    if !sql.contains(['?', 'C']) && !sql.contains("INDEXED") {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len() + 8);
    let mut rest = sql;
    while let Some(at) = rest.find(['?', 'C', 'I']) {
        out.push_str(&rest[..at]);
        let here = &rest[at..];
        rest = if let Some(after) = here.strip_prefix('?') {
            out.push('$');
            after
        } else if here.starts_with("CROSS JOIN") {
            &here["CROSS ".len()..]
        } else if let Some(after) = here.strip_prefix("INDEXED BY ") {
            &after[after.find([' ', '\n']).unwrap_or(after.len())..]
        } else {
            out.push_str(&here[..1]);
            &here[1..]
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn places_joins_and_indexes_are_spelt_for_postgresql() {
        let sql = "SELECT a FROM t CROSS JOIN u INDEXED BY u_a ON u.a = t.a WHERE t.b = ?1 OR ?12 IS NULL";
        assert_eq!(translated(sql), "SELECT a FROM t JOIN u  ON u.a = t.a WHERE t.b = $1 OR $12 IS NULL");
        assert_eq!(translated("SELECT 1"), "SELECT 1");
    }
}
