//! Language and theme: from the address, else from the browser's storage, else from the browser.

use leptos::prelude::*;

use super::address::{Address, Theme};
use super::browser;
use crate::texts::{self, COMMON_PART, Lang, MORE_PART};
use crate::ui::reactive::{Effect, RwSignal, Signal};

/// Where they are kept in the browser's storage: as JSON, which `boot.js` reads too, before the first paint.
const KEY: &str = "converge.settings";

/// The settings of the page.
#[derive(Clone, Copy)]
pub struct Settings {
    /// The language.
    pub lang: RwSignal<Lang>,
    /// The theme that was chosen; without one the system's.
    pub theme: RwSignal<Option<Theme>>,
    /// Whether the system wants it dark.
    system_dark: Signal<bool>,
    /// Whether the address said the language: then it stays in the address.
    pub lang_in_address: RwSignal<bool>,
    /// Whether the address said the theme.
    pub theme_in_address: RwSignal<bool>,
    /// Whether the texts of the language that was chosen last could not be fetched.
    pub texts_missing: RwSignal<bool>,
    /// The language in which every scenario's title is there.
    pub titles: RwSignal<Option<Lang>>,
    /// The pattern whose texts the page that is open wants, and whether it is more than the first page.
    wants: RwSignal<(Option<&'static str>, bool)>,
}

impl Settings {
    /// The settings as the page starts, kept in step with the document and the storage.
    #[must_use]
    pub fn start(address: &Address) -> Self {
        // Anything unreadable counts as nothing stored; it is replaced at the next change.
        let stored = |name: &str| browser::stored_field(KEY, name);
        let lang = address
            .lang
            .or_else(|| Lang::from_tag(&stored("lang")?))
            .or_else(|| Lang::from_tag(&browser::document_lang()))
            .unwrap_or_default();
        let wished = lang;
        let lang = Self::texts_at_start(lang);
        let theme = address.theme.or_else(|| Theme::from_id(&stored("theme")?));
        let settings = Self {
            lang: RwSignal::new(lang),
            theme: RwSignal::new(theme),
            system_dark: browser::media("(prefers-color-scheme: dark)"),
            lang_in_address: RwSignal::new(address.lang.is_some()),
            theme_in_address: RwSignal::new(address.theme.is_some()),
            texts_missing: RwSignal::new(false),
            titles: RwSignal::new(None),
            wants: RwSignal::new((None, false)),
        };
        settings.speak(wished, || {});
        Effect::new(move |_| browser::dress(settings.lang.get().tag(), settings.shown_theme().id()));
        settings
    }

    /// Takes in the texts that came with the page; the language to begin with.
    fn texts_at_start(wished: Lang) -> Lang {
        let Some((tag, files)) = browser::texts_at_start() else { return wished };
        let came = Lang::from_tag(&tag).unwrap_or_default();
        for (part, file) in files {
            texts::arrive(came, &part, file);
        }
        if texts::there(wished, COMMON_PART) { wished } else { came }
    }

    /// What of the texts of a language is wanted and not there yet.
    fn missing(self, lang: Lang) -> Option<&'static str> {
        let (pattern, more) = self.wants.get_untracked();
        let aside = pattern.filter(|_| more).and_then(texts::more_of);
        let wanted = [Some(COMMON_PART), pattern, more.then_some(MORE_PART), aside];
        wanted.into_iter().flatten().find(|part| !texts::there(lang, part))
    }

    /// Says which pattern the page that is open is about, and whether it is more than the first page;
    /// whether its texts are there already. Else they are fetched, and `then` is told whether they came.
    pub fn open(
        self,
        pattern: Option<&'static str>,
        more: bool,
        then: impl FnOnce(bool) + 'static,
    ) -> bool {
        self.wants.set((pattern, more));
        let lang = self.lang.get_untracked();
        let there = self.missing(lang).is_none();
        if !there {
            self.bring(lang, then);
        }
        there
    }

    /// Brings every scenario's title, for a page that can be shown without.
    pub fn bring_titles(self, lang: Lang) {
        if texts::there(lang, MORE_PART) {
            return self.titles.set(Some(lang));
        }
        browser::fetch_texts(lang.tag(), MORE_PART, move |file| {
            if file.is_some_and(|file| texts::arrive(lang, MORE_PART, file)) {
                self.titles.set(Some(lang));
            }
        });
    }

    /// Fetches what is missing, one part after the other.
    fn bring(self, lang: Lang, then: impl FnOnce(bool) + 'static) {
        let then: Box<dyn FnOnce(bool)> = Box::new(then);
        let Some(part) = self.missing(lang) else { return then(true) };
        browser::fetch_texts(lang.tag(), part, move |file| {
            if file.is_some_and(|file| texts::arrive(lang, part, file)) {
                self.bring(lang, then);
            } else {
                then(false);
            }
        });
    }

    /// Speaks a language as soon as its texts are there; until then, and where they do not come, the
    /// page goes on in the one before.
    fn speak(self, lang: Lang, then: impl FnOnce() + 'static) {
        if self.missing(lang).is_none() {
            self.texts_missing.set(false);
            if self.lang.get_untracked() != lang {
                self.lang.set(lang);
            }
            return then();
        }
        self.bring(lang, move |came| {
            self.texts_missing.set(!came);
            if came {
                self.lang.set(lang);
                then();
            }
        });
    }

    /// The theme that is shown.
    #[must_use]
    pub fn shown_theme(self) -> Theme {
        let system = if self.system_dark.get() { Theme::Dark } else { Theme::Light };
        self.theme.get().unwrap_or(system)
    }

    /// Chooses a language and keeps it.
    pub fn choose_lang(self, lang: Lang) {
        self.speak(lang, move || self.keep());
    }

    /// Chooses a theme and keeps it; `None` follows the system.
    pub fn choose_theme(self, theme: Option<Theme>) {
        self.theme.set(theme);
        self.theme_in_address.set(false);
        self.keep();
    }

    fn keep(self) {
        let lang = self.lang.get_untracked().tag();
        let theme = self.theme.get_untracked().map_or_else(|| "null".into(), |t| format!("\"{}\"", t.id()));
        browser::store(KEY, &format!("{{\"lang\":\"{lang}\",\"theme\":{theme}}}"));
    }

    /// Takes over what a link says.
    pub fn follow(self, address: &Address) {
        self.lang_in_address.set(address.lang.is_some());
        self.theme_in_address.set(address.theme.is_some());
        if let Some(lang) = address.lang {
            self.speak(lang, || {});
        }
        if let Some(theme) = address.theme {
            self.theme.set(Some(theme));
        }
    }
}

/// The settings of the page around the calling component.
///
/// # Panics
/// Outside the app: a mistake in the interface.
#[must_use]
pub fn use_settings() -> Settings {
    use_context::<Settings>().expect("the app provides its settings")
}
