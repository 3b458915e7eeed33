//! Conjugation: the forms of a verb by its lemma and moods, so that a cue names a verb instead of listing its forms.

use super::folder::Folder;
use super::problem::Problem;
use super::table::Table;
use super::vocabulary::Inflection;
use crate::normalize::fold;
use rustc_hash::{FxHashMap, FxHashSet};

/// The moods and tenses that `conjugation.tsv` may give.
const MOODS: [&str; 10] = [
    "infinitive",
    "participle",
    "present_participle",
    "present",
    "imperfect",
    "simple_past",
    "future",
    "conditional",
    "subjunctive",
    "imperative",
];

/// Names for several moods at once. `realis` is what is told as fact: a future is foreseen, a conditional is in doubt.
const GROUPS: [(&str, &[&str]); 2] = [
    ("realis", &["present", "imperfect", "simple_past"]),
    ("indicative", &["present", "imperfect", "simple_past", "future"]),
];

/// The moods whose every form is a conjugated verb and hardly anything else.
const FINITE: [&str; 4] = ["imperfect", "simple_past", "future", "conditional"];

/// The mood that every model has: its ending is cut off before another takes its place.
const LEMMA: &str = MOODS[0];
/// Stands for "no ending".
const NOTHING: &str = "-";

/// The endings of the moods of one model.
type Model = FxHashMap<String, Vec<String>>;

/// The verbs of all grammars and the models they follow.
#[derive(Default)]
pub(super) struct Conjugation {
    models: FxHashMap<String, Model>,
    /// The model of each lemma.
    verbs: FxHashMap<String, String>,
}

impl Conjugation {
    /// Adds the models and verbs of a folder; what it says again replaces what an earlier folder said.
    pub fn add(&mut self, folder: &Folder, problems: &mut Vec<Problem>) {
        self.add_models(folder, problems);
        self.add_verbs(folder, problems);
    }

    fn add_models(&mut self, folder: &Folder, problems: &mut Vec<Problem>) {
        let mut seen = FxHashSet::default();
        each_row(
            folder,
            "conjugation.tsv",
            ["model", "mood", "endings", "note"],
            problems,
            |[name, mood, endings, _]| {
                if !MOODS.contains(&mood) {
                    return Err(format!("unknown mood {mood:?}; expected {}", MOODS.join(", ")));
                }
                if endings.is_empty() {
                    return Err(format!("no endings; write {NOTHING:?} for none, or leave the row out"));
                }
                if !seen.insert(format!("{name}\t{mood}")) {
                    return Err(format!("model {name:?} has two rows for {mood:?}; keep one"));
                }
                let endings =
                    endings.split_whitespace().map(|e| if e == NOTHING { "" } else { e }.to_string());
                self.models.entry(name.to_string()).or_default().insert(mood.to_string(), endings.collect());
                Ok(())
            },
        );
    }

    fn add_verbs(&mut self, folder: &Folder, problems: &mut Vec<Problem>) {
        let mut seen = FxHashSet::default();
        each_row(folder, "verbs.tsv", ["lemma", "model", "note"], problems, |[lemma, name, _]| {
            let model = self.models.get(name).ok_or_else(|| {
                format!("unknown model {name:?}; add its rows to {}", folder.path("conjugation.tsv"))
            })?;
            stem(lemma, model).ok_or_else(|| format!("{lemma:?} does not end as model {name:?} does"))?;
            if !seen.insert(lemma.to_string()) {
                return Err(format!("verb {lemma:?} is given twice; keep one row"));
            }
            self.verbs.insert(lemma.to_string(), name.to_string());
            Ok(())
        });
    }

    /// Writes every `<lemma,lemma:mood+mood>` of a term out as a `{form,form}` group.
    pub fn expand(&self, term: &str, inflection: &Inflection) -> Result<String, String> {
        let mut pieces = term.split('<');
        let mut out = pieces.next().unwrap_or_default().to_string();
        for piece in pieces {
            let (verbs, rest) = piece.split_once('>').ok_or("a \"<\" opens a verb and no \">\" closes it")?;
            out.push_str(&format!("{{{}}}{rest}", without_derived(self.group(verbs)?, inflection).join(",")));
        }
        Ok(out)
    }

