//! Publication into PostgreSQL: a private server in a temporary folder, when the machine has its programs.

use super::{rows, warehouse};
use crate::support::Bench;
use laennec::exchange::{key_of, short_key_of};
use postgres::{Client, NoTls};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// Where packages put the programs of the server.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// A server of our own, stopped with this value.
struct Server {
    folder: TempDir,
    programs: PathBuf,
}

impl Server {
    /// Starts one; none, and a line that says so, when there are no programs or it cannot run here.
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: no PostgreSQL server under {PROGRAMS} nor in PATH");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("lxpg").tempdir_in("/tmp").unwrap();
        let server = Self { folder, programs };
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(server.folder.path()).status();
            if !owned.is_ok_and(|status| status.success()) {
                eprintln!("SKIPPED: a server does not run as root, and there is no user postgres");
                return None;
            }
        }
        let socket = server.folder.path().display().to_string();
        server.run(
            "initdb",
            &["-D", &server.data(), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"],
        );
        let options = format!("-k {socket} -c listen_addresses='' -c fsync=off");
        let log = format!("{socket}/log");
        server.run("pg_ctl", &["-D", &server.data(), "-w", "-l", &log, "-o", &options, "start"]);
        Some(server)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Runs a program of the server, as its user when we are root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        let status = command.args(arguments).current_dir("/tmp").stdout(std::process::Stdio::null()).status();
        assert!(status.unwrap().success(), "{command:?}");
    }

    /// The address of a schema.
    fn address(&self, parameters: &str) -> String {
        let host = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://postgres:secret@{host}/postgres?{parameters}")
    }

    /// A client, and the name of a schema of its own.
    fn schema(&self) -> (Client, String) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("s{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut client = Client::connect(self.address("").trim_end_matches('?'), NoTls).unwrap();
        client.batch_execute(&format!("CREATE SCHEMA {name}; SET search_path = {name}")).unwrap();
        (client, name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|at| std::os::unix::fs::MetadataExt::uid(&at) == 0)
}

fn programs() -> Option<PathBuf> {
    let versions =
        std::fs::read_dir(PROGRAMS).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_server = |folder: &PathBuf| folder.join("initdb").exists() && folder.join("pg_ctl").exists();
    let found: Vec<PathBuf> = versions.chain(std::env::split_paths(&path)).filter(has_server).collect();
    found.into_iter().max().filter(|folder| folder.is_absolute() && Path::new("/tmp").is_dir())
}

/// The content of the four tables, whatever the order of their rows.
fn digest(client: &mut Client) -> Vec<String> {
    ["note_nlp", "fact_relationship", "cohort", "cohort_definition"]
        .iter()
        .map(|table| {
            let sql = format!(
                "SELECT coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {table} t"
            );
            client.query_one(&sql, &[]).unwrap().get(0)
        })
        .collect()
}

fn number(client: &mut Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).expect(sql).get(0)
}

fn publish(bench: &Bench, server: &Server, parameters: &str, code: i32) -> String {
    let address = server.address(parameters);
    let ran = bench.run(&["publish", "omop", "c.db", "--into", &address]).ends_with(code);
    assert!(!ran.err.contains("secret"), "{}", ran.err);
    ran.out + &ran.err
}

/// The official definition of the CDM 5.4 for PostgreSQL, as far as these tables go: keys of 32 bits.
const OFFICIAL: &str = r#"
CREATE TABLE note_nlp (note_nlp_id integer NOT NULL, note_id integer NOT NULL, section_concept_id integer NULL,
    snippet varchar(250) NULL, "offset" varchar(50) NULL, lexical_variant varchar(250) NOT NULL,
    note_nlp_concept_id integer NULL, note_nlp_source_concept_id integer NULL, nlp_system varchar(250) NULL,
    nlp_date date NOT NULL, nlp_datetime TIMESTAMP NULL, term_exists varchar(1) NULL, term_temporal varchar(50) NULL,
    term_modifiers varchar(2000) NULL);
CREATE TABLE fact_relationship (domain_concept_id_1 integer NOT NULL, fact_id_1 integer NOT NULL,
    domain_concept_id_2 integer NOT NULL, fact_id_2 integer NOT NULL, relationship_concept_id integer NOT NULL);
