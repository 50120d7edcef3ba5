//! The browser: the only place that names `web_sys`. Small functions that say what the page wants.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Document, Element, HtmlElement, KeyboardEvent, Storage, Window};

use crate::ui::reactive::{RwSignal, Signal};

fn window() -> Window {
    web_sys::window().expect("the page has a window")
}

fn document() -> Document {
    window().document().expect("the window has a document")
}

/// The fragment of the address, without its `#`.
#[must_use]
pub fn fragment() -> String {
    let hash = window().location().hash().unwrap_or_default();
    hash.strip_prefix('#').unwrap_or(&hash).to_owned()
}

/// The whole address of the page with another fragment.
#[must_use]
pub fn address_with(fragment: &str) -> String {
    let href = window().location().href().unwrap_or_default();
    let base = href.split('#').next().unwrap_or_default();
    format!("{base}#{fragment}")
}

/// Puts a fragment into the address without a new entry in the history.
pub fn replace_fragment(fragment: &str) {
    if let Ok(history) = window().history() {
        // Refused in some frames: the address is then simply not kept up to date.
        let _ =
            history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&format!("#{fragment}")));
    }
}

/// Goes to another fragment, with a new entry in the history.
pub fn go_to(fragment: &str) {
    let _ = window().location().set_hash(fragment);
}

/// Calls back whenever the fragment changes by a link, by hand, or by going back.
pub fn on_fragment_change(mut changed: impl FnMut(String) + 'static) {
    let call = Closure::<dyn FnMut()>::new(move || changed(fragment()));
    let _ = window().add_event_listener_with_callback("hashchange", call.as_ref().unchecked_ref());
    call.forget(); // Lives as long as the page.
}

/// Milliseconds since the page started; for animation and budgets, never for an engine.
#[must_use]
pub fn milliseconds() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}

/// Calls back before each frame with the milliseconds since the last one, while it returns `true`.
pub fn every_frame(frame: impl FnMut(f64) -> bool + 'static) {
    fn ask(mut frame: impl FnMut(f64) -> bool + 'static, last: f64) {
        let call = Closure::once_into_js(move |now: f64| {
            if frame((now - last).clamp(0.0, 100.0)) {
                ask(frame, now);
            }
        });
        let _ = window().request_animation_frame(call.unchecked_ref());
    }
    ask(frame, milliseconds());
}

/// Whether a media query matches, kept up to date.
#[must_use]
pub fn media(query: &str) -> Signal<bool> {
    let Ok(Some(list)) = window().match_media(query) else { return Signal::derive(|| false) };
    let matches = RwSignal::new(list.matches());
    let watched = list.clone();
    let call = Closure::<dyn FnMut()>::new(move || {
        matches.try_set(watched.matches());
    });
    let _ = list.add_event_listener_with_callback("change", call.as_ref().unchecked_ref());
    call.forget(); // A handful of queries, for the life of the page.
    matches.into()
}

/// Calls back on keys that nobody has dealt with, as long as the calling component lives.
pub fn on_key(mut pressed: impl FnMut(&KeyboardEvent) + 'static) {
    let call = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        if !event.default_prevented() {
            pressed(&event);
        }
    });
    let _ = window().add_event_listener_with_callback("keydown", call.as_ref().unchecked_ref());
    let held = StoredValue::new_local(call);
    on_cleanup(move || {
        held.try_with_value(|call| {
            window().remove_event_listener_with_callback("keydown", call.as_ref().unchecked_ref())
        });
    });
}

/// Whether an event comes from something a person types into.
#[must_use]
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok()) else { return false };
    let tag = target.tag_name();
    let kind = target.get_attribute("type").unwrap_or_default();
    target.is_content_editable()
        || tag == "TEXTAREA"
        || tag == "SELECT"
        || (tag == "INPUT" && !matches!(kind.as_str(), "checkbox" | "radio" | "button" | "range"))
}

/// Whether an event comes from a button, a link or a menu: `Space` and `Enter` are theirs.
#[must_use]
pub fn is_on_control(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return false };
    target
        .closest("button, a, summary, [role=button], [role=menuitem], [role=switch], input, select")
        .is_ok_and(|e| e.is_some())
}

/// Whether an event comes from inside something that keeps `Home` and `End`: a menu, a field, a list.
#[must_use]
pub fn keeps_ends(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return false };
    target
        .closest("[role=menu], [role=listbox], [role=slider], dialog, input, select, [data-keeps-arrows]")
        .is_ok_and(|e| e.is_some())
}

/// Whether an event comes from inside something that keeps its arrows: a menu, tabs, a dialog, a list.
#[must_use]
pub fn keeps_arrows(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return false };
    target
        .closest("[role=menu], [role=tablist], [role=dialog], [role=listbox], dialog, input, select, [data-keeps-arrows]")
        .is_ok_and(|e| e.is_some())
}

/// A stored text; `None` when there is none or storage is refused.
#[must_use]
pub fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// A text in a stored JSON object.
#[must_use]
pub fn stored_field(key: &str, name: &str) -> Option<String> {
    let value = js_sys::JSON::parse(&stored(key)?).ok()?;
    js_sys::Reflect::get(&value, &wasm_bindgen::JsValue::from_str(name)).ok()?.as_string()
}

/// Stores a text; silently does nothing when storage is full or refused.
pub fn store(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// Sets the language and theme of the document: `boot.js` did so before the first paint.
pub fn dress(lang: &str, theme: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", lang);
        let _ = root.set_attribute("data-theme", theme);
    }
}

/// The language tag of the document, as `boot.js` chose it.
#[must_use]
pub fn document_lang() -> String {
    document().document_element().and_then(|root| root.get_attribute("lang")).unwrap_or_default()
}

/// The title of the page.
pub fn set_title(title: &str) {
    document().set_title(title);
}

