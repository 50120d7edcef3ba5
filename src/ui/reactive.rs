//! Signals, memos and effects whose machinery is compiled once, whatever they hold.
//!
//! Named as in Leptos and used alike; an import by name goes before Leptos' own. Behind each stands a
//! signal of Leptos that holds a value of any type.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use leptos::prelude::{self as base, Get, GetUntracked, GetValue, Set, Track};

/// A value of any type, and how two of its kind are told apart.
#[derive(Clone)]
struct Erased {
    value: Arc<dyn Any + Send + Sync>,
    same: fn(&dyn Any, &dyn Any) -> bool,
}

impl Erased {
    /// A value that counts as new each time.
    fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self { value: Arc::new(value), same: |_, _| false }
    }

    /// A value that counts as new when it differs.
    fn compared<T: PartialEq + Send + Sync + 'static>(value: T) -> Self {
        Self { value: Arc::new(value), same: |a, b| a.downcast_ref::<T>() == b.downcast_ref::<T>() }
    }

    fn get<T: 'static>(&self) -> &T {
        self.value.downcast_ref().expect("a signal keeps the type of its value")
    }
}

impl PartialEq for Erased {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(&*self.value, &*other.value)
    }
}

/// Makes a value of the one before.
type Make = Box<dyn Fn(Option<&Erased>) -> Erased + Send + Sync>;

/// Where a value comes from.
#[derive(Clone, Copy)]
enum Source {
    Set(base::RwSignal<Erased>),
    Kept(base::Memo<Erased>),
    Derived(base::StoredValue<Arc<dyn Fn() -> Erased + Send + Sync>>),
}

impl Source {
    fn memo(make: Make) -> Self {
        Self::Kept(base::Memo::new(make))
    }

    fn derived(make: Arc<dyn Fn() -> Erased + Send + Sync>) -> Self {
        Self::Derived(base::StoredValue::new(make))
    }

    fn get(self) -> Erased {
        match self {
            Self::Set(signal) => signal.get(),
            Self::Kept(memo) => memo.get(),
            Self::Derived(make) => make.get_value()(),
        }
    }

    fn get_untracked(self) -> Erased {
        match self {
            Self::Set(signal) => signal.get_untracked(),
            Self::Kept(memo) => memo.get_untracked(),
            Self::Derived(make) => base::untrack(|| make.get_value()()),
        }
    }

    fn track(self) {
        match self {
            Self::Set(signal) => signal.track(),
            Self::Kept(memo) => memo.track(),
            Self::Derived(make) => drop(make.get_value()()),
        }
    }
}

macro_rules! readable {
    ($name:ident) => {
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T: Send + Sync + 'static> $name<T> {
            /// Reads the value where it is.
            pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
                read(self.0.get().get())
            }

            /// Reads the value where it is, without being told of changes.
            pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
                read(self.0.get_untracked().get())
            }

            /// The value.
            pub fn get(&self) -> T
            where
                T: Clone,
            {
                self.0.get().get::<T>().clone()
            }

            /// The value, without being told of changes.
            #[must_use]
            pub fn get_untracked(&self) -> T
            where
                T: Clone,
            {
                self.0.get_untracked().get::<T>().clone()
            }

            /// Asks to be told of changes.
            pub fn track(&self) {
                self.0.track();
            }
        }
    };
}

/// A value that can be read.
pub struct Signal<T>(Source, PhantomData<fn() -> T>);
/// A value that is made of others and remembered; it tells on only when it changed.
pub struct Memo<T>(Source, PhantomData<fn() -> T>);
/// A value that can be read and set.
pub struct RwSignal<T>(Source, PhantomData<fn() -> T>);

readable!(Signal);
readable!(Memo);
readable!(RwSignal);

impl<T: Send + Sync + 'static> Signal<T> {
    /// A value that is made of others at each reading.
    pub fn derive(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self(Source::derived(Arc::new(move || Erased::new(make()))), PhantomData)
    }
}

impl<T: PartialEq + Send + Sync + 'static> Memo<T> {
    /// Remembers what the closure makes of the value before, which there is none of at first.
    pub fn new(make: impl Fn(Option<&T>) -> T + Send + Sync + 'static) -> Self {
        let make = move |before: Option<&Erased>| Erased::compared(make(before.map(Erased::get)));
        Self(Source::memo(Box::new(make)), PhantomData)
    }
}

impl<T: Send + Sync + 'static> Memo<T> {
    /// Remembers what the closure gives, and tells on each time it was made anew.
    pub fn each_time(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self(Source::memo(Box::new(move |_| Erased::new(make()))), PhantomData)
    }
}

impl<T: Send + Sync + 'static> RwSignal<T> {
    /// A value to begin with.
    pub fn new(value: T) -> Self {
        Self(Source::Set(base::RwSignal::new(Erased::new(value))), PhantomData)
    }

    fn signal(&self) -> Option<base::RwSignal<Erased>> {
        if let Source::Set(signal) = self.0 { Some(signal) } else { None }
    }

    /// Sets another value.
    pub fn set(&self, value: T) {
        if let Some(signal) = self.signal() {
            set(signal, Erased::new(value));
        }
    }

    /// Sets another value, if the signal is still there.
    pub fn try_set(&self, value: T) {
        if let Some(signal) = self.signal() {
            try_set(signal, Erased::new(value));
        }
    }

    /// Changes a copy of the value and sets that.
    pub fn update(&self, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        let mut value = self.get_untracked();
        change(&mut value);
        self.set(value);
    }

    /// Reads the value where it is, if the signal is still there, without being told of changes.
    pub fn try_with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        try_get(self.signal()?).map(|value| read(value.get()))
    }

    /// The value, if the signal is still there, without being told of changes.
    #[must_use]
    pub fn try_get_untracked(&self) -> Option<T>
    where
        T: Clone,
    {
        try_get(self.signal()?).map(|value| value.get::<T>().clone())
    }
}

fn set(signal: base::RwSignal<Erased>, value: Erased) {
    signal.set(value);
}

fn try_set(signal: base::RwSignal<Erased>, value: Erased) {
    signal.try_set(value);
}

fn try_get(signal: base::RwSignal<Erased>) -> Option<Erased> {
    signal.try_get_untracked()
}

impl<T> From<RwSignal<T>> for Signal<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Self(signal.0, PhantomData)
    }
}

impl<T> From<Memo<T>> for Signal<T> {
    fn from(memo: Memo<T>) -> Self {
        Self(memo.0, PhantomData)
    }
}

/// What is done when what it reads changes.
pub struct Effect;

impl Effect {
    /// Runs the closure soon, and again after each change of what it reads.
    #[expect(clippy::new_ret_no_self, reason = "named as in Leptos; the owner keeps it")]
    pub fn new(run: impl FnMut(Option<()>) + 'static) {
        effect(Box::new(run));
    }
}

fn effect(run: Box<dyn FnMut(Option<()>)>) {
    base::Effect::new(run);
}