CREATE TABLE cohort (cohort_definition_id integer NOT NULL, subject_id integer NOT NULL, cohort_start_date date NOT NULL,
    cohort_end_date date NOT NULL);
CREATE TABLE cohort_definition (cohort_definition_id integer NOT NULL, cohort_definition_name varchar(255) NOT NULL,
    cohort_definition_description TEXT NULL, definition_type_concept_id integer NOT NULL, cohort_definition_syntax TEXT NULL,
    subject_concept_id integer NOT NULL, cohort_initiation_date date NULL);
ALTER TABLE note_nlp ADD CONSTRAINT xpk_note_nlp PRIMARY KEY (note_nlp_id);
"#;

/// One server for all the cases: starting one takes seconds.
#[test]
fn a_database_gets_the_four_tables() {
    let Some(server) = Server::start() else { return };
    let bench = warehouse();
    missing_tables_are_made_and_replaced(&server, &bench);
    rows_of_others_are_left_alone(&server, &bench);
    vocabularies_give_concepts(&server, &bench);
    narrow_keys_are_refused_or_numbered(&server, &bench);
    shorter_columns_and_odd_tables(&server, &bench);
    a_refused_publication_changes_nothing(&server, &bench);
}

fn missing_tables_are_made_and_replaced(server: &Server, bench: &Bench) {
    let (mut client, schema) = server.schema();
    let said = publish(bench, server, &format!("schema={schema}"), 0);
    let printed = bench.run(&["events", "c.db", "--format", "omop"]).ends_with(0).out;
    let expected = rows(&printed);
    assert!(said.starts_with(&format!("published: note_nlp {}, ", expected.len())), "{said}");
    let sql = r#"SELECT note_nlp_id::text, note_id::text, section_concept_id::text, snippet, "offset", lexical_variant,
        note_nlp_concept_id::text, note_nlp_source_concept_id::text, nlp_system, nlp_date::text, nlp_datetime::text,
        term_exists, term_temporal, term_modifiers FROM note_nlp"#;
    let found: std::collections::BTreeSet<Vec<String>> =
        client.query(sql, &[]).unwrap().iter().map(|row| (0..14).map(|i| row.get(i)).collect()).collect();
    let expected = expected.iter().map(|row| row.iter().map(str::to_string).collect()).collect();
    assert_eq!(found, expected);
    let child = key_of("C1");
    let sql =
        format!("SELECT count(*) FROM fact_relationship WHERE fact_id_1 = {child} OR fact_id_2 = {child}");
    assert_eq!(number(&mut client, &sql), 2);
    assert!(
        number(
            &mut client,
            "SELECT count(*) FROM cohort JOIN cohort_definition USING (cohort_definition_id)"
        ) > 0
    );
    let before = digest(&mut client);
    publish(bench, server, &format!("schema={schema}"), 0);
    assert_eq!(digest(&mut client), before, "publishing twice");
    bench
        .run(&["publish", "omop", "c.db", "--into", &server.address(&format!("schema={schema}")), "--alone"])
        .ends_with(0);
    assert_eq!(digest(&mut client), before, "publishing alone");
}

