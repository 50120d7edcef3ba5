//! The formats of recipes: what is written reads back as it was, and nothing that is read can do harm.

#![cfg(not(target_arch = "wasm32"))]

mod toy;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use converge::kernel::limits::{HORIZON_MICROS, SCRIPT};
use converge::kernel::{Action, Anchor, Entry, NodeId, Point, Span, Subject, Trigger};
use converge::patterns::pattern::Range;
use converge::scenario::recipe::{canonical, fits};
use converge::scenario::{Expected, Recipe, Shipped, link, sentence, text};
use converge::texts::Lang;
use converge::trace::Speaker;
use proptest::prelude::*;
use toy::{PATTERNS, TOY, check};

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
    "fault crash books after books starts",
    "fault crash books 5 ms after books loses ask from coordinator",
    "fault crash books after books awaits ask from coordinator #2",
    "fault crash coordinator after coordinator fails to write decision",
    "fault resume books 20 ms after books pauses",
    "fault pause books 20 ms after books resumes #2",
    "fault heal coordinator -> books 100 ms after coordinator is cut to books",
    "fault cut coordinator -> books after coordinator is healed to books",
    "fault slow coordinator -> books x1 after coordinator is slowed to books",
    "fault crash client after client does buy #2",
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

#[test]
fn every_form_is_a_sentence_in_both_languages() {
    let mut golden = String::new();
    let nodes = toy::nodes(2);
    let more = [
        "fault crash client 2 s after client crashes #11",
        "fault crash client after books crashes #3",
        "fault crash client before client sends order to coordinator",
        "fault crash books before client sends order to coordinator",
        "fault crash books after client sends order to coordinator",
        "fault crash client after client sends order to coordinator #22",
        "fault crash coordinator before coordinator handles order from client",
        "fault crash books 5 ms after coordinator is about to handle order from client",
        "fault crash coordinator after coordinator handles order from client",
        "fault crash books before coordinator writes decision",
        "fault crash coordinator 5 ms after coordinator is about to write decision",
        "fault crash coordinator 5 ms after coordinator writes decision",
        "fault crash books after coordinator writes decision",
        "fault crash books 1 ms after coordinator writes decision",
        "fault crash books after coordinator has written decision",
        "fault crash coordinator after coordinator times out patience",
        "fault restart coordinator after coordinator restarts",
        "fault slow books -> coordinator x1 after start",
        "fault cut client -> coordinator after coordinator crashes",
        "fault crash client after books starts",
        "fault crash books after coordinator fails to write decision",
        "fault crash client after books pauses",
        "fault crash client after books resumes",
        "do cancel 4 at coordinator after client handles done from coordinator",
        "fault refuse order from client to coordinator #2",
    ];
    for line in LINES.iter().chain(&more) {
        let entry = entry(line);
        let _ = writeln!(golden, "{line}");
        for lang in Lang::ALL {
            let speaker = Speaker::new(lang, &TOY, &nodes);
            let _ = writeln!(golden, "    {}", sentence(lang, &entry, &TOY, &speaker));
        }
    }
    check("sentences.txt", &golden);
}

