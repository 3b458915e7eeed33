//! Lexicons as people use them: mechanisms of matching, imports, overlays, faults, codes, suggestions.

use crate::support::Bench;
use laennec::lexicon::{Lexicons, Mechanism, Mechanisms, shipped};
use laennec::pipeline::Engine;

/// The concepts found in a text, without some mechanisms.
fn found(text: &str, without: &[Mechanism]) -> Vec<String> {
    let left_out = without.iter().fold(Mechanisms::default(), |set, m| set.with(*m));
    let engine = Engine::new(Lexicons::without(&shipped(), left_out).unwrap()).unwrap();
    engine.mentions(text).into_iter().map(|(_, id)| id).collect()
}

/// Each mechanism: what it finds, and what is found without it.
#[test]
fn each_mechanism_has_its_switch() {
    for (mechanism, text, concept) in [
        (Mechanism::Inflection, "Fentes labiales chez les deux.", "cleft_lip"),
        (Mechanism::Elision, "Transposition gros vaisseaux.", "tgv"),
        (Mechanism::Order, "Atrésie de type III de l'œsophage.", "oesophageal_atresia.type_3"),
        (Mechanism::Insertion, "Communication large interventriculaire.", "vsd"),
        (Mechanism::Synonyms, "Dédoublement de l'œsophage.", "digestive_other.oesophageal_duplication"),
        (
            Mechanism::Definitions,
            "Atrésie de l'œsophage (AOS). Pas d'AOS chez le jumeau.",
            "oesophageal_atresia",
        ),
        (Mechanism::Coordination, "Trisomies 13, 18 et 21 écartées.", "edwards"),
        (Mechanism::Typing, "Ompahlocèle de 4 cm.", "omphalocele"),
        (Mechanism::Recognition, "Omphal0cèle de 4 cm.", "omphalocele"),
        (Mechanism::Descriptions, "Un seul vaisseau sort du cœur.", "common_arterial_truncus"),
    ] {
        let count = |concepts: Vec<String>| concepts.iter().filter(|id| id.starts_with(concept)).count();
        // A description would find some of these too.
        let others: &[Mechanism] =
            if mechanism == Mechanism::Descriptions { &[] } else { &[Mechanism::Descriptions] };
        let (with, without) = (found(text, others), found(text, &[others, &[mechanism]].concat()));
        let (with, without) = (count(with), count(without));
        assert!(with > without, "{}: {text}: {with} with, {without} without", mechanism.name());
    }
}

#[test]
fn a_neighbour_of_a_term_is_no_misspelling() {
    for text in [
        "Dysphagie haute.",
        "Artère brachiale palpée.",
        "Macrogyrie discutée.",
        "Dermatite atopique.",
        "Réflexe anal absent.",
        "Pas d'anomalie.",
        "Aide opératoire (AO) : interne. L'AO a fermé.",
    ] {
        let unwanted = [
            "neurodevelopment",
            "all_anomalies",
            "anorectal",
            "oesophageal_atresia",
            "nervous_other.microgyria",
        ];
        let found = found(text, &[]);
        assert!(!found.iter().any(|id| unwanted.iter().any(|u| id.starts_with(u))), "{text}: {found:?}");
    }
}

/// A manifest of a lexicon of the site.
fn manifest(id: &str, kind: &str, more: &str) -> String {
    format!(
        "id = \"{id}\"\nkind = \"{kind}\"\ntitle = \"T\"\nversion = \"1\"\nlicence = \"MIT\"\nsource = \"us\"\n{more}"
    )
}

