//! The formats of recipes: what is written reads back as it was, and nothing that is read can do harm.

mod toy;

use converge::kernel::Entry;
use converge::scenario::{Expected, Recipe, Shipped, text};
use converge::texts::Lang;
use toy::{PATTERNS, TOY};

/// Every form of the grammar, each in its canonical line.
const LINES: &[&str] = &[
    "do buy 1 at client 10 ms after start",
    "do cancel at client after start",
    "off do buy -5 at client before books handles ask from coordinator #2",
    "fault crash coordinator after coordinator writes decision",
    "fault crash coordinator before coordinator writes decision #3",
    "fault crash coordinator after coordinator has written decision",
    "fault restart coordinator 800 ms after coordinator crashes",
    "fault pause books after books restarts #2",
    "fault resume books 4.211 ms after coordinator times out patience",
    "fault cut coordinator -> books after coordinator sends ask to games",
    "fault heal coordinator -> books before coordinator sends ask to games",
    "fault slow books -> coordinator x20 after books handles ask from coordinator",
    "fault deliver yes from books to coordinator 0.001 ms after start",
    "off fault drop yes from games to coordinator #2",
    "fault duplicate ask from coordinator to books",
    "fault delay ask from coordinator to books #65535 by 300 ms",
    "fault refuse ask from coordinator to books",
    "fault fail ask from coordinator to books",
    "fault refuse write decision at coordinator #2",
    "fault pause client 5 ms after client is about to send order to coordinator",
    "fault pause client 5 ms after coordinator is about to handle order from client",
    "fault pause client 86400000 ms after coordinator is about to write decision",
];

fn entry(line: &str) -> Entry {
    text::parse_entry(line, &TOY, &toy::nodes(2)).unwrap_or_else(|e| panic!("{line}: {e}"))
}

#[test]
fn every_form_reads_back_as_it_is_written() {
    for line in LINES {
        assert_eq!(text::write_entry(&entry(line), &TOY, &toy::nodes(2)), *line);
    }
}

#[test]
fn other_ways_to_write_the_same() {
    for (other, canonical) in [
        ("fault  crash\tclient   after start # at once", "fault crash client after start"),
        ("fault drop yes from games to coordinator#2#note", "fault drop yes from games to coordinator #2"),
        ("fault drop yes from games to coordinator #1", "fault drop yes from games to coordinator"),
        ("fault crash client 0 ms after start", "fault crash client after start"),
        ("fault crash client 1.5 s after start", "fault crash client 1500 ms after start"),
        ("fault crash client 1500us after start", "fault crash client 1.5 ms after start"),
        (
            "fault crash client after client is about to send order to coordinator",
            "fault crash client before client sends order to coordinator",
        ),
        ("fault do buy 0 at client after start", "do buy at client after start"),
    ] {
        assert_eq!(text::write_entry(&entry(other), &TOY, &toy::nodes(2)), canonical);
    }
}

#[test]
fn a_shipped_scenario_has_offers_and_expectations() {
    let shipped = Shipped::of(&TOY, "textbook").expect("it exists");
    assert_eq!(shipped.recipe.scenario, Some("textbook"));
    assert_eq!((shipped.recipe.seed, shipped.recipe.script.len()), (7, 1));
    assert_eq!(shipped.offers.len(), 1);
    assert_eq!(shipped.expects, [(0, Expected::Holds)]);
    assert!(Shipped::of(&TOY, "nothing").is_none());
}

#[test]
fn a_recipe_is_written_under_its_title() {
    let recipe = Recipe::of_scenario(&TOY, "crash").expect("it exists");
    let written = text::write_in(&recipe, Lang::PtBr);
    assert_eq!(
        written,
        "# A decisão não é contada\n\
         converge 1\n\
         pattern toy\n\
         scenario crash\n\
         seed 1\n\
         set shops = 3\n\
         do buy 1 at client 10 ms after start\n\
         fault crash coordinator after coordinator writes decision\n\
         fault restart coordinator 800 ms after coordinator crashes\n"
    );
    assert_eq!(text::parse_in(PATTERNS, &written).as_ref(), Ok(&recipe));
}

#[test]
fn every_shipped_scenario_reads_and_is_canonical_when_written() {
    let mut wrong = Vec::new();
    for pattern in converge::patterns::ALL.iter().chain(PATTERNS) {
        for scenario in pattern.scenarios {
            match text::parse_shipped(&[pattern], scenario.recipe) {
                Ok(shipped) => {
                    let written = text::write(&shipped.recipe);
                    assert_eq!(text::parse_in(&[pattern], &written), Ok(shipped.recipe), "{written}");
                }
                Err(error) => wrong.push(format!("{}/{}: {error}", pattern.id, scenario.id)),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