/// Removes what was shown while loading.
pub fn remove_boot() {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
}

/// A seed that nobody chose.
#[must_use]
pub fn fresh_seed() -> u64 {
    // Chosen once by the page and then part of the recipe: the engine has no dice of its own.
    (js_sys::Math::random() * 99_999.0) as u64 + 1
}

/// What `boot.js` fetched before the start, and how it fetches more.
fn boot_texts(name: &str) -> Option<wasm_bindgen::JsValue> {
    let texts = js_sys::Reflect::get(&window(), &"convergeTexts".into()).ok()?;
    js_sys::Reflect::get(&texts, &name.into()).ok()
}

/// The texts that were fetched before the start: the tag of their language, and files with their part.
#[must_use]
pub fn texts_at_start() -> Option<(String, Vec<(String, String)>)> {
    let files: js_sys::Object = boot_texts("files")?.dyn_into().ok()?;
    let file = |entry: wasm_bindgen::JsValue| {
        let entry: js_sys::Array = entry.dyn_into().ok()?;
        Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
    };
    let files = js_sys::Object::entries(&files).iter().filter_map(file).collect();
    Some((boot_texts("lang")?.as_string()?, files))
}

/// Fetches a part of the texts of a language; nothing where that fails.
pub fn fetch_texts(tag: &'static str, part: &'static str, done: impl FnOnce(Option<String>) + 'static) {
    leptos::task::spawn_local(async move {
        let answer: Option<js_sys::Promise> = boot_texts("fetch")
            .and_then(|fetch| fetch.dyn_into::<js_sys::Function>().ok())
            .and_then(|fetch| fetch.call2(&wasm_bindgen::JsValue::NULL, &tag.into(), &part.into()).ok())
            .and_then(|promise| promise.dyn_into().ok());
        done(match answer {
            Some(promise) => {
                wasm_bindgen_futures::JsFuture::from(promise).await.ok().and_then(|t| t.as_string())
            }
            None => None,
        });
    });
}

/// Copies a text. Tells whether the browser allowed it.
pub fn copy(text: String, done: impl FnOnce(bool) + 'static) {
    leptos::task::spawn_local(async move {
        let clipboard = window().navigator().clipboard();
        // Without a secure origin there is no clipboard at all.
        let allowed = if clipboard.is_undefined() {
            false
        } else {
            wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&text)).await.is_ok()
        };
        done(allowed);
    });
}

/// Shows a `<dialog>` above everything; `Esc` closes it.
pub fn show_dialog(dialog: &web_sys::HtmlDialogElement) {
    if !dialog.open() {
        let _ = dialog.show_modal();
    }
}

/// Closes a `<dialog>`.
pub fn close_dialog(dialog: &web_sys::HtmlDialogElement) {
    if dialog.open() {
        dialog.close();
    }
}

/// Moves the focus to the first element of this selector.
pub fn focus(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Where the first element of this selector is on the screen: left, top, width, height.
#[must_use]
pub fn place_of(selector: &str) -> Option<(f64, f64, f64, f64)> {
    let place = document().query_selector(selector).ok().flatten()?.get_bounding_client_rect();
    Some((place.x(), place.y(), place.width(), place.height()))
}

/// Width and height of the window in CSS pixels.
#[must_use]
pub fn screen() -> (f64, f64) {
    let side = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|v| v.as_f64()).unwrap_or(0.0);
    (side(window().inner_width()), side(window().inner_height()))
}

/// Moves the focus on among the elements of this selector, round at the ends; to the first or last
/// with the least or greatest number.
pub fn focus_next(selector: &str, by: isize) {
    let Ok(all) = document().query_selector_all(selector) else { return };
    let n = all.length() as isize;
    if n == 0 {
        return;
    }
    let now = document().active_element();
    let found = |i: &u32| all.item(*i).as_ref() == now.as_ref().map(|e| e.as_ref());
    let at = (0..all.length()).find(found).map_or(-1, |i| i as isize);
    let next = match by {
        isize::MIN => 0,
        isize::MAX => n - 1,
        _ if at < 0 => 0,
        by => (at + by).rem_euclid(n),
    };
    if let Some(element) = all.item(next as u32).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Scrolls the first element of this selector into view, as little as needed.
pub fn into_view(selector: &str) {
    if let Some(element) = document().query_selector(selector).ok().flatten() {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Selects the text of a field.
pub fn select_all(selector: &str) {
    let found = document().query_selector(selector).ok().flatten();
    if let Some(field) = found.and_then(|e| e.dyn_into::<web_sys::HtmlInputElement>().ok()) {
        field.select();
    }
}

/// Width and height of an element in CSS pixels, kept up to date.
pub fn observe_size(element: &Element, size: RwSignal<(f64, f64)>) {
    let watched = element.clone();
    let measure = move || {
        let box_ = watched.get_bounding_client_rect();
        let now = (watched.client_width() as f64, box_.height());
        if size.try_get_untracked().is_some_and(|old| old != now) {
            size.try_set(now);
        }
    };
    measure();
    let call = Closure::<dyn FnMut()>::new(measure);
    if let Ok(observer) = web_sys::ResizeObserver::new(call.as_ref().unchecked_ref()) {
        observer.observe(element);
        // The observer and its callback live as long as the element: the browser drops both with it.
        call.forget();
    }
}

/// Hands a panic to `boot.js`, which shows a page that keeps the recipe.
pub fn install_panic_page() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let init = web_sys::CustomEventInit::new();
        init.set_detail(&wasm_bindgen::JsValue::from_str(&info.to_string()));
        if let Ok(event) = web_sys::CustomEvent::new_with_event_init_dict("converge-panic", &init) {
            let _ = window().dispatch_event(&event);
        }
    }));
}