#[test]
fn a_site_adds_recodes_and_disables_without_touching_what_is_shipped() {
    let bench = Bench::new();
    bench.file("site/manifest.toml", manifest("site", "overlay", ""));
    bench.file(
        "site/malformations.tsv",
        "action\tconcept\tterm\tkind\tcodings\nadd\tomphalocele\tballonnet ombilical\tsynonym\t\n\
         disable\tchd\tmaladie bleue\t\t\ndisable\tgastroschisis\t\t\t\nchange\tcdh\t\t\tCIM-10:Q79.0\n",
    );
    bench.file("site/sections.tsv", "action\tsection\tterm\nadd\tconclusion\tEN SOMME\n");
    bench.file(
        "site/cases.toml",
        "[[case]]\ntext = \"{{Ballonnet ombilical|omphalocele}} ; laparoschisis ; maladie bleue.\"\n",
    );
    bench.run(&["lexicon", "check", "site"]).ends_with(0);
    bench.run(&["lexicon", "test", "site", "--failures"]).ends_with(0);
    let shown = bench.run(&["lexicon", "show", "ballonnet ombilical", "--lexicon", "site"]).ends_with(0);
    assert!(shown.out.contains("site/malformations.tsv:2"), "{}", shown.out);
    let shown = bench.run(&["lexicon", "show", "maladie bleue", "--lexicon", "site"]).ends_with(0);
    assert!(
        shown.out.contains("disabled") && shown.out.contains("site/malformations.tsv:3"),
        "{}",
        shown.out
    );
    bench.file("site/nowhere.tsv", "action\tconcept\tterm\nadd\ta\tb\n");
    let refused = bench.run(&["lexicon", "check", "site"]).ends_with(1);
    assert!(refused.err.contains("site/nowhere.tsv: \"nowhere\" is no lexicon"), "{}", refused.err);
}

#[test]
fn every_fault_of_a_lexicon_is_told_with_its_line_and_a_remedy() {
    let codes = "system\tcode\tparents\tlabel\tstatus\nCIM-10\tQ79.2\t\texomphale\tvalid\nCIM-10\tQ79.3\tQ79.2\tx\tobsolete\n";
    for (terms, codes, place, told) in [
        (
            "a\tun kyste\tpreferred\t\nb\tdes kystes\tpreferred\t\n",
            "",
            "terms.tsv:3",
            "delete one, or flag both ambiguous",
        ),
        ("a\tà\tpreferred\t\n", "", "terms.tsv:2", "write it out, or delete the line"),
        ("a\tun kyste\tpreferred\tCIM-10:Q99.99\n", "", "terms.tsv:2", "is not a code of its system"),
        ("a\tun kyste\tpreferred\tCIM-10:Q79.3\n", codes, "terms.tsv:2", "is obsolete"),
        ("a\tun kyste\tpreferred\t\na\tCAR\tabbreviation\t\n", "", "terms.tsv:3", "flag it ambiguous"),
        ("a\tun kyste\tpreferred\t\na\tautre\tpreferred\t\n", "", "terms.tsv:3", "duplicate id"),
        (
            "a\tun kyste\tpreferred\t\n",
            "system\tcode\tparents\nX\ta\tb\nX\tb\ta\n",
            "codes.tsv:",
            "its own ancestor",
        ),
    ] {
        let bench = Bench::new();
        bench.file("mine/manifest.toml", manifest("mine", "concepts", ""));
        bench.file("mine/terms.tsv", format!("concept\tterm\tkind\tcodings\n{terms}"));
        bench.file("mine/cases.toml", "");
        if !codes.is_empty() {
            bench.file("mine/codes.tsv", codes);
        }
        let ran = bench.run(&["lexicon", "check", "mine"]).ends_with(1);
        assert!(ran.err.contains(&format!("mine/{place}")) && ran.err.contains(told), "{}", ran.err);
    }
    let bench = Bench::new();
    bench.file("mine/manifest.toml", manifest("mine", "concepts", "without = [\"magic\"]\n"));
    bench.file("mine/terms.tsv", "concept\tterm\na\tun kyste\n");
    bench.file("mine/cases.toml", "");
    let ran = bench.run(&["lexicon", "check", "mine"]).ends_with(1);
    assert!(ran.err.contains("mine/manifest.toml:7: unknown mechanism"), "{}", ran.err);
}