/// Everything that can be wrong with a text, and what a person is told.
#[test]
fn errors_name_the_place_and_what_was_expected() {
    let recipe = |lines: &str| format!("converge 1\npattern toy\n{lines}");
    let many = recipe(&"do buy at client after start\n".repeat(SCRIPT + 1));
    let mut golden = String::new();
    let mut note = |shown: &str, text: &str| {
        let error = text::parse_in(PATTERNS, text).expect_err(shown);
        for line in if shown.is_empty() { "(nothing)" } else { shown }.lines() {
            let _ = writeln!(golden, "| {line}");
        }
        for lang in Lang::ALL {
            let _ = writeln!(golden, "    {}", error.text(lang));
        }
    };
    for text in [
        "",
        "# only a note",
        "hello",
        "converge",
        "converge one",
        "converge 0",
        "converge 2",
        "converge 99999999999999999999",
        "converge 1 beta",
        "converge 1",
        "converge 1\nseed 4",
        "converge 1\n\n  pattern tay",
        "converge 1\npattern two-phase-commit",
        "converge 1\npattern toy really",
    ] {
        note(text, text);
    }
    for line in [
        "pattern toy",
        "scenario crashes",
        "scenario crash\nscenario crash",
        "seed",
        "seed -4",
        "seed 99999999999999999999",
        "seed 4\nseed 5",
        "sed 4",
        "set",
        "set shop = 3",
        "set shops 3",
        "set shops = many",
        "set shops = 9",
        "set shops = 3\nset shops = 3",
        "set asking = parallell",
        "set asking = whatever",
        "set patience = 20",
        "set patience = 20 s",
        "set patience = 20.5 ms",
        "set patience = 99999999999999999999 ms",
        "set polite = maybe",
        "set loss = 2000 per mille",
        "set loss = 20 percent",
        "do",
        "do by at client after start",
        "do buy",
        "do buy 99999999999 at client after start",
        "do buy 1 client after start",
        "do buy 1 at clients after start",
        "do buy 1 at client",
        "do buy 1 at client 10 after start",
        "do buy 1 at client 10 ms before client crashes",
        "do buy 1 at client 2 days after start",
        "do buy 1 at client 200000 s after start",
        "do buy 1 at client after",
        "do buy 1 at client after nobody crashes",
        "do buy 1 at client after client jumps",
        "do buy 1 at client after client has crashed",
        "do buy 1 at client before client crashes",
        "do buy 1 at client after start at once",
        "fault explode coordinator after start",
        "fault crash wine after start",
        "fault cut books coordinator after start",
        "fault slow books -> coordinator 5 after start",
        "fault slow books -> coordinator x0 after start",
        "fault drop yess from books to coordinator",
        "fault drop yes to coordinator",
        "fault drop yes from books to coordinator #0",
        "fault drop yes from books to coordinator #2nd",
        "fault drop yes from books to coordinator after start",
        "fault delay yes from books to coordinator",
        "fault refuse write decisions at coordinator",
        "fault crash coordinator after coordinator times out patient",
        "off seed 4",
        "offer crash everybody after start",
        "expect answered maybe",
        "expect anwsered holds",
        "expect answered holds\nexpect answered broken",
        "seed \u{1b}[31mred and so long that nobody wants to read all of it again",
        "fault crash café-com-leite after start",
    ] {
        note(line, &recipe(line));
    }
    note("(one entry too many)", &many);
    note("(ten offers)", &recipe(&"offer crash client after start\n".repeat(10)));
    note("(too long)", &recipe(&"#".repeat(text::MOST_BYTES)));
    let bytes = text::parse_bytes(PATTERNS, b"converge 1\npattern \xff").expect_err("no text");
    let _ = writeln!(golden, "| (no text)");
    for lang in Lang::ALL {
        let _ = writeln!(golden, "    {}", bytes.text(lang));
    }
    let good = link::encode(&different());
    let cut = &good[..good.len() - 3];
    let altered = good.replacen("r1.", "r1.A", 1);
    let strange = format!("{}é", &good);
    for link in [
        "",
        "#/lab/",
        "#/lab/toys/crash",
        "#/lab/two-phase-commit/textbook",
        "toy/crush",
        "toy/textbook/r2.AAAA",
        "toy/textbook/r1.",
        "toy/textbook/r1.AAAA",
        "toy/textbook/more",
        "toy/textbook/r1.AAAA/more",
        cut,
        &altered,
        &strange,
        &good.replace("/crash/", "/textbook/"),
    ] {
        let error = link::decode_in(PATTERNS, link).expect_err(link);
        let _ = writeln!(golden, "| {link}");
        for lang in Lang::ALL {
            let _ = writeln!(golden, "    {}", error.text(lang));
        }
    }
    check("errors.txt", &golden);
}

/// A recipe that is not its scenario any more.
fn different() -> Recipe {
    let mut recipe = Recipe::of_scenario(&TOY, "crash").expect("it exists");
    recipe.script.push(entry("fault drop yes from books to coordinator"));
    recipe
}

#[test]
fn a_scenario_at_its_start_has_a_short_and_readable_link() {
    for pattern in converge::patterns::ALL.iter().chain(PATTERNS) {
        for scenario in pattern.scenarios {
            let recipe = Recipe::of_scenario(pattern, scenario.id).expect("it is listed");
            let link = link::encode(&recipe);
            assert_eq!(link, format!("{}/{}", pattern.id, scenario.id));
            assert!(link.len() + "https://converge.example/#/lab/?at=999".len() <= 120, "{link} is long");
            let decoded = link::decode_in(&[pattern], &link).expect("it was just written");
            assert_eq!((decoded.recipe, decoded.warnings), (recipe, vec![]));
        }
    }
}

