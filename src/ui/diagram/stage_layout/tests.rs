use super::*;

fn need(role: Role, status: bool, sections: &[u16]) -> Need {
    Need { role, status, sections: sections.to_vec() }
}

fn star(services: usize) -> (Vec<Need>, Vec<(usize, usize)>) {
    let mut needs = vec![need(Role::Client, false, &[]), need(Role::Coordinator, true, &[3])];
    let mut links = vec![(0, 1)];
    for i in 0..services {
        needs.push(need(Role::Service, true, &[2, 4]));
        links.push((1, 2 + i));
    }
    (needs, links)
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

#[test]
fn no_card_covers_another_and_all_stand_in_the_room() {
    for (w, h) in [(360.0, 500.0), (412.0, 0.0), (700.0, 640.0), (900.0, 620.0), (1400.0, 420.0)] {
        for n in 1..=6 {
            let (needs, links) = star(n);
            let plan = plan(w, h, &needs, &needs, &links);
            for (i, a) in plan.cards.iter().enumerate() {
                assert!(a.rect.x >= 0.0 && a.rect.right() <= plan.width, "{w}x{h} {n}: {a:?}");
                assert!(a.rect.y >= 0.0 && a.rect.bottom() <= plan.height, "{w}x{h} {n}: {a:?}");
                for b in &plan.cards[i + 1..] {
                    assert!(!overlap(&a.rect, &b.rect), "{w}x{h} {n}: {a:?} {b:?}");
                }
            }
            assert!(plan.em >= 12.0);
        }
    }
}

#[test]
fn links_pass_no_foreign_card() {
    for (w, h) in [(360.0, 0.0), (700.0, 640.0), (1100.0, 700.0)] {
        for n in 1..=6 {
            let (needs, links) = star(n);
            let plan = plan(w, h, &needs, &needs, &links);
            for r in &plan.routes {
                for i in 0..=40 {
                    let (p, _) = at(&r.line, f64::from(i) / 40.0);
                    let hit = (0..needs.len())
                        .find(|k| *k != r.a && *k != r.b && plan.cards[*k].rect.holds(p, -1.0));
                    assert_eq!(hit, None, "{w}x{h}, {n} services, link {} to {}", r.a, r.b);
                }
            }
        }
    }
}

#[test]
fn a_low_and_wide_stage_runs_across() {
    let (needs, links) = star(2);
    let plan = plan(1400.0, 400.0, &needs, &needs, &links);
    assert!(plan.cards[0].rect.right() < plan.cards[1].rect.x);
    assert!(plan.height <= 400.5);
}

#[test]
fn tokens_that_meet_pass_each_other() {
    let (needs, links) = star(2);
    let plan = plan(700.0, 640.0, &needs, &needs, &links);
    for r in &plan.routes {
        let there = r.token(r.a, 0.5, (90.0, 24.0), true, 0);
        let back = r.token(r.b, 0.5, (90.0, 24.0), true, 0);
        assert!((there.x - back.x).abs() >= 90.0 || (there.y - back.y).abs() >= 24.0, "{there:?} {back:?}");
    }
}

#[test]
fn a_rank_stays_whole_with_slimmer_cards_before_it_breaks() {
    let (needs, links) = star(4);
    let plan = plan(677.0, 620.0, &needs, &needs, &links);
    let tops: Vec<f64> = plan.cards[2..].iter().map(|c| c.rect.y).collect();
    assert!(tops.iter().all(|y| (y - tops[0]).abs() < 1.0), "{tops:?}");
    assert!(plan.routes.iter().all(|r| r.line.len() == 2), "every link is straight");
}

#[test]
fn a_card_that_needs_far_less_is_not_drawn_out() {
    let needs = [
        need(Role::Coordinator, true, &[3]),
        need(Role::Service, false, &[6, 6]),
        need(Role::Service, false, &[1]),
    ];
    let plan = plan(900.0, 700.0, &needs, &needs, &[(0, 1), (0, 2)]);
    assert!(plan.cards[2].rect.h < plan.cards[1].rect.h);
}

#[test]
fn a_phone_reserves_few_lines() {
    let long = [need(Role::Service, false, &[6]), need(Role::Service, false, &[6])];
    let short = [need(Role::Service, false, &[3]), need(Role::Service, false, &[3])];
    let tall = |needs: &[Need]| plan(360.0, 600.0, needs, needs, &[]).height;
    assert!((tall(&long) - tall(&short)).abs() < 0.5);
}