#[test]
fn terminologies_are_imported_with_every_dropped_row_told() {
    let bench = Bench::new();
    bench.file(
        "hp.tsv",
        "subject_id\tsource_language\ttranslation_language\tpredicate_id\tsource_value\ttranslation_status\ttranslation_value\n\
         HP:0000001\ten\tfr\trdfs:label\tAll\tOFFICIAL\tTous\n\
         HP:0000118\ten\tfr\trdfs:label\tPhenotypic abnormality\tOFFICIAL\tAnomalie phénotypique\n\
         HP:0000010\ten\tfr\trdfs:label\tCyst\tOFFICIAL\tKyste du foie\n\
         HP:0000011\ten\tfr\trdfs:label\tOld\tOFFICIAL\tAncien kyste\n\
         HP:0000012\ten\tfr\trdfs:label\tSevere\tOFFICIAL\tTrès sévère\nbroken\n",
    );
    bench.file(
        "syn.tsv",
        "subject_id\ttranslation_value\tcomment\tStatus\tLine number\nID\tAL\t\t\t\n\
         HP:0000010\tkyste hépatique|Hepatic cyst of the liver\tc\tCANDIDATE\t1\nHP:0000010\tLiver cysts\tc\tNOT_TRANSLATED\t2\n",
    );
    bench.file(
        "hp.obo",
        "format-version: 1.2\ndata-version: hp/releases/2025-01-16\n\n[Term]\nid: HP:0000118\nname: Phenotypic abnormality\n\n\
         [Term]\nid: HP:0000010\nname: Cyst\nxref: UMLS:C0000001\nis_a: HP:0000118 ! x\n\n[Term]\nid: HP:0000011\nname: Old\n\
         is_obsolete: true\n\n[Term]\nid: HP:0000012\nname: Severe\n",
    );
    let import =
        ["lexicon", "import", "hpo", "hp.tsv", "--synonyms", "syn.tsv", "--graph", "hp.obo", "--into", "hpo"];
    let ran = bench.run(&import).ends_with(0);
    assert!(ran.out.contains("1 concepts, 2 terms") && ran.out.contains("HPO licence"), "{}", ran.out);
    let dropped = bench.read("hpo/dropped.tsv");
    for (line, reason) in [
        ("hp.tsv\t7", "unreadable row"),
        ("hp.tsv\t5", "withdrawn"),
        ("hp.tsv\t6", "modifier"),
        ("syn.tsv\t3", "English left over"),
        ("syn.tsv\t4", "not translated"),
    ] {
        assert!(dropped.contains(&format!("{line}\t{reason}")), "{line} {reason}:\n{dropped}");
    }
    bench.run(&["lexicon", "check", "hpo"]).ends_with(0);
    let code = bench.run(&["lexicon", "code", "HPO:HP:0000010", "--lexicon", "hpo", "--json"]).ends_with(0);
    assert!(code.out.contains("\"ancestors\":[{\"code\":\"HP:0000118\""), "{}", code.out);
    let listed = bench.run(&["lexicon", "list", "hpo"]).ends_with(0);
    assert!(listed.out.contains("HPO licence"), "{}", listed.out);
    assert!(
        bench.run(&import).ends_with(1).err.contains("is not empty"),
        "an import never writes over a folder"
    );
}