#[test]
fn ten_faults_fit_into_four_hundred_letters() {
    for pattern in converge::patterns::ALL.iter().chain(PATTERNS) {
        for scenario in pattern.scenarios {
            let mut recipe = Recipe::of_scenario(pattern, scenario.id).expect("it is listed");
            // The longest kind of entry: a time to the microsecond, three numbers of its own.
            while recipe.script.len() < 10 {
                let (a, b) = (NodeId(0), NodeId(1));
                let anchor = Anchor { point: Point::BeforeHandling, node: a, peer: b, kind: 0, nth: 300 };
                let trigger = Trigger { anchor, delay: Span::us(3_123_456) };
                recipe.script.push(Entry { on: false, trigger, action: Action::Slow(a, b, 900) });
            }
            recipe.seed = u64::MAX;
            let link = link::encode(&recipe);
            assert!(link.len() <= 400, "{} letters: {link}", link.len());
            assert_eq!(link::decode_in(&[pattern], &link).map(|d| d.recipe), Ok(recipe));
        }
    }
}

#[test]
fn a_link_is_found_in_an_address() {
    let recipe = different();
    let link = link::encode(&recipe);
    for address in [
        format!("https://converge.example/play/#/lab/{link}"),
        format!("#/lab/{link}?at=12&lang=pt-BR"),
        format!("/lab/{link}"),
        format!("  <https://converge.example/#/lab/{link}>.\n"),
    ] {
        assert_eq!(
            link::decode_in(PATTERNS, &address).map(|d| d.recipe).as_ref(),
            Ok(&recipe),
            "{address}"
        );
    }
}

