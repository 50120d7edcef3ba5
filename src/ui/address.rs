//! The address: which page, which recipe, which moment, how it is shown. All of it in the fragment,
//! so that any static host serves it, at any path, in a frame.
//!
//! ```text
//! #/                                                        home
//! #/lab/two-phase-commit/textbook                           a shipped scenario
//! #/lab/two-phase-commit/textbook/r1.AbC…?at=17&view=journal&lang=pt-BR&theme=dark
//! ```

use super::view::View;
use crate::texts::Lang;

/// A page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Page {
    /// The first page.
    #[default]
    Home,
    /// The lab, with the link form of a recipe.
    Lab(String),
    /// Something that is not there.
    Unknown(String),
}

/// Light or dark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// Ink on paper.
    Light,
    /// Paper on ink.
    Dark,
}

impl Theme {
    /// Its name in addresses, storage and styles.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of this name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Light, Self::Dark].into_iter().find(|t| t.id() == id)
    }
}

/// An address, taken apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Address {
    /// The page.
    pub page: Page,
    /// The moment: a state.
    pub at: Option<u32>,
    /// The view that a phone shows.
    pub view: Option<View>,
    /// The language, where the link says one.
    pub lang: Option<Lang>,
    /// The theme, where the link says one.
    pub theme: Option<Theme>,
}

impl Address {
    /// Takes a fragment apart (without its `#`). Never fails: what it does not understand is left
    /// out, a page that is not there is [`Page::Unknown`].
    #[must_use]
    pub fn parse(fragment: &str) -> Self {
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let path = path.trim_matches('/');
        let page = match path.split_once('/') {
            _ if path.is_empty() => Page::Home,
            Some(("lab", link)) if !link.is_empty() => Page::Lab(link.to_owned()),
            _ => Page::Unknown(path.to_owned()),
        };
        let mut address = Self { page, ..Self::default() };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "at" => address.at = value.parse().ok(),
                "view" => address.view = View::ALL.into_iter().find(|v| v.id() == value),
                "lang" => address.lang = Lang::from_tag(value),
                "theme" => address.theme = Theme::from_id(value),
                _ => {}
            }
        }
        address
    }

    /// The fragment, without its `#`.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = match &self.page {
            Page::Home => "/".to_owned(),
            Page::Lab(link) => format!("/lab/{link}"),
            Page::Unknown(path) => format!("/{path}"),
        };
        let parts = [
            self.at.filter(|at| *at > 0).map(|at| format!("at={at}")),
            self.view.filter(|v| *v != View::Stage).map(|v| format!("view={}", v.id())),
            self.lang.map(|l| format!("lang={}", l.tag())),
            self.theme.map(|t| format!("theme={}", t.id())),
        ];
        for (i, part) in parts.into_iter().flatten().enumerate() {
            out.push(if i == 0 { '?' } else { '&' });
            out.push_str(&part);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fragment: &str, page: Page) -> Address {
        let address = Address::parse(fragment);
        assert_eq!(address.page, page, "{fragment}");
        assert_eq!(
            Address::parse(&address.write()),
            address,
            "{fragment} comes back from {}",
            address.write()
        );
        address
    }

    #[test]
    fn pages_are_found_and_come_back() {
        check("", Page::Home);
        check("/", Page::Home);
        check("/lab/saga/shop", Page::Lab("saga/shop".into()));
        check("/lab/", Page::Unknown("lab".into()));
        check("/nothing/here", Page::Unknown("nothing/here".into()));
    }

    #[test]
    fn the_moment_and_the_look_are_in_it() {
        let address = check(
            "/lab/saga/shop/r1.x?at=17&view=journal&lang=pt&theme=dark",
            Page::Lab("saga/shop/r1.x".into()),
        );
        assert_eq!((address.at, address.view), (Some(17), Some(View::Journal)));
        assert_eq!((address.lang, address.theme), (Some(Lang::PtBr), Some(Theme::Dark)));
    }

    #[test]
    fn nonsense_is_left_out() {
        let address =
            check("/lab/saga/shop?at=minus&view=3&lang=xx&theme=pink&&=&a", Page::Lab("saga/shop".into()));
        assert_eq!(address, Address { page: Page::Lab("saga/shop".into()), ..Address::default() });
    }
}
