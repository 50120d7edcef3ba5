//! The page.

fn main() {
    converge::ui::mount();
}