fn rows_of_others_are_left_alone(server: &Server, bench: &Bench) {
    let (mut client, schema) = server.schema();
    publish(bench, server, &format!("schema={schema}"), 0);
    let others = "INSERT INTO note_nlp SELECT 1, note_id, 0, '', '0', 'x', 0, 0, 'ctakes', '2020-01-01', NULL, 'Y', NULL, NULL
            FROM note_nlp LIMIT 1;
        INSERT INTO note_nlp VALUES (2, -5, 0, '', '0', 'x', 0, 0, 'laennec 0.0.1; of another warehouse', '2020-01-01');
        INSERT INTO fact_relationship VALUES (56, 1, 56, 2, 40478925);
        INSERT INTO cohort_definition VALUES (1, 'theirs', NULL, 0, NULL, 56, NULL); INSERT INTO cohort VALUES (1, 5, '2020-01-01', '2020-01-01')";
    client.batch_execute(others).unwrap();
    let before = digest(&mut client);
    publish(bench, server, &format!("schema={schema}"), 0);
    assert_eq!(digest(&mut client), before);
    // What an older engine wrote on our notes, and what was said of the mother of our child, is replaced.
    client.batch_execute("UPDATE note_nlp SET lexical_variant = 'old' WHERE nlp_system LIKE 'laennec %' AND note_id <> -5;
        UPDATE fact_relationship SET fact_id_1 = 9 WHERE relationship_concept_id = 40478925 AND fact_id_2 = 77").unwrap();
    publish(bench, server, &format!("schema={schema}"), 0);
    assert_eq!(digest(&mut client), before);
    bench
        .run(&["publish", "omop", "c.db", "--into", &server.address(&format!("schema={schema}")), "--alone"])
        .ends_with(0);
    assert_eq!(number(&mut client, "SELECT count(*) FROM note_nlp WHERE note_nlp_id IN (1, 2)"), 1);
}

fn vocabularies_give_concepts(server: &Server, bench: &Bench) {
    let (mut client, schema) = server.schema();
    let printed = bench.run(&["events", "c.db"]).ends_with(0).json();
    let codings = printed.iter().flat_map(|event| event["codings"].as_array().unwrap().clone());
    let mut codes = codings.filter(|coding| coding["system"] == "CIM-10");
    let code = codes.next_back().unwrap()["code"].as_str().unwrap().to_string();
    let vocabulary = format!("CREATE SCHEMA v{schema}; SET search_path = v{schema};
        CREATE TABLE concept (concept_id integer, concept_name varchar(255), vocabulary_id varchar(20), concept_code varchar(50),
            standard_concept varchar(1), invalid_reason varchar(1));
        CREATE TABLE concept_relationship (concept_id_1 integer, concept_id_2 integer, relationship_id varchar(20),
            invalid_reason varchar(1));
        INSERT INTO concept VALUES (10, 'who', 'ICD10', '{code}', NULL, NULL), (11, 'fr', 'CIM10', '{code}', NULL, NULL),
            (20, 'standard', 'SNOMED', 's', 'S', NULL), (21, 'old', 'SNOMED', 't', NULL, 'D'),
            (30, 'Mother of subject', 'SNOMED', 'm', 'S', NULL), (31, 'Child of subject', 'SNOMED', 'c', 'S', NULL);
        INSERT INTO concept_relationship VALUES (11, 20, 'Maps to', NULL), (11, 21, 'Maps to', NULL), (10, 21, 'Is a', NULL);
        SET search_path = {schema}");
    client.batch_execute(&vocabulary).unwrap();
    let parameters = format!("schema={schema}&vocabulary=v{schema}");
    publish(bench, server, &parameters, 0);
    let pairs =
        "SELECT count(*) FROM note_nlp WHERE (note_nlp_concept_id, note_nlp_source_concept_id) = (20, 11)";
    assert!(number(&mut client, pairs) > 0);
    assert_eq!(
        number(&mut client, "SELECT count(*) FROM note_nlp WHERE note_nlp_concept_id NOT IN (0, 20)"),
        0
    );
    assert_eq!(
        number(
            &mut client,
            "SELECT count(*) FROM fact_relationship WHERE relationship_concept_id IN (30, 31)"
        ),
        4
    );
    bench.file("concepts.csv", format!("system,code,concept_id,source_concept_id\nCIM-10,{code},99,98\n"));
    let address = server.address(&parameters);
    bench.run(&["publish", "omop", "c.db", "--into", &address, "--concepts", "concepts.csv"]).ends_with(0);
    assert!(number(&mut client, "SELECT count(*) FROM note_nlp WHERE note_nlp_concept_id = 99") > 0);
    assert_eq!(number(&mut client, pairs), 0);
    client.batch_execute(&format!("DELETE FROM v{schema}.concept WHERE concept_id = 30")).unwrap();
    let said = publish(bench, server, &parameters, 3);
    assert!(said.contains("4 relationships were left out"), "{said}");
}

fn narrow_keys_are_refused_or_numbered(server: &Server, bench: &Bench) {
    let (mut client, schema) = server.schema();
    client.batch_execute(OFFICIAL).unwrap();
    let said = publish(bench, server, &format!("schema={schema}"), 1);
    assert!(said.contains("note_nlp\".note_id") || said.contains("note_id is a 32-bit integer"), "{said}");
    assert!(said.contains("TYPE bigint") && said.contains("document_id"), "{said}");
    let widen = "ALTER TABLE note_nlp ALTER COLUMN note_id TYPE bigint; ALTER TABLE cohort ALTER COLUMN subject_id TYPE bigint;
        ALTER TABLE fact_relationship ALTER COLUMN fact_id_1 TYPE bigint, ALTER COLUMN fact_id_2 TYPE bigint;
        INSERT INTO note_nlp VALUES (7, 1, 0, '', '0', 'x', 0, 0, 'ctakes', '2020-01-01', NULL, 'Y', NULL, NULL)";
    client.batch_execute(widen).unwrap();
    publish(bench, server, &format!("schema={schema}"), 0);
    assert_eq!(
        number(
            &mut client,
            "SELECT min(note_nlp_id)::bigint FROM note_nlp WHERE nlp_system LIKE 'laennec %'"
        ),
        8
    );
    assert_eq!(
        number(&mut client, "SELECT max(note_nlp_id) - min(note_nlp_id) + 1 - count(*) FROM note_nlp"),
        0
    );
    let before = digest(&mut client);
    publish(bench, server, &format!("schema={schema}"), 0);
    assert_eq!(digest(&mut client), before);
    client
        .batch_execute(
            "INSERT INTO note_nlp VALUES (2147483640, 1, 0, '', '0', 'x', 0, 0, 'ctakes', '2020-01-01')",
        )
        .unwrap();
    assert!(publish(bench, server, &format!("schema={schema}"), 1).contains("note_nlp_id"));
}

fn shorter_columns_and_odd_tables(server: &Server, bench: &Bench) {
    let (mut client, schema) = server.schema();
    publish(bench, server, &format!("schema={schema}"), 0);
    client.batch_execute("TRUNCATE note_nlp; ALTER TABLE note_nlp ALTER COLUMN snippet TYPE varchar(3), ADD COLUMN more text").unwrap();
    publish(bench, server, &format!("schema={schema}"), 0);
    assert_eq!(number(&mut client, "SELECT max(length(snippet))::bigint FROM note_nlp"), 3);
    client.batch_execute("ALTER TABLE note_nlp DROP COLUMN \"offset\"").unwrap();
    let said = publish(bench, server, &format!("schema={schema}"), 1);
    assert!(said.contains("there is no column offset"), "{said}");
    client.batch_execute("ALTER TABLE note_nlp ADD COLUMN \"offset\" integer").unwrap();
    let said = publish(bench, server, &format!("schema={schema}"), 1);
    assert!(said.contains("column offset is of type integer"), "{said}");
}

fn a_refused_publication_changes_nothing(server: &Server, bench: &Bench) {
    let (mut client, schema) = server.schema();
    publish(bench, server, &format!("schema={schema}"), 0);
    let taken = "UPDATE cohort_definition SET cohort_definition_description = 'theirs'";
    client.batch_execute(taken).unwrap();
    let before = digest(&mut client);
    let said = publish(bench, server, &format!("schema={schema}"), 1);
    assert!(said.contains("1 definitions of others"), "{said}");
    // The patient text of a refused row is not told.
    client.batch_execute("ALTER TABLE note_nlp ADD CHECK (lexical_variant = '') NOT VALID").unwrap();
    let said = publish(bench, server, &format!("schema={schema}"), 1);
    assert!(said.contains("SQLSTATE 23514") && said.contains("note_nlp"), "{said}");
    assert!(!said.contains("DETAIL") && !said.contains("Failing row"), "{said}");
    assert_eq!(digest(&mut client), before);
    let said = publish(bench, server, "schema=nowhere", 1);
    assert!(said.contains("nowhere"), "{said}");
    let gone = "postgres://postgres:secret@%2Ftmp%2Fnowhere/postgres?schema=s";
    let ran = bench.run(&["publish", "omop", "c.db", "--into", gone]).ends_with(1);
    assert!(ran.err.contains("cannot connect") && !ran.err.contains("secret"), "{}", ran.err);
    assert!(short_key_of("a") > 0);
}