/// A body of a link with the checksum that belongs to it: only the checksum keeps chance out, so
/// that whoever means harm gets this far.
fn sealed(path: &str, body: &[u8]) -> String {
    let sum = converge::kernel::Fingerprint::of(&(path, body)).0.to_le_bytes();
    let mut bytes = body.to_vec();
    bytes.extend(&sum[..4]);
    format!("{path}/r1.{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn a_changed_scenario_is_noticed_and_what_no_longer_fits_is_left_out() {
    let recipe = different();
    let letters = link::encode(&recipe);
    let bytes = URL_SAFE_NO_PAD.decode(letters.rsplit_once('.').expect("r1.").1).expect("base64");
    let mut body = bytes[..bytes.len() - 4].to_vec();
    body[0] ^= 1;
    let decoded = link::decode_in(PATTERNS, &sealed("toy/crash", &body)).expect("it can be read");
    assert_eq!(decoded.warnings, [link::Warning::ScenarioChanged]);
    assert_eq!(decoded.recipe, recipe);

    // No seed; parameters 0, 77, 128 and 255 of which two exist, one in range; a script of one entry
    // of a node that is not there.
    let params = [4, 0, 12, 77, 100, 128, 4, 255, 1];
    let script = [1, 1, 9, 9, 9, 0, 1, 0, 6, 9];
    let body = [&[0, 0, 0, 0][..], &params, &script].concat();
    let decoded = link::decode_in(PATTERNS, &sealed("toy/crash", &body)).expect("it can be read");
    assert_eq!(
        decoded.warnings,
        [link::Warning::ScenarioChanged, link::Warning::ParamsDropped(3), link::Warning::EntriesDropped(1)]
    );
    let mut golden = String::new();
    for warning in decoded.warnings.iter().chain(&[link::Warning::EntriesDropped(2)]) {
        for lang in Lang::ALL {
            let _ = writeln!(golden, "{}", warning.text(lang));
        }
    }
    check("warnings.txt", &golden);

    // A list that says it has billions of entries takes no room for them.
    let body = [0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f];
    assert_eq!(link::decode_in(PATTERNS, &sealed("toy/crash", &body)), Err(link::LinkError::Damaged));
    assert_eq!(link::decode_in(PATTERNS, &"toy/".repeat(link::MOST_BYTES)), Err(link::LinkError::TooLong));
}

prop_compose! {
    fn any_recipe()(
        scenario in prop::sample::select(vec![None, Some("textbook"), Some("crash")]),
        seed in prop_oneof![Just(1), Just(7), any::<u64>()],
        values in prop::collection::vec(prop::option::weighted(0.3, any::<u32>()), 12),
        script in prop::collection::vec(any_entry(7), 0..=SCRIPT),
        keep in any::<bool>(),
    ) -> Recipe {
        let mut recipe = scenario
            .and_then(|id| Recipe::of_scenario(&TOY, id))
            .unwrap_or_else(|| Recipe::new(&TOY));
        if keep {
            return recipe;
        }
        recipe.seed = seed;
        let params: Vec<_> = TOY.all_params().collect();
        assert_eq!(params.len(), values.len());
        for (place, value) in values.into_iter().enumerate() {
            let Some(value) = value else { continue };
            let (least, most) = params[place].range.ends();
            recipe.params.set_at(place, least + i64::from(value) % (most - least + 1));
        }
        let nodes = recipe.nodes().len();
        recipe.script = script.into_iter().filter(|entry| fits(entry, &TOY, nodes)).collect();
        recipe
    }
}

fn any_node(nodes: u8) -> impl Strategy<Value = NodeId> {
    (0..nodes).prop_map(NodeId)
}

/// Any entry of a system of at most so many nodes; some do not fit a smaller one.
fn any_entry(nodes: u8) -> impl Strategy<Value = Entry> {
    let n = move || any_node(nodes);
    let span = || prop_oneof![Just(0), 0..2_000_000u64, 0..=HORIZON_MICROS].prop_map(Span::us);
    let anchor =
        (prop::sample::select(&Point::ALL[..]), n(), n(), 0..4u8, prop_oneof![Just(1), 1..=u16::MAX])
            .prop_map(|(point, node, peer, kind, nth)| canonical(Anchor { point, node, peer, kind, nth }));
    let action = prop_oneof![
        Just(Action::Drop),
        Just(Action::Duplicate),
        span().prop_map(Action::Delay),
        Just(Action::Refuse),
        Just(Action::Fail),
        Just(Action::RefuseWrite),
        n().prop_map(Action::Crash),
        n().prop_map(Action::Restart),
        n().prop_map(Action::Pause),
        n().prop_map(Action::Resume),
        (n(), n()).prop_map(|(a, b)| Action::Cut(a, b)),
        (n(), n()).prop_map(|(a, b)| Action::Heal(a, b)),
        (n(), n(), 1..=text::SLOWEST).prop_map(|(a, b, by)| Action::Slow(a, b, by)),
        (n(), n(), 0..4u8).prop_map(|(a, b, kind)| Action::Deliver(a, b, kind)),
        (n(), 0..2u8, any::<i32>()).prop_map(|(a, verb, value)| Action::Command(a, verb, value)),
    ];
    (any::<bool>(), anchor, span(), action).prop_map(|(on, mut anchor, mut delay, action)| {
        if let Some(point) = action.fixed_point() {
            let peer = if point.has_peer() { anchor.peer } else { anchor.node };
            let kind = if point.subject() == Subject::Record { 0 } else { anchor.kind };
            anchor = Anchor { point, peer, kind, ..anchor };
            delay = Span::ZERO;
        }
        Entry { on, trigger: Trigger { anchor, delay }, action }
    })
}

/// What a person or a bad line can do to a text: takes out, puts in, changes a few letters.
fn edited(text: &str, edits: &[(usize, u8, char)]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for (place, how, letter) in edits {
        let place = place % (letters.len() + 1);
        match how {
            0 if place < letters.len() => drop(letters.remove(place)),
            1 if place < letters.len() => letters[place] = *letter,
            2 => letters.truncate(place),
            _ => letters.insert(place, *letter),
        }
    }
    letters.into_iter().collect()
}

fn edits() -> impl Strategy<Value = Vec<(usize, u8, char)>> {
    let letter = prop_oneof![any::<char>(), prop::char::range(' ', 'z')];
    prop::collection::vec((any::<usize>(), 0..5u8, letter), 1..4)
}

/// Whatever was read can be run, and an error names a place in the text.
fn sound(text: &str) -> Result<(), TestCaseError> {
    match text::parse_in(PATTERNS, text) {
        Ok(recipe) => runs(&recipe),
        Err(error) => {
            let lines = text.lines().count().max(1) as u32;
            prop_assert!((1..=lines).contains(&error.line), "{error} of {lines} lines");
            let line = text.lines().nth(error.line as usize - 1).unwrap_or("");
            prop_assert!(
                (1..=line.chars().count() as u32 + 1).contains(&error.column),
                "{error} in {line:?}"
            );
            let _ = Lang::ALL.map(|lang| error.text(lang));
            Ok(())
        }
    }
}

fn runs(recipe: &Recipe) -> Result<(), TestCaseError> {
    let nodes = recipe.nodes().len();
    prop_assert!(recipe.script.len() <= SCRIPT);
    prop_assert!(recipe.script.iter().all(|entry| fits(entry, &TOY, nodes)));
    for (place, param) in TOY.all_params().enumerate() {
        prop_assert!(param.range.holds(recipe.params.at(place)));
        prop_assert!(!matches!(param.range, Range::Choice(names) if names.is_empty()));
    }
    let (_, mut world) = recipe.start();
    for _ in 0..200 {
        if world.advance(None).is_err() {
            break;
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_recipe_reads_back_from_its_text(recipe in any_recipe()) {
        let written = text::write(&recipe);
        prop_assert_eq!(text::parse_in(PATTERNS, &written), Ok(recipe.clone()), "{}", written);
        let again = text::write(&text::parse_in(PATTERNS, &written).expect("just read"));
        prop_assert_eq!(written, again);
    }

    #[test]
    fn any_entry_reads_back_from_its_line(entry in any_entry(4)) {
        prop_assume!(fits(&entry, &TOY, 4));
        let line = text::write_entry(&entry, &TOY, &toy::nodes(2));
        prop_assert_eq!(text::parse_entry(&line, &TOY, &toy::nodes(2)), Ok(entry), "{}", line);
    }

    #[test]
    fn any_recipe_reads_back_from_its_link(recipe in any_recipe()) {
        let written = link::encode(&recipe);
        let decoded = link::decode_in(PATTERNS, &written);
        prop_assert_eq!(decoded, Ok(link::Decoded { recipe, warnings: vec![] }), "{}", written);
    }

    #[test]
    fn any_bytes_are_no_harm_as_a_text(bytes in prop::collection::vec(any::<u8>(), 0..400), begun in any::<bool>()) {
        let begin: &[u8] = if begun { b"converge 1\npattern toy\n" } else { b"" };
        let bytes = [begin, &bytes[..]].concat();
        sound(&String::from_utf8_lossy(&bytes))?;
        let _ = text::parse_bytes(PATTERNS, &bytes).map_err(|e| Lang::ALL.map(|lang| e.text(lang)));
    }

    #[test]
    fn any_words_are_no_harm_as_a_text(
        words in prop::collection::vec(prop::sample::select(vec![
            "do", "fault", "off", "set", "=", "crash", "client", "coordinator", "books", "after", "before",
            "start", "10", "ms", "#2", "yes", "buy", "writes", "decision", "from", "to", "drop", "at", "\n",
            "->", "x5", "sends", "order", "is", "about", "shops", "seed", "expect", "offer", "refuse", "write",
        ]), 0..40)
    ) {
        sound(&format!("converge 1\npattern toy\n{}", words.join(" ")))?;
    }

    #[test]
    fn an_edited_text_is_a_recipe_or_an_error_with_a_place(recipe in any_recipe(), edits in edits()) {
        sound(&edited(&text::write(&recipe), &edits))?;
    }

    #[test]
    fn an_edited_link_is_a_recipe_or_an_error(recipe in any_recipe(), edits in edits()) {
        match link::decode_in(PATTERNS, &edited(&link::encode(&recipe), &edits)) {
            Ok(decoded) => runs(&decoded.recipe)?,
            Err(error) => drop(Lang::ALL.map(|lang| error.text(lang))),
        }
    }

    #[test]
    fn any_bytes_are_no_harm_in_a_link(bytes in prop::collection::vec(any::<u8>(), 0..200), sealing in any::<bool>()) {
        let link = if sealing {
            sealed("toy/crash", &bytes)
        } else {
            format!("toy/crash/r1.{}", String::from_utf8_lossy(&bytes))
        };
        match link::decode_in(PATTERNS, &link) {
            Ok(decoded) => {
                runs(&decoded.recipe)?;
                drop(decoded.warnings.iter().map(|w| w.text(Lang::PtBr)).collect::<Vec<_>>());
            }
            Err(error) => drop(Lang::ALL.map(|lang| error.text(lang))),
        }
    }

    #[test]
    fn any_numbers_are_no_harm_in_a_link(
        entries in prop::collection::vec((any::<[u8; 4]>(), 0..130u8, 0..130u8, 0..16u8, any::<[u8; 3]>()), 0..70)
    ) {
        // Bodies of the right shape with any numbers in them: small ones, so that each is one byte.
        let mut body = vec![0, 0, 0, 0, 0, 1, entries.len() as u8];
        for (place, nth, delay, deed, fields) in entries {
            body.extend(place);
            body.extend([nth & 127, delay & 127, deed]);
            let count = match deed { 2 | 6..=9 => 1, 10 | 11 => 2, 12..=14 => 3, _ => 0 };
            body.extend(fields[..count].iter().map(|b| b & 127));
        }
        if let Ok(decoded) = link::decode_in(PATTERNS, &sealed("toy/crash", &body)) {
            runs(&decoded.recipe)?;
        }
    }

    #[test]
    fn any_letters_are_no_harm_as_a_link(link in "[a-z0-9./#?&=_-]{0,60}|toy(/[a-z0-9.]{0,9}){0,4}|\\PC{0,60}") {
        if let Ok(decoded) = link::decode_in(PATTERNS, &link) {
            runs(&decoded.recipe)?;
        }
    }
}
