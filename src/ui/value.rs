//! What an element's parts are set to: one type, whatever is written in a view.

use std::borrow::Cow;

use wasm_bindgen::JsValue;

use super::decimal::fixed;
use super::reactive::{Memo, RwSignal, Signal};

/// The value of an attribute, a class, a style or a property.
#[derive(PartialEq, Eq)]
pub enum Value {
    /// No such attribute; `false`.
    None,
    /// An attribute without a value; `true`.
    Yes,
    /// A text.
    Text(Cow<'static, str>),
}

impl Value {
    /// As the text of an attribute, if it is there.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Yes => Some(""),
            Self::Text(text) => Some(text),
        }
    }
}

impl From<&Value> for JsValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::None => Self::FALSE,
            Value::Yes => Self::TRUE,
            Value::Text(text) => Self::from_str(text),
        }
    }
}

/// A value that stays, or a closure that gives it and is run again at every change.
pub enum Moving {
    /// It stays.
    Fixed(Value),
    /// It changes.
    Closure(Box<dyn FnMut() -> Value + Send>),
}

/// What can be a [`Value`].
pub trait IntoValue {
    /// The value.
    fn into_value(self) -> Value;
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        if self { Value::Yes } else { Value::None }
    }
}

impl IntoValue for &'static str {
    fn into_value(self) -> Value {
        Value::Text(Cow::Borrowed(self))
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(Cow::Owned(self))
    }
}

impl IntoValue for Cow<'static, str> {
    fn into_value(self) -> Value {
        Value::Text(self)
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::None, T::into_value)
    }
}

macro_rules! numbers {
    ($($t:ty)*) => { $(
        impl IntoValue for $t {
            fn into_value(self) -> Value {
                self.to_string().into_value()
            }
        }
    )* };
}

numbers!(i32 u8 u16 u32 u64 i64 usize);

impl IntoValue for f64 {
    fn into_value(self) -> Value {
        fixed(self, 3).to_string().into_value()
    }
}

/// What can stand after the `=` of a part: a value, a closure that gives one, a signal of one.
pub trait IntoMoving<M> {
    /// The value or the closure.
    fn into_moving(self) -> Moving;
}

/// Told apart from the others: a value.
pub struct OfValue;
/// Told apart from the others: a closure.
pub struct OfClosure;

impl<T: IntoValue> IntoMoving<OfValue> for T {
    fn into_moving(self) -> Moving {
        Moving::Fixed(self.into_value())
    }
}

impl<T: IntoValue, F: FnMut() -> T + Send + 'static> IntoMoving<OfClosure> for F {
    fn into_moving(mut self) -> Moving {
        Moving::Closure(Box::new(move || self().into_value()))
    }
}

/// Told apart from the others: a signal.
pub struct OfSignal;

macro_rules! signals {
    ($($t:ident)*) => { $(
        impl<T: IntoValue + Clone + Send + Sync + 'static> IntoMoving<OfSignal> for $t<T> {
            fn into_moving(self) -> Moving {
                Moving::Closure(Box::new(move || self.get().into_value()))
            }
        }
    )* };
}

signals!(Signal Memo RwSignal);