#[test]
fn each_format_gives_its_codes_and_terms() {
    let bench = Bench::new();
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<JDBOR><DisorderList>\n<Disorder id=\"1\"><OrphaCode>1199</OrphaCode>\
               <Name lang=\"fr\">Atr\u{e9}sie de l&#39;&#x153;sophage &amp; fistule</Name><SynonymList><Synonym>AO isol\u{e9}e</Synonym></SynonymList>\
               <ExternalReferenceList><ExternalReference><Source>ICD-10</Source><Reference>Q39.0</Reference></ExternalReference>\
               </ExternalReferenceList><DisorderType><Name>Maladie</Name></DisorderType></Disorder>\n</DisorderList></JDBOR>\n";
    bench.file("orpha.xml", xml.replace(" &amp; ", " et "));
    let claml = "<ClaML><Title version=\"2019\">x</Title><Class code=\"XVII\" kind=\"chapter\"><Rubric kind=\"preferred\"><Label>Malformations</Label></Rubric></Class>\n\
                 <Class code=\"Q79\" kind=\"category\"><SuperClass code=\"XVII\"/><Rubric kind=\"preferred\"><Label>Malformations du diaphragme</Label></Rubric></Class>\n\
                 <Class code=\"Q79.0\" kind=\"category\"><SuperClass code=\"Q79\"/><Rubric kind=\"preferred\"><Label>Hernie diaphragmatique, non class\u{e9}e ailleurs</Label></Rubric>\
                 <Rubric kind=\"exclusion\"><Label>hernie hiatale</Label></Rubric></Class></ClaML>";
    bench.file("claml.xml", claml);
    // Latin-1, as the ATIH writes it.
    let atih =
        "A00   |3|0|0|Cholera|Chol\u{e9}ra\nA000  |0|0|0|Chol classique|Chol\u{e9}ra classique\nnothing\n";
    bench.file("LIBCIM10MULTI.TXT", atih.chars().map(|c| c as u32 as u8).collect::<Vec<u8>>());
    bench.file(
        "MRCONSO.RRF",
        "C0000002|FRE|P|L1|PF|S1|Y|A1||||MDRFRE|PT|1234|Omphaloc\u{e8}le g\u{e9}ante|3|N||\n\
         C0000002|ENG|P|L1|PF|S1|Y|A2||||MSH|PT|1234|Giant omphalocele|3|N||\nC0000003|FRE|P|L1|PF|S1|Y|A3||||MDRFRE|PT|9|Retir\u{e9}|3|O||\n",
    );
    bench.file("local.csv", "CODE;LABEL;CIM\nL1;\"Br\u{fb}lure ; profonde\";T30.0\n;sans code;\nL2;Plaie du genou|plaie au genou;S81\n");
    for (format, file, more, codes, terms) in [
        (
            "orphanet",
            "orpha.xml",
            &[][..],
            "ORPHA\t1199",
            "ORPHA:1199\tAtr\u{e9}sie de l'\u{153}sophage et fistule\tpreferred\tORPHA:1199 CIM-10:Q39.0",
        ),
        (
            "claml",
            "claml.xml",
            &[],
            "CIM-10\tQ79.0\tQ79",
            "CIM-10:Q79.0\tHernie diaphragmatique\tpreferred\tCIM-10:Q79.0",
        ),
        (
            "atih",
            "LIBCIM10MULTI.TXT",
            &[],
            "CIM-10\tA00.0\tA00",
            "CIM-10:A00.0\tChol\u{e9}ra classique\tpreferred",
        ),
        (
            "umls",
            "MRCONSO.RRF",
            &[],
            "",
            "UMLS:C0000002\tOmphaloc\u{e8}le g\u{e9}ante\tpreferred\tUMLS:C0000002",
        ),
        (
            "table",
            "local.csv",
            &[
                "--code",
                "CODE",
                "--term",
                "LABEL",
                "--system",
                "LOCAL",
                "--coding",
                "CIM-10=CIM",
                "--licence",
                "internal",
            ],
            "",
            "LOCAL:L2\tplaie au genou\tsynonym",
        ),
    ] {
        let arguments: Vec<&str> = ["lexicon", "import", format, file]
            .into_iter()
            .chain(more.iter().copied())
            .chain(["--into", format])
            .collect();
        bench.run(&arguments).ends_with(0);
        let (written, coded) =
            (bench.read(&format!("{format}/terms.tsv")), bench.read(&format!("{format}/codes.tsv")));
        assert!(written.contains(terms), "{format}:\n{written}");
        assert!(coded.contains(codes), "{format}:\n{coded}");
        bench.run(&["lexicon", "check", format]).ends_with(0);
    }
    assert!(!bench.read("claml/terms.tsv").contains("hiatale"), "what a code excludes is no term of it");
    assert!(!bench.read("umls/terms.tsv").contains("C0000003"), "suppressed rows are left out");
    let broken =
        [("orphanet", "<JDBOR><Disorder>"), ("orphanet", "plain"), ("claml", "<x/>"), ("hpo", "no header\n")];
    for (format, text) in broken {
        bench.file("broken", text);
        let ran = bench.run(&["lexicon", "import", format, "broken", "--into", "none"]).ends_with(1);
        assert!(ran.err.contains("broken") && !bench.path("none").exists(), "{format}: {}", ran.err);
    }
}

