//! The page as a reader, a browser and a screen reader have it.

use super::example;
use super::*;

fn map() -> Map {
    Map::read("map.geojson", &example::geojson(), None).unwrap()
}

fn pages() -> Vec<String> {
    let reports = [example::with_patients(7), example::public(7), Report::default()];
    let map = map();
    let maps = [Some(&map), Some(&map), None];
    reports.iter().zip(maps).map(|(report, map)| html(report, map).unwrap()).collect()
}

/// With `REPORTS=folder`, writes the pages there.
#[test]
fn a_page_is_the_same_each_time() {
    let map = map();
    for (name, report) in [("patients", example::with_patients(7)), ("public", example::public(7))] {
        let page = html(&report, Some(&map)).unwrap();
        assert_eq!(page, html(&report, Some(&map)).unwrap());
        if let Ok(folder) = std::env::var("REPORTS") {
            std::fs::write(format!("{folder}/{name}.html"), page).unwrap();
            std::fs::write(format!("{folder}/{name}.json"), json(&report).unwrap()).unwrap();
        }
    }
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    for page in pages() {
        for outside in
            ["://", "<script", "<link", "<img", "<iframe", "<object", "@import", " src=", "srcset", "onload"]
        {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.match_indices("url(").all(|(at, _)| page[at..].starts_with("url(#")));
        let mut references = page.split("href=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]);
        assert!(references.all(|reference| reference.starts_with('#')));
    }
}

/// Values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(start.as_str()).skip(1).map(|rest| &rest[..rest.find('"').unwrap()]).collect()
}

#[test]
fn names_of_elements_are_unique_and_exist() {
    for page in pages() {
        let mut ids = values(&page, "id");
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
        let named = values(&page, "aria-labelledby").into_iter().flat_map(str::split_whitespace);
        let linked = values(&page, "href").into_iter().map(|reference| &reference[1..]);
        let filled = page.split("url(#").skip(1).map(|rest| &rest[..rest.find(')').unwrap()]);
        for id in named.chain(linked).chain(filled) {
            assert!(ids.binary_search(&id).is_ok(), "{id}");
        }
    }
}

#[test]
fn headings_follow_each_other() {
    for page in pages() {
        assert!(page.starts_with("<!DOCTYPE html>") || page.trim_start().starts_with("<!DOCTYPE html>"));
        assert!(page.contains("<html lang=\"fr\">"));
        let body = &page[page.find("<body>").unwrap()..];
        let levels =
            body.match_indices("<h").filter_map(|(at, _)| body[at + 2..].chars().next()?.to_digit(10));
        let mut before = 0;
        for level in levels {
            assert!(level <= before + 1 && (level > 1 || before == 0), "h{level} after h{before}");
            before = level;
        }
    }
}

#[test]
fn every_table_and_chart_is_described() {
    for page in pages() {
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
        assert!(!page.contains("<th>"), "a header without a scope");
        assert_eq!(page.matches("<figure>").count(), page.matches("<figcaption>").count());
        assert_eq!(page.matches("class=\"chart\"").count(), page.matches("<figure>").count());
        assert_eq!(page.matches("role=\"img\"").count(), page.matches("<desc ").count());
    }
}

#[test]
fn all_words_are_found_and_all_texts_escaped() {
    for page in pages() {
        let body = &page[page.find("<body>").unwrap()..];
        let brace = body.char_indices().find(|(_, c)| matches!(c, '{' | '}' | '⟦'));
        assert_eq!(brace.map(|(at, _)| &body[at..at + 40]), None, "a place was not filled");
        for odd in ["NaN", ">inf", "\"inf", "[inf", " inf "] {
            assert!(!body.contains(odd), "{odd}");
        }
    }
    let page = &pages()[0];
    assert!(!page.contains("<sous>") && page.contains("&lt;sous&gt;"));
}

#[test]
fn what_a_page_says() {
    let pages = pages();
    let [patients, public, _] = &pages[..] else { unreachable!() };
    assert!(patients.contains("PATIENT-0017") && !public.contains("PATIENT-"));
    assert!(public.contains("03/2023") && !public.contains("04/03/2023"), "days of cases are not public");
    assert!(patients.contains("04/03/2023"));
    assert_eq!(patients.matches("class=\"verdict\"").count(), 3);
    assert_eq!(patients.matches("id=\"s1-").count() / 4, 3, "a curve, a map and a funnel");
}

#[test]
fn no_caller_can_forget_to_suppress() {
    let forgotten = Report { least_cell: 11, ..example::with_patients(7) };
    for text in [html(&forgotten, None).unwrap(), json(&forgotten).unwrap()] {
        for secret in ["PATIENT-", "Dr Martin", "777.7", "8.4213", "2023-03-04", "5120"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    let whole = json(&example::with_patients(7)).unwrap();
    let back: Report = serde_json::from_str(&whole).unwrap();
    assert_eq!(back, example::with_patients(7));
}

#[test]
fn absurd_numbers_are_drawn_without_panic() {
    let mut report = example::public(7);
    let findings = &mut report.findings;
    for (i, one) in findings.phenotypes.iter_mut().enumerate() {
        let odd = [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300, f64::MIN_POSITIVE][i % 6];
        for named in one.by_area.iter_mut().chain(&mut one.by_year) {
            (named.value.rate, named.value.births, named.value.hi) = (odd, odd, odd);
        }
        let total = one.total.as_mut().unwrap();
        (total.rate, total.births) = (odd, odd);
        if let Some(reference) = &mut one.reference {
            (reference.ratio, reference.lo, reference.hi) = (odd, odd, odd);
        }
    }
    for signal in &mut findings.signals {
        signal.curve.expected = vec![Some(f64::NAN), Some(f64::INFINITY), Some(-3.0)];
        signal.curve.observed.truncate(7);
        (signal.expected, signal.first_day) = (0.0, "\u{e9}\u{e9}\u{e9}".into());
    }
    for least_cell in [0, 1, 11, u64::MAX] {
        let odd = Report { least_cell, ..report.clone() };
        html(&odd, Some(&map())).unwrap();
        json(&odd).unwrap();
    }
}
