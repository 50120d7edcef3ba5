//! Elements as data, for the page's own `view!`.
//!
//! A view of Leptos has a type of its own at every place, and all that is done with it is compiled
//! for that type. An [`El`] is a tag, its parts and its children: one type, compiled once. Closures
//! are boxed where they are written and have one type behind that.

use std::borrow::Cow;

use leptos::prelude::*;
use leptos::reactive::effect::RenderEffect;
use leptos::tachys::html::attribute::{Attribute, any_attribute::AnyAttribute};
use leptos::tachys::html::{element::ElementType, node_ref::NodeRefContainer};
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::{CastFrom, dom::Dom, types};
use leptos::tachys::view::any_view::AnyViewState;
use leptos::tachys::view::iterators::StaticVec;
use leptos::tachys::view::{Mountable, Position, PositionState, add_attr::AddAnyAttr};
use wasm_bindgen::{JsCast, JsValue};

use super::reactive::{Memo, RwSignal, Signal};
use super::value::{IntoMoving, Moving, Value};

const SVG: &str = "http://www.w3.org/2000/svg";

/// What a part of an element sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Attribute,
    Class,
    Style,
    Property,
}

type Listener = Box<dyn FnMut(types::Event) + Send>;

enum Part {
    Value(Kind, &'static str, Moving),
    Listener(&'static str, Listener),
    Reference(Box<dyn FnOnce(&types::Element) + Send>),
}

/// An element: its tag, its attributes that never change, its parts, its children.
pub struct El(Box<Inner>);

struct Inner {
    tag: &'static str,
    svg: bool,
    fixed: &'static [(&'static str, &'static str)],
    parts: Vec<Part>,
    children: Vec<AnyView>,
}

impl El {
    /// An element of HTML.
    #[must_use]
    pub fn new(tag: &'static str, fixed: &'static [(&'static str, &'static str)]) -> Self {
        Self(Box::new(Inner { tag, svg: false, fixed, parts: Vec::new(), children: Vec::new() }))
    }

    /// An element of SVG.
    #[must_use]
    pub fn new_svg(tag: &'static str, fixed: &'static [(&'static str, &'static str)]) -> Self {
        let mut new = Self::new(tag, fixed);
        new.0.svg = true;
        new
    }

    fn part(mut self, part: Part) -> Self {
        self.0.parts.push(part);
        self
    }

    /// An attribute.
    #[must_use]
    pub fn attr<M>(self, name: &'static str, value: impl IntoMoving<M>) -> Self {
        self.part(Part::Value(Kind::Attribute, name, value.into_moving()))
    }

    /// A class that is there or not.
    #[must_use]
    pub fn class<M>(self, name: &'static str, value: impl IntoMoving<M>) -> Self {
        self.part(Part::Value(Kind::Class, name, value.into_moving()))
    }

    /// A property of the style.
    #[must_use]
    pub fn style<M>(self, name: &'static str, value: impl IntoMoving<M>) -> Self {
        self.part(Part::Value(Kind::Style, name, value.into_moving()))
    }

    /// A property of the object.
    #[must_use]
    pub fn prop<M>(self, name: &'static str, value: impl IntoMoving<M>) -> Self {
        self.part(Part::Value(Kind::Property, name, value.into_moving()))
    }

    /// What is done at an event.
    #[must_use]
    pub fn on<E: JsCast + 'static, F: FnMut(E) + Send + 'static>(
        self,
        name: &'static str,
        mut call: F,
    ) -> Self {
        self.part(Part::Listener(name, Box::new(move |event| call(event.unchecked_into()))))
    }

    /// Where the element can be found by the code.
    #[must_use]
    pub fn node_ref<E: ElementType>(self, reference: NodeRef<E>) -> Self
    where
        E::Output: JsCast + 'static,
    {
        self.part(Part::Reference(Box::new(move |element| reference.load(element))))
    }

    /// One more child.
    #[must_use]
    pub fn child(mut self, child: AnyView) -> Self {
        self.0.children.push(child);
        self
    }

    /// One more child, an element.
    #[must_use]
    pub fn element(self, child: Self) -> Self {
        self.child(child.any())
    }

    /// One more child, a text.
    #[must_use]
    pub fn text(self, child: &'static str) -> Self {
        self.child(text(child))
    }

    /// Any view.
    #[must_use]
    pub fn any(self) -> AnyView {
        self.into_any()
    }
}

/// A text that never changes.
#[must_use]
pub fn text(text: &'static str) -> AnyView {
    Cow::Borrowed(text).into_any()
}

/// What a component gave.
pub fn any(view: impl IntoView + 'static) -> AnyView {
    view.into_any()
}

/// Several views side by side.
#[must_use]
pub fn side_by_side(views: Vec<AnyView>) -> StaticVec<AnyView> {
    views.into()
}

/// What stands in braces, on its way to a view: a closure that gives views, or a view.
pub struct Child<T>(Option<T>);

impl<T> Child<T> {
    /// What stands in braces.
    pub fn new(value: T) -> Self {
        Self(Some(value))
    }
}

/// The way of a closure: its box has one type, whatever it gives.
pub trait ByClosure {
    /// The view.
    fn child(self) -> AnyView;
}

impl<F: FnMut() -> V + Send + 'static, V: IntoView + 'static> ByClosure for Child<F> {
    fn child(self) -> AnyView {
        match self.0 {
            Some(mut closure) => moving(Box::new(move || closure().into_any())),
            None => ().into_any(),
        }
    }
}

macro_rules! signals {
    ($($t:ident)*) => { $(
        impl<V: IntoView + Clone + Send + Sync + 'static> ByClosure for Child<$t<V>> {
            fn child(self) -> AnyView {
                match self.0 {
                    Some(signal) => moving(Box::new(move || signal.get().into_any())),
                    None => ().into_any(),
                }
            }
        }
    )* };
}

signals!(Memo Signal RwSignal);

fn moving(closure: Box<dyn FnMut() -> AnyView + Send>) -> AnyView {
    closure.into_any()
}

/// The way of all else. It is tried after the other, since it takes a reference.
pub trait ByView {
    /// The view.
    fn child(&mut self) -> AnyView;
}

impl<V: IntoView> ByView for Child<V> {
    fn child(&mut self) -> AnyView {
        match self.0.take() {
            Some(view) => view.into_any(),
            None => ().into_any(),
        }
    }
}

/// An element on the page.
pub struct ElState {
    tag: &'static str,
    fixed: &'static [(&'static str, &'static str)],
    element: types::Element,
    parts: Vec<PartState>,
    children: Vec<AnyViewState>,
}

enum PartState {
    Fixed(Kind, &'static str, Value),
    Moving(Kind, &'static str, RenderEffect<Value>),
    Listener(&'static str, JsValue),
    Reference,
}

/// Sets what is new, where it differs from the old.
fn set(element: &types::Element, kind: Kind, name: &'static str, old: Option<&Value>, new: &Value) {
    if old == Some(new) {
        return;
    }
    match (kind, new.text()) {
        (Kind::Attribute, Some(text)) => Dom::set_attribute(element, name, text),
        (Kind::Class, Some(_)) => Dom::add_class(&Dom::class_list(element), name),
        (Kind::Style, Some(text)) => Dom::set_css_property(&Dom::style(element), name, text),
        (Kind::Property, _) => Dom::set_property_or_value(element, name, &JsValue::from(new)),
        (_, None) if old.is_none_or(|old| old.text().is_none()) => {}
        (Kind::Attribute, None) => Dom::remove_attribute(element, name),
        (Kind::Class, None) => Dom::remove_class(&Dom::class_list(element), name),
        (Kind::Style, None) => Dom::remove_css_property(&Dom::style(element), name),
    }
}

/// Keeps a part up to date with its closure.
fn follow(
    element: &types::Element,
    kind: Kind,
    name: &'static str,
    mut closure: Box<dyn FnMut() -> Value + Send>,
    old: Option<Value>,
) -> PartState {
    let element = element.clone();
    let run = move |old: Option<Value>| {
        let new = closure();
        set(&element, kind, name, old.as_ref(), &new);
        new
    };
    PartState::Moving(kind, name, RenderEffect::new_with_value(run, old))
}

impl Part {
    fn build(self, element: &types::Element) -> PartState {
        match self {
            Self::Value(kind, name, Moving::Fixed(value)) => {
                set(element, kind, name, None, &value);
                PartState::Fixed(kind, name, value)
            }
            Self::Value(kind, name, Moving::Closure(closure)) => follow(element, kind, name, closure, None),
            Self::Listener(name, listener) => PartState::Listener(name, listen(element, name, listener)),
            Self::Reference(load) => {
                load(element);
                PartState::Reference
            }
        }
    }

    /// Whether this part can take the place of that one.
    fn fits(&self, state: &PartState) -> bool {
        match (self, state) {
            (Self::Value(kind, name, Moving::Fixed(_)), PartState::Fixed(k, n, _))
            | (Self::Value(kind, name, Moving::Closure(_)), PartState::Moving(k, n, _)) => {
                kind == k && name == n
            }
            (Self::Listener(name, _), PartState::Listener(n, _)) => name == n,
            (Self::Reference(_), PartState::Reference) => true,
            _ => false,
        }
    }

    fn rebuild(self, element: &types::Element, state: &mut PartState) {
        match (self, &mut *state) {
            (Self::Value(kind, name, Moving::Fixed(new)), PartState::Fixed(_, _, old)) => {
                set(element, kind, name, Some(old), &new);
                *old = new;
            }
            (Self::Value(kind, name, Moving::Closure(closure)), PartState::Moving(_, _, effect)) => {
                let old = effect.take_value();
                *state = follow(element, kind, name, closure, old);
            }
            (Self::Listener(name, listener), PartState::Listener(_, old)) => {
                let _ = element.remove_event_listener_with_callback(name, old.unchecked_ref());
                *old = listen(element, name, listener);
            }
            (part, state) => *state = part.build(element),
        }
    }
}

/// The listener belongs to the element: the browser drops both together.
fn listen(element: &types::Element, name: &str, listener: Listener) -> JsValue {
    let listener: Box<dyn FnMut(types::Event)> = listener;
    let call = wasm_bindgen::closure::Closure::wrap(listener).into_js_value();
    let _ = element.add_event_listener_with_callback(name, call.unchecked_ref());
    call
}

impl Render for El {
    type State = ElState;

    fn build(self) -> ElState {
        let Inner { tag, svg, fixed, parts, children } = *self.0;
        let element = Dom::create_element(tag, svg.then_some(SVG));
        for (name, value) in fixed {
            Dom::set_attribute(&element, name, value);
        }
        let parts = parts.into_iter().map(|part| part.build(&element)).collect();
        let children = children
            .into_iter()
            .map(|child| {
                let mut child = child.build();
                child.mount(&element, None);
                child
            })
            .collect();
        ElState { tag, fixed, element, parts, children }
    }

    fn rebuild(self, state: &mut ElState) {
        let same = self.0.tag == state.tag
            && self.0.fixed == state.fixed
            && self.0.children.len() == state.children.len()
            && self.0.parts.len() == state.parts.len()
            && self.0.parts.iter().zip(&state.parts).all(|(part, state)| part.fits(state));
        if !same {
            let mut new = self.build();
            state.insert_before_this(&mut new);
            state.unmount();
            *state = new;
            return;
        }
        for (part, state_) in self.0.parts.into_iter().zip(&mut state.parts) {
            part.rebuild(&state.element, state_);
        }
        for (child, state) in self.0.children.into_iter().zip(&mut state.children) {
            child.rebuild(state);
        }
    }
}

impl Mountable for ElState {
    fn unmount(&mut self) {
        self.element.remove();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        Dom::insert_node(parent, &self.element, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let Some(parent) = Dom::get_parent(&self.element).and_then(types::Element::cast_from) else {
            return false;
        };
        child.mount(&parent, Some(&self.element));
        true
    }

    fn elements(&self) -> Vec<types::Element> {
        vec![self.element.clone()]
    }
}

impl AddAnyAttr for El {
    type Output<A: Attribute> = Self;

    // Attributes on a component's node are not used on this page.
    fn add_any_attr<A: Attribute>(self, _: A) -> Self {
        self
    }
}

/// The page is made in the browser only: of all this nothing but `into_owned` is called.
impl RenderHtml for El {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> ElState {
        self.build()
    }

    fn into_owned(self) -> Self {
        self
    }
}