    /// The forms that `lemma,lemma:mood+mood` stands for, each once.
    fn group(&self, verbs: &str) -> Result<Vec<String>, String> {
        let (lemmas, moods) = verbs.split_once(':').ok_or_else(|| {
            format!("verb {verbs:?} has no mood; write <{verbs}:{LEMMA}>, or one of {}", known_moods())
        })?;
        let mut forms: Vec<String> = Vec::new();
        for lemma in lemmas.split(',') {
            for mood in moods.split('+').map(members).collect::<Result<Vec<_>, _>>()?.concat() {
                forms.extend(self.forms(lemma.trim(), mood)?);
            }
        }
        let mut seen = FxHashSet::default();
        forms.retain(|form| seen.insert(form.clone()));
        Ok(forms)
    }

    /// Folded forms of the present in the singular, sorted: verbs where an article follows, often nouns elsewhere.
    pub fn present(&self) -> Vec<String> {
        let first = |lemma: &String| self.forms(lemma, "present").ok()?.into_iter().next();
        let mut forms: Vec<String> = self.verbs.keys().filter_map(first).map(|form| folded(&form)).collect();
        forms.sort_unstable();
        forms.dedup();
        forms
    }

    /// Folded forms that are verbs wherever they stand, sorted: conjugated, and no participle without its accents.
    ///
    /// The third person singular of the present is left out: it is often a noun or an adjective as well.
    pub fn finite(&self) -> Vec<String> {
        let (mut finite, mut participles) = (Vec::new(), FxHashSet::default());
        for lemma in self.verbs.keys() {
            let forms = |mood| self.forms(lemma, mood).unwrap_or_default().into_iter().map(|f| folded(&f));
            participles.extend(forms("participle"));
            finite.extend(FINITE.into_iter().flat_map(forms));
            finite.extend(forms("present").skip(1));
        }
        finite.retain(|form| !participles.contains(form));
        finite.sort_unstable();
        finite.dedup();
        finite
    }

    /// The forms of a verb in one mood.
    fn forms(&self, lemma: &str, mood: &str) -> Result<Vec<String>, String> {
        let known = self.verbs.get(lemma).and_then(|name| self.models.get(name));
        let model =
            known.ok_or_else(|| format!("unknown verb {lemma:?}; add it to lexicons/grammar/verbs.tsv"))?;
        let endings =
            model.get(mood).ok_or_else(|| format!("verb {lemma:?} has no {mood}; leave that mood out"))?;
        let stem = stem(lemma, model).ok_or_else(|| format!("{lemma:?} does not end as its model does"))?;
        Ok(endings.iter().map(|ending| format!("{stem}{ending}")).collect())
    }
}

/// The forms that inflection does not derive from an earlier one: every cue would be multiplied by the others.
fn without_derived(forms: Vec<String>, inflection: &Inflection) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for form in forms {
        if !kept.iter().any(|known| inflection.derives(known, &form)) {
            kept.push(form);
        }
    }
    kept
}

fn folded(form: &str) -> String {
    fold(form).text().to_string()
}

/// What is left of a lemma without the ending of its model; `None` when it ends in another way.
fn stem<'l>(lemma: &'l str, model: &Model) -> Option<&'l str> {
    lemma.strip_suffix(model.get(LEMMA)?.first()?.as_str())
}

/// The moods that a name stands for.
fn members(name: &str) -> Result<Vec<&str>, String> {
    let group = GROUPS.iter().find(|(known, _)| *known == name);
    match group {
        Some((_, moods)) => Ok(moods.to_vec()),
        None if MOODS.contains(&name) => Ok(vec![name]),
        None => Err(format!("unknown mood {name:?}; expected {}", known_moods())),
    }
}

fn known_moods() -> String {
    MOODS.iter().copied().chain(GROUPS.iter().map(|(name, _)| *name)).collect::<Vec<_>>().join(", ")
}

