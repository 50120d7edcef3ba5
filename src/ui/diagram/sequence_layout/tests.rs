use super::labels::{LETTER, crosses};
use super::*;
use crate::kernel::MsgId;
use crate::patterns::pattern::Style;

#[test]
fn a_text_is_shortened_by_whole_letters_and_never_to_nothing_said() {
    assert_eq!(shortened("prepare", 200.0).as_deref(), Some("prepare"));
    assert_eq!(shortened("prepare tx-7", 8.0 * LETTER).as_deref(), Some("prepare…"));
    assert_eq!(shortened("prepare all", wide("prepare all")).as_deref(), Some("prepare all"));
    assert_eq!(shortened("prepare", 10.0), None);
}

#[test]
fn two_labels_of_parallel_arrows_do_not_cover_each_other() {
    let line = |y: f64| (Pt { x: 5.0, y }, Pt { x: 295.0, y: y + 40.0 });
    let lines = [line(10.0), line(20.0), line(30.0)];
    let mut placed = Vec::new();
    let mut placer = Placer::new(vec![0.0, 300.0], 300.0, lines.to_vec());
    for (i, (from, to)) in lines.into_iter().enumerate() {
        let arrow = Arrow {
            msg: MsgId(i as u32),
            flight: i,
            style: Style::Command,
            line: vec![from, to],
            held: None,
            tip: Tip::Arrives,
            copy: false,
            label: None,
        };
        let word = placer.along(&arrow, "prepare", i).unwrap();
        let w = word.wide();
        placed.push(Rect { x: word.at.x - w / 2.0, y: word.at.y - 11.0, w, h: 14.0 });
    }
    for (i, a) in placed.iter().enumerate() {
        for b in &placed[i + 1..] {
            let apart = a.right() <= b.x || b.right() <= a.x || a.bottom() <= b.y || b.bottom() <= a.y;
            assert!(apart, "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_place_leads_back_to_its_position_across_folds() {
    let picture = Picture { unit: 10.0, folds: vec![(5.0, 29.0), (40.0, 64.0)], ..Picture::default() };
    for p in [0.0, 4.9, 5.0, 11.0, 29.0, 33.0, 50.0, 64.0, 80.0] {
        assert!((picture.position(picture.y(p)) - p).abs() < 1e-6, "{p}");
    }
    assert!(picture.y(29.0) - picture.y(5.0) < FOLD + 0.1);
}

#[test]
fn a_line_through_a_rectangle_is_seen() {
    let r = Rect { x: 10.0, y: 10.0, w: 20.0, h: 10.0 };
    assert!(crosses(&r, Pt { x: 0.0, y: 0.0 }, Pt { x: 40.0, y: 30.0 }));
    assert!(!crosses(&r, Pt { x: 0.0, y: 30.0 }, Pt { x: 40.0, y: 30.0 }));
}

#[test]
fn a_label_takes_a_second_line_before_it_loses_letters() {
    let mut placer = Placer::new(vec![40.0, 108.0, 176.0], 216.0, Vec::new());
    let at = Pt { x: 108.0, y: 50.0 };
    let word = placer.beside(at, "Order 1: reserve the item", 42.0, DotKind::Written).unwrap();
    assert!(word.lines.iter().all(|l| !l.contains('…')), "{word:?}");
    // The same again, at the same place, goes elsewhere.
    let other = placer.beside(at, "Order 1: reserve the item", 42.0, DotKind::Written);
    assert!(other.is_none_or(|o| o.anchor != word.anchor || (o.at.y - word.at.y).abs() > 12.0));
}