#[test]
fn suggestions_hold_what_several_reports_hold_and_nothing_else() {
    let bench = Bench::new();
    let report = |id: u32, text: &str| format!("{{\"document_id\":\"{id}\",\"text\":\"{text}\"}}\n");
    let shared = "Syndrome de Quincampoix vermeil (SQV). Laparoschissis suspect.";
    let corpus =
        [report(1, shared), report(2, shared), report(3, "Malformation de Dupont secrète.")].concat();
    bench.file("corpus.jsonl", corpus);
    let ran = bench.run(&["lexicon", "suggest", "corpus.jsonl", "--format", "tsv"]).ends_with(0);
    assert!(ran.out.contains("misspelling\tlaparoschissis\tlaparoschisis\t2"), "{}", ran.out);
    assert!(ran.out.contains("abbreviation\tSQV\tsyndrome de quincampoix vermeil\t2"), "{}", ran.out);
    assert!(ran.out.contains("phrase\tsyndrome de quincampoix"), "{}", ran.out);
    assert!(!ran.out.contains("dupont"), "what stands in one report only may name a person: {}", ran.out);
}

#[test]
fn what_stays_ambiguous_is_told() {
    let bench = Bench::new();
    bench.file("r.txt", "Patiente suivie pour un SAF. Pas de TGV ce jour.\n");
    let ran = bench.run(&["show", "r.txt", "--explain", "--model", "off"]).ends_with(0);
    assert!(ran.out.contains("line 1: \"SAF\" is not read as fas"), "{}", ran.out);
    let shown = bench.run(&["lexicon", "show", "SAF"]).ends_with(0);
    assert!(
        shown.out.contains("needs alcohol") && shown.out.contains("lexicons/malformations/terms.tsv:"),
        "{}",
        shown.out
    );
}

#[test]
fn a_ward_or_a_type_of_report_decides_an_ambiguous_term() {
    let engine = Engine::new(Lexicons::load(vec![]).unwrap()).unwrap();
    let events = |document_type: Option<&str>, ward: Option<&str>| {
        let document = laennec::document::Document {
            text: "CIV de 3 mm.".into(),
            document_type: document_type.map(str::to_string),
            ward: ward.map(str::to_string),
            ..Default::default()
        };
        engine.annotate(&document).len()
    };
    assert_eq!(events(None, None), 0);
    assert_eq!(events(None, Some("Cardiologie pédiatrique")), 1);
}

#[test]
fn reports_that_nobody_tuned_on_are_read_as_promised() {
    let bench = Bench::new();
    let gold = crate::support::root().join("examples/mentions_unseen.jsonl");
    let ran = bench.run(&[
        "evaluate",
        "mentions",
        gold.to_str().unwrap(),
        "--coded",
        "--model",
        "off",
        "--json",
        "--resamples",
        "10",
    ]);
    let figures: serde_json::Value = serde_json::from_str(&ran.ends_with(0).out).unwrap();
    let value = |row: &str, what: &str| figures[row][what]["value"].as_f64().unwrap();
    assert!(value("overlapping", "recall") >= 0.89, "{figures}");
    assert!(value("overlapping", "precision") >= 0.87, "{figures}");
    assert!(value("subgroup", "accuracy") >= 0.97, "{figures}");
}