/// Reads a table that a folder may leave out, row by row.
fn each_row<'f, const N: usize>(
    folder: &'f Folder,
    name: &str,
    columns: [&'static str; N],
    problems: &mut Vec<Problem>,
    mut read: impl FnMut([&'f str; N]) -> Result<(), String>,
) {
    let Some(text) = folder.get(name) else { return };
    let file = folder.path(name);
    let Some(table) = Table::read(&file, text, columns, N - 1, problems) else { return };
    for row in &table.rows {
        if let Err(message) = read(std::array::from_fn(|column| table.cell(row, column))) {
            problems.push(Problem::at(&file, row.line, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shipped;
    use super::*;

    fn folder(files: &[(&'static str, &'static str)]) -> Folder {
        Folder::from_files("mine", "mine", files.iter().copied())
    }

    fn shipped_verbs() -> Conjugation {
        let mut conjugation = Conjugation::default();
        let mut problems = Vec::new();
        shipped().iter().for_each(|folder| conjugation.add(folder, &mut problems));
        assert_eq!(problems, []);
        conjugation
    }

    #[test]
    fn verbs_have_their_forms() {
        let table = [
            ("éliminer:participle", "éliminé éliminée éliminés éliminées"),
            ("éliminer:realis", "élimine éliminent éliminons éliminait éliminaient élimina éliminèrent"),
            ("éliminer:conditional", "éliminerait élimineraient"),
            ("nier:imperfect+future", "niait niaient niera nieront nierons"),
            (
                "changer:present_participle+present+imperfect",
                "changeant change changent changeons changeait changeaient",
            ),
            ("annoncer:present+simple_past", "annonce annoncent annonçons annonça annoncèrent"),
            ("opérer:present+future", "opère opèrent opérons opérera opéreront opérerons"),
            ("révéler:present+participle", "révèle révèlent révélons révélé révélée révélés révélées"),
            ("lever:present+future", "lève lèvent levons lèvera lèveront lèverons"),
            ("rejeter:present+conditional", "rejette rejettent rejetons rejetterait rejetteraient"),
            ("guérir:participle+present", "guéri guérie guéris guéries guérit guérissent guérissons"),
            ("sortir:participle+present", "sorti sortie sortis sorties sort sortent sortons"),
            (
                "découvrir:participle+present",
                "découvert découverte découverts découvertes découvre découvrent découvrons",
            ),
            (
                "mourir:participle+present+conditional",
                "mort morte morts mortes meurt meurent mourons mourrait mourraient",
            ),
            (
                "acquérir:participle+present+future",
                "acquis acquise acquises acquiert acquièrent acquérons acquerra acquerront acquerrons",
            ),
            (
                "retenir:participle+present+future",
                "retenu retenue retenus retenues retient retiennent retenons retiendra retiendront retiendrons",
            ),
            ("survenir:simple_past+subjunctive", "survint survinrent survienne surviennent"),
            ("percevoir:participle+present", "perçu perçue perçus perçues perçoit perçoivent percevons"),
            (
                "voir:participle+present+imperfect+future",
                "vu vue vus vues voit voient voyons voyait voyaient verra verront verrons",
            ),
            ("revoir:simple_past+conditional", "revit revirent reverrait reverraient"),
            ("prévoir:participle+future", "prévu prévue prévus prévues prévoira prévoiront prévoirons"),
            (
                "devoir:participle+present+conditional",
                "dû due dus dues doit doivent devons devrait devraient",
            ),
            (
                "pouvoir:participle+present+future+subjunctive",
                "pu peut peuvent pouvons pourra pourront pourrons puisse puissent",
            ),
            ("savoir:present_participle+conditional", "sachant saurait sauraient"),
            ("falloir:present+future", "faut faudra"),
            ("avoir:indicative", "a ont avons avait avaient eut eurent aura auront aurons"),
            ("être:participle+indicative", "été est sont sommes était étaient fut furent sera seront serons"),
            (
                "faire:participle+present+future+subjunctive",
                "fait faite faits faites font faisons fera feront ferons fasse fassent",
            ),
            (
                "mettre:participle+present+imperfect+future+conditional",
                "mis mise mises met mettent mettons mettait mettaient mettra mettront mettrons mettrait mettraient",
            ),
            ("permettre:participle+simple_past", "permis permise permises permit permirent"),
            (
                "prendre:participle+present+subjunctive",
                "pris prise prises prend prennent prenons prenne prennent",
            ),
            ("répondre:present+participle", "répond répondent répondons répondu répondue répondus répondues"),
            (
                "craindre:participle+present+imperfect",
                "craint crainte craints craintes craignent craignons craignait craignaient",
            ),
            (
                "résoudre:participle+present+future",
                "résolu résolue résolus résolues résout résolvent résolvons résoudra résoudront résoudrons",
            ),
            (
                "exclure:participle+present+imperfect",
                "exclu exclue exclus exclues exclut excluent excluons excluait excluaient",
            ),
            ("inclure:participle", "inclus incluse incluses"),
            (
                "disparaître:participle+present+simple_past",
                "disparu disparue disparus disparues disparaît disparaissent disparaissons disparut disparurent",
            ),
            (
                "naître:participle+present+simple_past",
                "né née nés nées naît naissent naissons naquit naquirent",
            ),
            (
                "dire:participle+present+future+imperative",
                "dit dite dits dites disent disons dira diront dirons",
            ),
            (
                "décrire:participle+imperfect+simple_past",
                "décrit décrite décrits décrites décrivait décrivaient décrivit décrivirent",
            ),
            ("conduire:participle+present", "conduit conduite conduits conduites conduisent conduisons"),
            ("suivre:participle+present", "suivi suivie suivis suivies suit suivent suivons"),
            ("vivre:participle+simple_past", "vécu vécue vécus vécues vécut vécurent"),
        ];
        let verbs = shipped_verbs();
        for (notation, forms) in table {
            assert_eq!(verbs.group(notation).map(|f| f.join(" ")), Ok(unique(forms)), "{notation}");
        }
    }

    /// A form that two moods share is given once.
    fn unique(forms: &str) -> String {
        let mut seen = FxHashSet::default();
        forms.split(' ').filter(|form| seen.insert(*form)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_term_names_several_verbs_and_moods() {
        let verbs = shipped_verbs();
        let expand = |term| verbs.expand(term, &Inflection::default());
        assert_eq!(
            expand("n'<avoir:present> pas {<exclure,écarter:participle>,vu}").as_deref(),
            Ok("n'{a,ont,avons} pas {{exclu,exclue,exclus,exclues,écarté,écartée,écartés,écartées},vu}")
        );
        assert_eq!(expand("pas {de,d'}").as_deref(), Ok("pas {de,d'}"));
    }

    #[test]
    fn forms_that_inflection_derives_are_left_out() {
        let inflection = Inflection::read("x", "ending\tforms\né\té ée és ées\n", &mut Vec::new());
        let term = shipped_verbs().expand("<éliminer:present+participle>", &inflection);
        assert_eq!(term.as_deref(), Ok("{élimine,éliminent,éliminons,éliminé}"));
    }

    #[test]
    fn what_is_unknown_is_refused_with_a_remedy() {
        let verbs = shipped_verbs();
        let refusal = |term| verbs.expand(term, &Inflection::default()).unwrap_err();
        assert_eq!(refusal("<foo:participle>"), "unknown verb \"foo\"; add it to lexicons/grammar/verbs.tsv");
        assert!(refusal("<éliminer:gerund>").starts_with("unknown mood \"gerund\"; expected infinitive, "));
        assert!(refusal("<éliminer>").contains("write <éliminer:infinitive>"));
        assert!(refusal("<éliminer:present").contains("no \">\" closes it"));
        assert_eq!(
            refusal("<pouvoir:imperative>"),
            "verb \"pouvoir\" has no imperative; leave that mood out"
        );
    }

    #[test]
    fn a_site_adds_verbs_to_shipped_models() {
        let mut verbs = shipped_verbs();
        let mut problems = Vec::new();
        verbs.add(&folder(&[("verbs.tsv", "lemma\tmodel\nstenter\ter\n")]), &mut problems);
        assert_eq!(problems, []);
        assert_eq!(verbs.group("stenter:future").unwrap().join(" "), "stentera stenteront stenterons");
    }

    #[test]
    fn faults_of_the_tables_name_their_line() {
        let models =
            "model\tmood\tendings\ner\tinfinitive\ter\ner\tgerund\tant\ner\tpresent\ner\tinfinitive\ter\n";
        let lemmas = "lemma\tmodel\nnoter\ter\nvoir\ter\nlire\tire\nnoter\ter\n";
        let mut problems = Vec::new();
        let files = folder(&[("conjugation.tsv", models), ("verbs.tsv", lemmas)]);
        Conjugation::default().add(&files, &mut problems);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let expected = [
            "mine/conjugation.tsv:3: unknown mood \"gerund\"",
            "mine/conjugation.tsv:4: no endings",
            "mine/conjugation.tsv:5: model \"er\" has two rows for \"infinitive\"",
            "mine/verbs.tsv:3: \"voir\" does not end as model \"er\" does",
            "mine/verbs.tsv:4: unknown model \"ire\"; add its rows to mine/conjugation.tsv",
            "mine/verbs.tsv:5: verb \"noter\" is given twice",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        told.iter().zip(expected).for_each(|(told, start)| assert!(told.starts_with(start), "{told}"));
    }
}
